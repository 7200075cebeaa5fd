"""The commands, run as a person or a script would: a real process, at a pipe or at a pseudo-terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
from tests.support.forks import Nursery
from tests.support.running import nurseries

SECONDS = 30

_IMPATIENT = """
from functools import partial
from connectord.cli import main, push
push.Authorizations = partial(push.Authorizations, limit={limit})
main()
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What `--json` printed: stdout holds one document and nothing else."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Machine:
    """A HOME, an environment and a folder to run commands in; nothing of the machine below shines through."""

    home: Path
    folder: Path
    environ: Mapping[str, str]

    def connectord(self, *args: str) -> Ended:
        """Run a command at pipes and wait for its end."""
        return self._forked(nurseries[-1], args) if nurseries else self.from_nothing(*args)

    def from_nothing(self, *args: str) -> Ended:
        """The same by a Python that has imported nothing yet."""
        ended = subprocess.run(
            [sys.executable, "-m", "connectord", *args],
            cwd=self.folder,
            env=self._environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def _forked(self, nursery: Nursery, args: Sequence[str]) -> Ended:
        with (
            tempfile.TemporaryFile() as errors,
            nursery.fork(list(args), self._environ(), errors, self.folder) as process,
        ):
            try:
                out = process.stdout.read()
                code = process.wait(SECONDS)
            finally:
                process.kill()
            errors.seek(0)
            return Ended(code, out, errors.read().decode())

    def at_a_terminal(self, *args: str, authorization_limit: float | None = None) -> pexpect.spawn[str]:
        """Start a command at a pseudo-terminal, wide enough that no line wraps.

        `authorization_limit` makes push wait that many seconds for a consent, instead of two minutes.
        """
        start = ["-m", "connectord"]
        if authorization_limit is not None:
            start = ["-c", _IMPATIENT.format(limit=authorization_limit)]
        return pexpect.spawn(
            sys.executable,
            [*start, *args],
            cwd=str(self.folder),
            env={**self._environ(), "NO_COLOR": "1", "TERM": "xterm"},
            encoding="utf-8",
            timeout=SECONDS,
            dimensions=(40, 300),
        )

    @property
    def connectors(self) -> Path:
        """The connectors directory of the project."""
        return self.folder / "base44" / "connectors"

    def file(self, name: str, content: str | None = None, /, *scopes: str) -> Path:
        """Write a connector file: its whole text, or its type's scopes."""
        path = self.connectors / (name if "." in name else f"{name}.jsonc")
        path.write_text(json.dumps({"type": name, "scopes": scopes}) if content is None else content, encoding="utf-8")
        return path

    def with_environ(self, **more: str) -> Machine:
        """The same machine with more in its environment."""
        return Machine(self.home, self.folder, {**self.environ, **more})

    def _environ(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", **self.environ}


def exit_code_of(terminal: pexpect.spawn[str]) -> int:
    """Wait for the end of a command at a terminal."""
    terminal.expect(pexpect.EOF)
    terminal.close()
    return -1 if terminal.exitstatus is None else terminal.exitstatus
