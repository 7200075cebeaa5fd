"""The picture of the README, made from a real session: `make picture` plays it in tmux and draws what was shown.

A Base44 of this machine, a project and the daemon; every line is what they said. Only the temporary folder is renamed,
to a home that reads well.
"""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import a_project

PICTURE: Final = Path(__file__).parents[2] / "docs" / "images" / "terminal.svg"

WITHIN: Final = 30.0
_PROMPT: Final = "connectors$"
_COLUMNS: Final = 126
_SHOWN: Final = "/home/ann"

# rich's own has a window around it, and loads its font from elsewhere.
_SVG: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="-9 -10 {width} {height}">
<style>
text {{ font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
  font-size: {char_height}px; white-space: pre; }}
{styles}
</style>
<defs>{lines}</defs>
<rect x="-9" y="-10" width="100%" height="100%" rx="12" fill="#1b1f27"/>
<g>{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


@dataclass(frozen=True)
class Terminal:
    """A session of tmux on a server of its own."""

    socket: Path
    name: str

    def run(self, command: str) -> None:
        """Type a command, and wait until the shell asks for the next one."""
        asked = self.text().count(_PROMPT)
        self._tmux("send-keys", "-t", self.name, "-l", command)
        self._tmux("send-keys", "-t", self.name, "Enter")
        self.until(_PROMPT, count=asked + 1)

    def until(self, words: str, *, count: int = 1) -> None:
        """Wait until it shows these words so often."""
        deadline = time.monotonic() + WITHIN
        while (shown := self.text()).count(words) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} doesn't show {words!r}, but:\n{shown}")

    def text(self, *, coloured: bool = False) -> str:
        """What it shows."""
        return self._tmux("capture-pane", "-p", "-J", "-t", self.name, *(("-e",) if coloured else ())).rstrip("\n")

    def open(self, command: str, folder: Path, lines: int) -> None:
        """Begin the session with a command."""
        size = ("-x", str(_COLUMNS + 20), "-y", str(lines))
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", self.name, "-c", str(folder), *size, command)

    def end(self) -> None:
        """End the server, and all its sessions with it."""
        self._tmux("kill-server")

    def _tmux(self, *words: str) -> str:
        command = ("tmux", "-S", str(self.socket), *words)
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=WITHIN).stdout


def draw() -> None:
    """Play the session and write the picture."""
    with tempfile.TemporaryDirectory(prefix="cd-") as place, running_emulator() as base44:
        panes = _played(Path(place), base44)
    shell, daemon = (text.replace(place, _SHOWN) for text in panes)
    PICTURE.write_text(svg(f"{shell}\x1b[0m\n\x1b[2m{'─' * _COLUMNS}\x1b[0m\n{daemon}"), encoding="utf-8")


def svg(text: str, columns: int = _COLUMNS) -> str:
    """Text with a terminal's colours as a picture that loads nothing from elsewhere."""
    console = Console(record=True, width=columns, file=io.StringIO(), color_system="truecolor", legacy_windows=False)
    console.print(Text.from_ansi(text, overflow="fold"))
    return console.export_svg(code_format=_SVG, unique_id="terminal")


def _played(home: Path, base44: RunningEmulator) -> tuple[str, str]:
    """What the shell and the daemon show at the end."""
    base44.sign_in(home)
    connectors = {"github": ["repo"], "linear": ["read"]}
    for type_, scopes in connectors.items():
        base44.connect(type_, scopes)
    shop = a_project(home / "shop", connectors, app_id=base44.app_id, api_url=base44.url).root
    with _terminals(home, shop) as (shell, daemon):
        shell.until(_PROMPT)
        daemon.until("Push done")
        shell.run("""echo '{type: "slack", scopes: ["chat:write"]}' > slack.jsonc""")
        daemon.until("slack: needs authorization")
        base44.consent(base44.open_links()["slack"])
        daemon.until("slack: Added")
        shell.run("""echo '{type: "slack", scopes: ["chat:write",}' > slack.jsonc""")
        daemon.until("slack.jsonc:1:")
        shell.run("""echo '{type: "slack", scopes: ["chat:write"]}' > slack.jsonc""")
        shell.run("rm *")
        daemon.until("Held (root-emptied)")
        shell.run("connectord restore")
        daemon.until("Written back")
        return shell.text(coloured=True), daemon.text(coloured=True)


@contextmanager
def _terminals(home: Path, project: Path) -> Iterator[tuple[Terminal, Terminal]]:
    shell, daemon = Terminal(home / "tmux", "shell"), Terminal(home / "tmux", "daemon")
    program = f"{shlex.quote(sys.executable)} -m connectord"
    (home / "bin").mkdir()
    (home / "bin" / "connectord").write_text(f'#!/bin/sh\nexec {program} "$@"\n')
    (home / "bin" / "connectord").chmod(0o755)
    environ = {
        "HOME": str(home),
        "CONNECTORD_RUNTIME_DIR": str(home / "run"),
        "PATH": f"{home / 'bin'}:/usr/bin:/bin",
        "PS1": r"\W$ ",
        "CI": "1",  # no browser is opened
    }
    begin = "env -u XDG_RUNTIME_DIR " + " ".join(f"{name}={shlex.quote(value)}" for name, value in environ.items())
    daemon.open(f"{begin} connectord run", project, 30)
    shell.open(f"{begin} bash --norc", project / "base44" / "connectors", 30)
    try:
        yield shell, daemon
    finally:
        shell.end()


if __name__ == "__main__":
    draw()
    sys.stdout.write(f"{PICTURE} is drawn\n")
