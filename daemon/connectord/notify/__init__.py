"""Notices: what a person is told, and the ways to reach the person.

`notice` is the value and `notices` its words; `notifier` what a way to the person is; `line`, `desktop` (with
`session_bus`) and `programs` are the ways; `policy` and `desk` decide when; `combined` and `ways` put them together.
"""

from connectord.notify.combined import CombinedNotifier
from connectord.notify.line import LineNotifier
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
    subjects_of_connector,
    timed_out_notice,
    unreachable_notice,
)
from connectord.notify.notifier import Channel, ChannelState, Notifier, OnAction
from connectord.notify.policy import NoticeLevel, QuietHours, Rules, quiet_hours
from connectord.notify.programs import command_words
from connectord.notify.ways import NotifyThrough, build_notifier

__all__ = [
    "Action",
    "Channel",
    "ChannelState",
    "CombinedNotifier",
    "LineNotifier",
    "Link",
    "Notice",
    "NoticeKind",
    "NoticeLevel",
    "Notifier",
    "NotifyThrough",
    "OnAction",
    "QuietHours",
    "Rules",
    "Urgency",
    "authorization_failed_notice",
    "authorization_notice",
    "authorized_notice",
    "build_notifier",
    "command_words",
    "connection_expired_notice",
    "failed_notice",
    "granted_less_notice",
    "invalid_file_notice",
    "quiet_hours",
    "removal_coming_notice",
    "removals_held_notice",
    "signed_out_notice",
    "stripe_notice",
    "subject_of",
    "subjects_of_connector",
    "timed_out_notice",
    "unreachable_notice",
]
