"""A real browser: Chromium without a screen, told what to do over DevTools' own pipe.

By hand, because a page is opened, clicked and closed here, and nothing else: drivers that do more are larger than all
tests of this project together, and bring or fetch a browser of their own.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

WITHIN = 30.0
LOOK_AGAIN = 0.05

_TEXT = "(document.body?.innerText ?? '')"  # between two pages there is no body

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # CI is root, and the only pages are ours
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)


@dataclass
class Chromium:
    """The browser's end of the pipe (https://chromedevtools.github.io/devtools-protocol/)."""

    commands: IO[bytes]
    answers: IO[bytes]
    _last: int = 0
    _read: bytes = b""

    def ask(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """What the browser answers to one command; events in between are passed over."""
        self._last += 1
        command = {"id": self._last, "method": method, "params": params}
        self.commands.write(json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0")
        self.commands.flush()
        while True:
            message = self._message()
            if message.get("id") == self._last:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def open(self, url: str) -> Page:
        """A new tab with this page."""
        target = self.ask("Target.createTarget", url=url)["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, target, session)
        page.until("document.readyState === 'complete' && location.protocol === 'http:'")
        return page

    def news(self, within: float) -> bool:
        """Whether it says something, of itself or as an answer, within so many seconds."""
        return bool(select.select([self.answers], [], [], within)[0])

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            assert self.news(WITHIN), "Chromium doesn't answer"
            self._read += os.read(self.answers.fileno(), 65_536)
        one, _, self._read = self._read.partition(b"\0")
        message: dict[str, Any] = json.loads(one)
        return message


@dataclass(frozen=True)
class Page:
    """One tab."""

    browser: Chromium
    target: str
    session: str

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.browser.ask("Runtime.evaluate", self.session, expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + WITHIN
        while not self.run(condition):
            assert time.monotonic() < deadline, f"{condition} is not true of: {self.text}"
            self.browser.news(LOOK_AGAIN)

    def shows(self, words: str) -> None:
        """Wait until a person can read these words."""
        self.until(f"{_TEXT}.includes({json.dumps(words)})")

    @property
    def text(self) -> str:
        """What a person reads."""
        return str(self.run(_TEXT))

    def click(self, words: str) -> None:
        """Click the button or the fold with these words on it."""
        found = f"[...document.querySelectorAll('button, summary')].find(one => one.innerText === {json.dumps(words)})"
        self.run(f"{found}.click()")

    def fill(self, field: str, text: str) -> None:
        """Write into a field of the form."""
        self.run(f"document.querySelector('[name={field}]').value = {json.dumps(text)}")

    def close(self) -> None:
        """Close the tab."""
        self.browser.ask("Target.closeTarget", targetId=self.target)


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """The browser, until the end of the block."""
    program = shutil.which("chromium")
    assert program, "the package chromium is missing"
    from_us, commands = (_beyond_ten(fd) for fd in os.pipe())
    answers, to_us = (_beyond_ten(fd) for fd in os.pipe())
    actions = [(os.POSIX_SPAWN_DUP2, from_us, 3), (os.POSIX_SPAWN_DUP2, to_us, 4)]
    with (profile / "chromium.log").open("wb") as log:
        actions += [(os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)]
        arguments = [program, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        pid = os.posix_spawn(program, arguments, {**os.environ, "HOME": str(profile)}, file_actions=actions)
    os.close(from_us)
    os.close(to_us)
    with os.fdopen(commands, "wb") as writing, os.fdopen(answers, "rb", buffering=0) as reading:
        browser = Chromium(writing, reading)
        try:
            yield browser
        finally:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


def _beyond_ten(fd: int) -> int:
    """The same pipe under a number that isn't one of those that the browser reads."""
    other = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return other
