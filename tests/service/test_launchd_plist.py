"""The launchd property list as text, judged by plistlib."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from connectord.service.definition import Definition
from connectord.service.errors import NotWritable
from connectord.service.launchd_plist import plist_text, read_plist

GOLDEN = Path(__file__).parent / "golden" / "connectord.plist"
LOG = Path("/Users/ann/Library/My Logs/100%/start.log")

ODD = Definition(
    '/Users/ann/my <apps>/100% & "more"/bin/python',
    {"HTTPS_PROXY": 'http://ann:"50%"@proxy?a=<b>&c', "XDG_STATE_HOME": "/Users/ann/a\\b 'c' $HOME"},
)


def test_the_plist_is_the_golden_one() -> None:
    assert plist_text(ODD, "1.2.3", LOG) == GOLDEN.read_text()


def test_plistlib_reads_what_launchd_needs() -> None:
    plist = plistlib.loads(plist_text(ODD, "1.2.3", LOG).encode())
    assert plist["ProgramArguments"] == [ODD.python, "-P", "-m", "connectord", "run", "--background"]
    assert plist["EnvironmentVariables"] == ODD.environment
    assert (plist["Label"], plist["RunAtLoad"], plist["ProcessType"]) == ("connectord", True, "Background")
    assert plist["KeepAlive"] == {"SuccessfulExit": False}
    assert plist["StandardErrorPath"] == str(LOG)
    assert "@" not in str({**plist, "EnvironmentVariables": {}})


def test_what_is_written_is_read_back() -> None:
    assert read_plist(plist_text(ODD, "1.2.3", LOG)) == ODD


def test_what_no_plist_can_hold_is_refused() -> None:
    with pytest.raises(NotWritable, match="can't hold"):
        plist_text(Definition("/bin/python", {"PATH": "\x07"}), "1", LOG)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not XML",
        "<plist><dict/></plist>",
        "<plist><array/></plist>",
        "<plist><dict><key>ProgramArguments</key><array/></dict></plist>",
        "<plist><dict><key>ProgramArguments</key><array><string>connectord</string></array></dict></plist>",
        "<plist><dict><key>ProgramArguments</key><string>connectord</string></dict></plist>",
    ],
)
def test_a_plist_of_somebody_else_is_told(text: str) -> None:
    assert read_plist(text) is None
