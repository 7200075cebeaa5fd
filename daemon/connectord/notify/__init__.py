"""Notices: what a person is told, and the ways to reach the person.

`notice` is the value and `notices` its words; `notifier` what a way to the person is; `desktop` (with
`session_bus`) and `programs` are the ways; `policy` and `desk` decide when; `combined` and `ways` put them together.
"""

from connectord.notify.combined import CombinedNotifier
from connectord.notify.notice import Action, Link, Notice, NoticeKind, Urgency, subject_of
from connectord.notify.notices import (
    authorization_failed_notice,
    authorization_notice,
    authorized_notice,
    connection_expired_notice,
    failed_notice,
    granted_less_notice,
    invalid_file_notice,
    removal_coming_notice,
    removals_held_notice,
    signed_out_notice,
    stripe_notice,
    timed_out_notice,
    unreachable_notice,
)
from connectord.notify.notifier import Channel, ChannelState, Notifier, OnAction, OnShown, Telling
from connectord.notify.policy import NoticeLevel, Rules
from connectord.notify.ways import NO_BUS, NotifyThrough, build_notifier

__all__ = [
    "NO_BUS",
    "Action",
    "Channel",
    "ChannelState",
    "CombinedNotifier",
    "Link",
    "Notice",
    "NoticeKind",
    "NoticeLevel",
    "Notifier",
    "NotifyThrough",
    "OnAction",
    "OnShown",
    "Rules",
    "Telling",
    "Urgency",
    "authorization_failed_notice",
    "authorization_notice",
    "authorized_notice",
    "build_notifier",
    "connection_expired_notice",
    "failed_notice",
    "granted_less_notice",
    "invalid_file_notice",
    "removal_coming_notice",
    "removals_held_notice",
    "signed_out_notice",
    "stripe_notice",
    "subject_of",
    "timed_out_notice",
    "unreachable_notice",
]
