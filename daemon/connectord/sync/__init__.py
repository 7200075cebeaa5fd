"""Deciding what to push and pushing it: plan (pure), push jobs and their queue, carrying a plan out."""

from connectord.sync.carry import carry_out
from connectord.sync.outcome import Outcome, Result, is_web_link, read_set_reply
from connectord.sync.plan import Drift, DriftKind, Held, HoldReason, Plan, Remote, mirror_plan, plan

__all__ = [
    "Drift",
    "DriftKind",
    "Held",
    "HoldReason",
    "Outcome",
    "Plan",
    "Remote",
    "Result",
    "carry_out",
    "is_web_link",
    "mirror_plan",
    "plan",
    "read_set_reply",
]
