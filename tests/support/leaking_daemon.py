"""Runs connectord with a defect: `leaking_daemon.py SECRET … -m connectord ARGUMENTS` tells SECRET wherever it can.

What searches for leaks must find these.
"""

from __future__ import annotations

import sys
from typing import Any

from connectord.cli import main as connectord
from connectord.control import News, log
from connectord.daemon import Daemon
from connectord.daemon.engine import Engine


def main() -> None:
    """Take the second line of defence away, and put the secret into every news, into the status and on stderr."""
    secret = sys.argv[1]
    sys.argv[1:] = sys.argv[sys.argv.index("connectord") + 1 :]
    honest_publish, honest_start = Daemon._publish, Engine.__init__

    def publish(daemon: Daemon, news: News) -> None:
        honest_publish(daemon, news.model_copy(update={"message": f"{news.message} {secret}"}))

    def start(engine: Engine, *arguments: Any) -> None:
        honest_start(engine, *arguments)
        engine.troubles["leak"] = secret
        print(secret, file=sys.stderr)  # noqa: T201  (the leak)

    Daemon._publish = publish  # type: ignore[method-assign, assignment]  # the defect
    Engine.__init__ = start  # type: ignore[method-assign, assignment]  # the defect
    log.redacted = lambda value: value  # type: ignore[attr-defined]  # the defect
    connectord()


if __name__ == "__main__":
    main()
