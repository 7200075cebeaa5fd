"""The command line: parse, call, print. `main` is the entry point."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import Final

_INTERRUPTED: Final = 128 + signal.SIGINT

_SELDOM: Final = (200_000, 20, 100)
"""When to look for garbage: all that a command loads stays, and looking through it is a tenth of a short one's time."""


def main() -> None:
    """Run the command that the arguments name. Ctrl-C is exit code 130 at every moment, while it loads, too."""
    _open_what_is_closed()
    gc.set_threshold(*_SELDOM)
    try:
        from connectord.cli.app import run_group  # noqa: PLC0415  (imports only what the command needs)

        run_group()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)  # noqa: T201  (what prints otherwise may be half loaded)
        sys.exit(_INTERRUPTED)
    finally:
        gc.freeze()  # Python would look through all of it at the end


def _open_what_is_closed() -> None:
    """Give a process that was started with `>&-` somewhere to say things to; a socket would get that number else."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, "w" if number else "r"))
