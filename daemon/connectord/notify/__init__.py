"""Notices: what a person is told, and the ways to reach the person."""

from connectord.notify.notice import (
    LineNotifier,
    Link,
    Notice,
    NoticeKind,
    Notifier,
    authorization_notice,
    stripe_notice,
)

__all__ = ["LineNotifier", "Link", "Notice", "NoticeKind", "Notifier", "authorization_notice", "stripe_notice"]
