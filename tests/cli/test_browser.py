"""Opening links: only web addresses, only where there is a browser, and saying why not otherwise."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connectord.cli.browser import Browser, find_browser

LINK = "https://app.base44.com/api/external-auth/connect/0123"


def a_browser(tmp_path: Path, *, code: int = 0) -> Browser:
    script = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2]); sys.exit(int(sys.argv[3]))"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{script}" {tmp_path}/opened "$1" {code}\n')
    program.chmod(0o755)
    return Browser((str(program),))


async def test_a_web_link_is_opened(tmp_path: Path) -> None:
    assert await a_browser(tmp_path).open(LINK) is None
    assert (tmp_path / "opened").read_text() == LINK


async def test_a_command_may_say_where_the_link_goes(tmp_path: Path) -> None:
    (program,) = a_browser(tmp_path).command
    assert await Browser((program, "%s", "--after")).open(LINK) is None
    assert (tmp_path / "opened").read_text() == LINK


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "--help",
        "",
        "https://",
        "ssh://host",
        "https://h\x1b[2J",
        "http://[::",
    ],
)
async def test_anything_else_is_never_opened(tmp_path: Path, link: str) -> None:
    assert await a_browser(tmp_path).open(link) == "it is no web address"
    assert not (tmp_path / "opened").exists()


async def test_a_browser_that_fails_is_said(tmp_path: Path) -> None:
    reason = await a_browser(tmp_path, code=3).open(LINK)
    assert reason is not None
    assert reason.endswith("ended with code 3")


async def test_a_browser_that_is_not_there_is_said(tmp_path: Path) -> None:
    reason = await Browser((str(tmp_path / "nothing"),)).open(LINK)
    assert reason is not None
    assert "could not be started (No such file or directory)" in reason


@pytest.mark.parametrize(
    ("environ", "platform", "command"),
    [
        ({}, "linux", ()),
        ({"DISPLAY": ":0"}, "linux", ("xdg-open",)),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", ("xdg-open",)),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1 2 3 4"}, "linux", ()),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", ()),
        ({}, "darwin", ("open",)),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", ("wslview",)),
        ({"BROWSER": "firefox --new-tab:lynx", "SSH_TTY": "x"}, "linux", ("firefox", "--new-tab")),
    ],
)
def test_where_a_browser_is_and_where_links_are_printed(
    tmp_path: Path, environ: dict[str, str], platform: str, command: tuple[str, ...]
) -> None:
    for name in ("xdg-open", "wslview"):
        (tmp_path / name).touch(mode=0o755)
    assert find_browser({**environ, "PATH": str(tmp_path)}, platform).command == command


def test_a_desktop_without_an_opener_prints_links(tmp_path: Path) -> None:
    assert find_browser({"DISPLAY": ":0", "PATH": str(tmp_path)}, "linux").command == ()
