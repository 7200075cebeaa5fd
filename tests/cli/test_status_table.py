"""A status as lines for a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.face import NOON, a_connector, a_daemon, a_project_status

from connectord.cli.status_table import NOTHING_YET, clock, project_lines, span, status_lines
from connectord.control.models import ConnectorState, ProjectState, ProjectStatus, Status
from connectord.control.verdict import Verdict, connector_verdict

NOW = NOON + timedelta(hours=2, minutes=5)


DUNST: dict[str, object] = {"channel": "desktop", "works": True, "through": "dunst 1.9.0"}
PHONE: dict[str, object] = {"channel": "command", "works": True, "through": "notify-phone"}
NO_BUS: dict[str, object] = {"channel": "desktop", "works": False, "why": "There is no session bus here"}


def shown(project: ProjectStatus) -> str:
    return "\n".join(line.text for line in project_lines(project, NOW))


def test_a_quiet_project_is_a_line_for_each_connector() -> None:
    project = a_project_status(
        connectors=(a_connector("slack", updated_at=NOON), a_connector("googlecalendar", updated_at=NOON)),
        last_push={
            "id": "j1",
            "at": NOON,
            "trigger": "save",
            "duration_ms": 214,
            "outcomes": {"slack": "synced", "googlecalendar": "synced"},
        },
    )
    at = clock(NOON, NOW)
    assert shown(project).splitlines() == [
        f"/home/ada/shop  synced  (app {'a' * 24} at https://base44.test)",
        f"  ✓ slack           synced                {at}",
        f"  ✓ googlecalendar  synced                {at}",
        f"  Last push {at} (save): 2 synced, in 0.21 s",
    ]


def test_what_to_do_about_an_error_is_said_below_it_and_once_for_the_whole_project() -> None:
    failing = a_connector("slack", "failed", error="No such app", todo="Check the app id.")
    wrong = a_connector("gmail", "failed", error="Already connected", todo="Remove the file.")
    alone = shown(a_project_status(connectors=(failing,)))
    halted = shown(
        a_project_status(state="halted", error="No such app", todo="Check the app id.", connectors=(failing, wrong))
    )
    assert "      No such app\n      To do: Check the app id." in alone
    assert halted.splitlines()[1:3] == ["  No such app", "  To do: Check the app id."]
    assert halted.count("Check the app id.") == 1
    assert "      Already connected\n      To do: Remove the file." in halted


def test_how_to_sign_in_is_said_once() -> None:
    text = shown(a_project_status(state="signed-out", error="Signed out", todo="Sign in: connectord login"))
    assert text.count("connectord login") == 1


def test_what_needs_a_person_says_what_to_do() -> None:
    project = a_project_status(
        state="needs-action",
        connectors=(
            a_connector("slack", "needs-authorization", authorize_url="https://base44.test/connect/1"),
            a_connector("notion", "expired"),
            a_connector("gmail", "failed", error="Base44 refused it: no such scope"),
            a_connector("linear", "drifted"),
            a_connector("box", scopes=("a", "read", "write"), missing_scopes=("read", "write")),
        ),
        held=({"reason": "mass-removal", "types": ("a", "b", "c"), "since": NOON},),
        problems=(
            {"file": "/home/ada/shop/base44/connectors/x.jsonc", "line": 3, "column": 5, "message": "it has no type"},
        ),
        untracked=("hubspot",),
    )
    text = shown(project)
    assert "  ! slack   needs authorization\n      Authorize: https://base44.test/connect/1\n" in text
    assert "  ! notion  expired\n      For a link: connectord authorize notion --project /home/ada/shop\n" in text
    assert "  ✗ gmail   failed\n      Base44 refused it: no such scope\n" in text
    assert "  ~ linear  drifted\n      Changed on Base44 by someone else; `connectord push`" in text
    assert "  ✓ box     synced\n      Added, but 2 of 3 scopes were not granted: read, write\n" in text
    assert "  ✗ base44/connectors/x.jsonc:3:5: it has no type\n" in text
    assert f"  ! Held since {clock(NOON, NOW)} (mass-removal): a, b, c not removed\n" in text
    assert text.endswith("  Only on Base44, left alone: hubspot")


def a_hold(**more: object) -> dict[str, object]:
    return {"reason": "mass-removal", "types": ("slack",), "since": NOON, "why": "3 of 5 are gone", **more}


def test_p5_a_hold_names_its_connectors_since_when_why_and_both_ways_out() -> None:
    line = a_connector("slack", "held", error="3 of 5 are gone")
    text = shown(a_project_status("/home/ada/my shop", connectors=(line,), held=(a_hold(),)))
    assert text.splitlines()[1:] == [
        "  ! slack  held",
        f"  ! Held since {clock(NOON, NOW)} (mass-removal): slack not removed",
        "      because 3 of 5 are gone",
        "      Put the files back: connectord restore --project '/home/ada/my shop'",
        "      Remove them from Base44: connectord approve --project '/home/ada/my shop'",
    ]


@pytest.mark.parametrize("restorable", [False, True])
def test_p5_what_never_had_a_file_here_is_pulled_and_not_put_back(restorable: bool) -> None:
    lines = (
        a_connector("notion", "held", error="3 of 5 are gone", untracked=True),
        a_connector("slack", "held", error="3 of 5 are gone", untracked=not restorable),
    )
    hold = a_hold(types=("notion", "slack"))
    text = shown(a_project_status("/home/ada/my shop", connectors=lines, held=(hold,)))
    restore = "      Put the files back: connectord restore --project '/home/ada/my shop'"
    pulled = "notion" if restorable else "notion, slack"
    assert text.splitlines()[5:] == [
        *([restore] if restorable else []),
        f"      Write the files of {pulled}: connectord pull '/home/ada/my shop'",
        "      Remove them from Base44: connectord approve --project '/home/ada/my shop'",
    ]


def test_p4_the_removal_of_what_has_no_file_here_says_how_one_comes() -> None:
    line = a_connector("slack", "removing", error="it has no file here", removal_at=NOON, untracked=True)
    way_out = f"it has no file here; removed from Base44 at {clock(NOON, NOW)}, unless one comes (connectord pull)"
    assert f"  … slack  removing\n      {way_out}" in shown(a_project_status(connectors=(line,)))


def test_p6_an_approved_hold_asks_for_nothing_more_and_says_what_it_waits_for() -> None:
    line = a_connector("slack", "held", error="not removed while a file is broken")
    text = shown(a_project_status(connectors=(line,), held=(a_hold(approved=True),)))
    assert "  ! slack  held\n      not removed while a file is broken\n" in text
    assert "  … Approved, to be removed from Base44: slack" in text
    assert "connectord approve" not in text


def test_p4_a_removal_that_is_coming_says_when_and_how_to_keep_it() -> None:
    line = a_connector("slack", "removing", error="its file is gone", removal_at=NOON)
    way_out = f"its file is gone; removed from Base44 at {clock(NOON, NOW)}, unless it comes back (connectord restore)"
    assert f"  … slack  removing\n      {way_out}" in shown(a_project_status(connectors=(line,)))
    assert "removed from Base44 at" not in shown(a_project_status(state="paused", connectors=(line,)))


@pytest.mark.parametrize(
    ("state", "words"),
    [("signed-out", "connectord login"), ("paused", "connectord resume"), ("offline", "goes on by itself")],
)
def test_a_project_that_waits_says_for_what(state: str, words: str) -> None:
    assert words in shown(a_project_status(state=state))


def test_why_a_project_is_halted_is_said() -> None:
    assert "  The app is gone" in shown(a_project_status(state="halted", error="The app is gone"))


@pytest.mark.parametrize("state", ConnectorState)
def test_p12_no_connector_that_is_not_well_is_shown_as_if_it_were(state: ConnectorState) -> None:
    connector = a_connector("slack", state)
    line = next(line for line in project_lines(a_project_status(connectors=(connector,)), NOW) if "slack" in line.text)
    is_well = connector_verdict(connector) is Verdict.WELL
    assert (line.colour in {"red", "yellow"}) == (not is_well or state is ConnectorState.DRIFTED)
    assert ("✓" in line.text) == (state is ConnectorState.SYNCED)


@pytest.mark.parametrize("state", ProjectState)
def test_each_state_of_a_project_is_in_its_heading(state: ProjectState) -> None:
    assert f"  {state.value.replace('-', ' ')}  " in shown(a_project_status(state=state))


def test_without_a_project_it_says_how_to_register_one() -> None:
    lines = [line.text for line in status_lines(Status(daemon=a_daemon(), projects=()), NOW)]
    assert lines == ["connectord 0.1.0, pid 4242, running for 2 h", "", NOTHING_YET]


def test_trouble_of_the_daemon_itself_comes_first() -> None:
    daemon = a_daemon(watching="polling", trouble=("The disk is full",))
    lines = [line.text for line in status_lines(Status(daemon=daemon, projects=()), NOW)]
    assert lines[1:3] == ["Files are polled, so a save is noticed a little later", "! The disk is full"]
    down = [line.text for line in status_lines(Status(daemon=a_daemon(watching="down"), projects=()), NOW)]
    assert "watcher is down" in down[1]


@pytest.mark.parametrize(
    ("channels", "line"),
    [
        ((DUNST,), "Notices: desktop (dunst 1.9.0)"),
        ((DUNST, PHONE), "Notices: desktop (dunst 1.9.0), command (notify-phone)"),
        ((NO_BUS,), "Notices: only here and in the log (There is no session bus here)"),
        ((NO_BUS, PHONE), "Notices: command (notify-phone) (desktop: There is no session bus here)"),
        (({"channel": "log", "works": True},), "Notices: only here and in the log"),
    ],
)
def test_how_a_person_is_told_and_why_not_otherwise(channels: tuple[dict[str, object], ...], line: str) -> None:
    status = Status(daemon=a_daemon(notices=channels), projects=())
    assert line in [one.text for one in status_lines(status, NOW)]


@pytest.mark.parametrize(
    ("seconds", "words"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7_199, "1 h"), (200_000, "2 d")]
)
def test_spans_are_rough(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_another_days_moment_has_its_date() -> None:
    assert clock(NOON, NOON + timedelta(days=3)).startswith("2026-")
    assert len(clock(NOON, NOW)) == len("12:00:00")
