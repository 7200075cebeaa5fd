"""The exit codes that scripts may rely on (design.md, "Commands")."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's end means. A connector that failed is never a success (P12)."""

    OK = 0
    FAILED = 1
    USAGE = 2  # bad usage or configuration: nothing was sent
    NEEDS_AUTHORIZATION = 3
    HELD = 4  # removals wait for a person's word
    SIGNED_OUT = 5
    NO_DAEMON = 6
    INTERRUPTED = 130  # 128 + SIGINT, as shells count
    TERMINATED = 143  # 128 + SIGTERM
