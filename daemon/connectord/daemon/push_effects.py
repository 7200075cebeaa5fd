"""What one project's pushes are given to work with: the parts that all share, and the settings of this project."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from connectord.base44 import App
from connectord.daemon.surroundings import Surroundings
from connectord.project import Project
from connectord.store import Store
from connectord.sync import Backoff, PushEffects, RemovalMode, RemovalPolicy
from connectord.sync.events import SyncEvent
from connectord.sync.turnstile import Turnstile


def push_effects(
    root: Path,
    surroundings: Surroundings,
    store: Store,
    *,
    connect: Callable[[Project], App],
    emit: Callable[[SyncEvent], None],
    watched: Callable[[Project], Collection[str]],
    turnstile: Callable[[Project], Turnstile],
) -> PushEffects:
    """The effects of the project at `root`, by its own settings where it has some."""
    settings = surroundings.settings.of(root)
    return PushEffects(
        store=store,
        connect=connect,
        emit=emit,
        clock=surroundings.clock,
        now=surroundings.now,
        rng=surroundings.rng,
        backoff=Backoff(settings.backoff_first, settings.backoff_cap),
        sets_at_once=settings.sets_at_once,
        authorization_limit=surroundings.settings.authorization_limit,
        removals=RemovalPolicy(
            RemovalMode(settings.removals),
            grace=settings.removal_grace,
            at_once=settings.removals_at_once,
            share=settings.removals_share,
            git_limit=settings.git_limit,
        ),
        watched=watched,
        turnstile=turnstile,
    )
