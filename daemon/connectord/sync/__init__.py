"""Deciding what to push and pushing it: plan (pure), push jobs and their queue, carrying a plan out."""

from connectord.sync.carry import carry_out
from connectord.sync.effects import PushEffects
from connectord.sync.guard import HoldReason, RemovalMode, RemovalPolicy, WaitReason
from connectord.sync.loop import ProjectLoop, Reading
from connectord.sync.outcome import Outcome, Result, read_set_reply
from connectord.sync.plan import Drift, DriftKind, Held, Plan, Remote, mirror_plan, plan
from connectord.sync.queue import PushJob, PushQueue, Trigger
from connectord.sync.timing import Backoff, Settle

__all__ = [
    "Backoff",
    "Drift",
    "DriftKind",
    "Held",
    "HoldReason",
    "Outcome",
    "Plan",
    "ProjectLoop",
    "PushEffects",
    "PushJob",
    "PushQueue",
    "Reading",
    "Remote",
    "RemovalMode",
    "RemovalPolicy",
    "Result",
    "Settle",
    "Trigger",
    "WaitReason",
    "carry_out",
    "mirror_plan",
    "plan",
    "read_set_reply",
]
