"""What a project's pushes act on and through."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from connectord.base44 import App
from connectord.project.model import Project
from connectord.store import Store
from connectord.sync.carry import SETS_AT_ONCE
from connectord.sync.events import SyncEvent
from connectord.sync.guard import RemovalPolicy
from connectord.sync.timing import Backoff
from connectord.sync.turnstile import Turnstile


@dataclass(frozen=True, slots=True)
class PushEffects:
    """What a project's pushes act on and through. `clock` must not jump; `now` is the time of day, for the store.

    `watched` names the connectors whose consent link is being polled. `turnstile` is shared by the projects of a host.
    """

    store: Store
    connect: Callable[[Project], App]
    emit: Callable[[SyncEvent], None]
    clock: Callable[[], float]
    now: Callable[[], float]
    rng: random.Random
    backoff: Backoff = field(default_factory=Backoff)
    sets_at_once: int = SETS_AT_ONCE
    authorization_limit: float = 120.0
    removals: RemovalPolicy = field(default_factory=RemovalPolicy)
    watched: Callable[[Project], Collection[str]] = lambda _: ()
    turnstile: Callable[[Project], Turnstile] = lambda _: Turnstile(1)
