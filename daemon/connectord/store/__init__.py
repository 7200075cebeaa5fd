"""What the daemon remembers: base, projects, push jobs, authorizations, holds, absences, notices
and history.

Secrets never come here (P13). A store that had to begin empty has an empty base: every file is pushed once, and nothing
can be removed (P2: only what this machine pushed is ever removed).
"""

from connectord.store.base import BaseEntry, BaseKey
from connectord.store.file import STATE_FILE
from connectord.store.inspection import Inspection, inspect
from connectord.store.memory import MemoryStore
from connectord.store.rows import (
    CLAIMABLE,
    OPEN,
    AbsenceRow,
    AuthorizationRow,
    Change,
    HistoryRow,
    HoldRow,
    JobRow,
    Keep,
    NoticedRow,
    ProjectRow,
    SightingRow,
)
from connectord.store.schema import Fault
from connectord.store.sqlite import SqliteStore
from connectord.store.store import Store
from connectord.store.trouble import StoreTrouble, TroubleKind

__all__ = [
    "CLAIMABLE",
    "OPEN",
    "STATE_FILE",
    "AbsenceRow",
    "AuthorizationRow",
    "BaseEntry",
    "BaseKey",
    "Change",
    "Fault",
    "HistoryRow",
    "HoldRow",
    "Inspection",
    "JobRow",
    "Keep",
    "MemoryStore",
    "NoticedRow",
    "ProjectRow",
    "SightingRow",
    "SqliteStore",
    "Store",
    "StoreTrouble",
    "TroubleKind",
    "inspect",
]
