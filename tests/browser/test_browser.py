"""Opening links: only web addresses, only where there is a browser, and saying why not otherwise."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connectord.browser import Browser, OpenBrowser, desktop_environ, find_browser, in_ci, is_web_link
from connectord.browser.desktop_session import _show_environment, shown_variables

LINK = "https://app.base44.com/api/external-auth/connect/0123"


def a_browser(tmp_path: Path, *, code: int = 0, environ: dict[str, str] | None = None) -> Browser:
    script = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2]); sys.exit(int(sys.argv[3]))"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{script}" {tmp_path}/opened "$1" {code}\n')
    program.chmod(0o755)
    return Browser(((str(program),),), environ=environ or {})


async def test_a_web_link_is_opened(tmp_path: Path) -> None:
    assert await a_browser(tmp_path).open(LINK) is None
    assert (tmp_path / "opened").read_text() == LINK


async def test_a_command_may_say_where_the_link_goes(tmp_path: Path) -> None:
    ((program,),) = a_browser(tmp_path).commands
    assert await Browser(((program, "%s", "--after"),)).open(LINK) is None
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
    reason = await Browser(((str(tmp_path / "nothing"),),)).open(LINK)
    assert reason is not None
    assert "could not be started (No such file or directory)" in reason


async def test_where_the_first_browser_fails_the_next_one_is_tried(tmp_path: Path) -> None:
    (works,) = a_browser(tmp_path).commands
    assert await Browser(((str(tmp_path / "nothing"),), works)).open(LINK) is None
    assert (tmp_path / "opened").read_text() == LINK


async def test_p13_a_browser_gets_the_session_and_no_key(tmp_path: Path) -> None:
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\n/usr/bin/env > {tmp_path}/env\n")
    program.chmod(0o755)
    environ = {"DISPLAY": ":7", "BASE44_API_KEY": "b44k_secret"}
    assert await Browser(((str(program),),), environ=environ).open(LINK) is None
    given = (tmp_path / "env").read_text()
    assert ("DISPLAY=:7" in given, "secret" in given) == (True, False)


async def test_where_there_is_none_the_reason_is_the_answer() -> None:
    browser = find_browser({"CI": "true", "DISPLAY": ":0", "BROWSER": "firefox"}, "linux")
    assert await browser.open(LINK) == "CI is set, so nobody sits here"


@pytest.mark.parametrize("link", [LINK, "http://127.0.0.1:4400/x?y=1"])
def test_web_links_may_be_opened(link: str) -> None:
    assert is_web_link(link)


@pytest.mark.parametrize(
    ("environ", "platform", "commands"),
    [
        ({"DISPLAY": ":0"}, "linux", (("xdg-open",), ("gio", "open"))),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", (("xdg-open",), ("gio", "open"))),
        ({"DISPLAY": ":0", "CI": "false"}, "linux", (("xdg-open",), ("gio", "open"))),
        ({}, "darwin", (("open",),)),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", (("wslview",), ("xdg-open",), ("gio", "open"))),
        ({"BROWSER": "firefox --new-tab:lynx", "SSH_TTY": "x"}, "linux", (("firefox", "--new-tab"), ("lynx",))),
        ({"BROWSER": "'/opt/my browser/b' %s"}, "linux", (("/opt/my browser/b", "%s"),)),
        ({"BROWSER": "it's"}, "linux", (("it's",),)),
    ],
)
def test_where_a_browser_is(
    tmp_path: Path, environ: dict[str, str], platform: str, commands: tuple[tuple[str, ...], ...]
) -> None:
    for name in ("xdg-open", "wslview", "gio"):
        (tmp_path / name).touch(mode=0o755)
    assert find_browser({**environ, "PATH": str(tmp_path)}, platform).commands == commands


@pytest.mark.parametrize(
    ("environ", "platform", "why"),
    [
        ({}, "linux", "there is no display here"),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1 2 3 4"}, "linux", "this is an SSH session"),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", "this is an SSH session"),
        ({"DISPLAY": ":0", "CI": "1"}, "linux", "CI is set, so nobody sits here"),
        ({"DISPLAY": ":0", "PATH": "/nonexistent"}, "linux", "neither xdg-open nor gio is installed"),
    ],
)
def test_where_links_are_printed_and_why(environ: dict[str, str], platform: str, why: str) -> None:
    assert find_browser(environ, platform) == Browser((), why, environ if "installed" in why else {})


def test_never_is_never(tmp_path: Path) -> None:
    browser = find_browser({"BROWSER": "firefox"}, "linux", setting=OpenBrowser.NEVER)
    assert browser == Browser((), 'the setting open_browser is "never"')


@pytest.mark.parametrize(("value", "is_ci"), [("true", True), ("1", True), ("", False), ("0", False), ("False", False)])
def test_ci_is_what_says_so(value: str, is_ci: bool) -> None:
    assert in_ci({"CI": value}) is is_ci


SHOWN = """\
DISPLAY=:1
HOME=/home/ada
XDG_CURRENT_DESKTOP=GNOME
BROWSER=$'my browser\\n'
EMPTY=
nonsense
"""


def test_what_systemd_shows_is_read_as_the_shell_would() -> None:
    assert shown_variables(SHOWN) == {
        "DISPLAY": ":1",
        "HOME": "/home/ada",
        "XDG_CURRENT_DESKTOP": "GNOME",
        "BROWSER": "my browser\n",
        "EMPTY": "",
    }


async def test_a_service_gets_the_desktops_environment_and_nothing_else_of_it() -> None:
    environ = await desktop_environ({"PATH": "/bin", "XDG_CURRENT_DESKTOP": "mine"}, "linux", lambda _: SHOWN)
    assert environ == {
        "PATH": "/bin", "DISPLAY": ":1", "BROWSER": "my browser\n", "XDG_CURRENT_DESKTOP": "mine",
    }  # fmt: skip


@pytest.mark.parametrize(("display", "platform"), [("DISPLAY", "linux"), ("WAYLAND_DISPLAY", "linux"), ("X", "darwin")])
async def test_a_session_with_a_display_of_its_own_asks_nobody(display: str, platform: str) -> None:
    def asked(environ: object) -> str:
        raise AssertionError(environ)

    assert await desktop_environ({display: ":9"}, platform, asked) == {display: ":9"}


@pytest.mark.parametrize("script", ["exit 1", "echo Failed to connect to bus >&2; exit 1", None])
async def test_where_systemd_cannot_be_asked_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    if script is not None:
        (tmp_path / "systemctl").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _show_environment({"PATH": str(tmp_path)}) == ""


async def test_systemd_is_asked_for_the_users_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'test "$1 $2" = "--user show-environment" && test -n "$XDG_RUNTIME_DIR" && echo DISPLAY=:5'
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (await desktop_environ({"PATH": str(tmp_path)}, "linux"))["DISPLAY"] == ":5"
