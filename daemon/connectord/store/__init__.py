"""What the daemon remembers: base, what Base44 last accepted from this machine.

In this version memory is all there is, so each start of the daemon begins with an empty base: every file is pushed
once, and nothing can be removed (P2: only what this machine pushed is ever removed).
"""

from connectord.store.base import BaseEntry, BaseKey, MemoryStore, Store

__all__ = ["BaseEntry", "BaseKey", "MemoryStore", "Store"]
