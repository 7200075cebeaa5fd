"""Notices through programs: the user's own command, and osascript."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.notify import a_notice, all_quiet, links, running, until

from connectord.notify import Action
from connectord.notify.notifier import Channel
from connectord.notify.program import OUTPUT_LIMIT, Invocation, ProgramFailed, run_program
from connectord.notify.programs import MOST_WAITING, command_notifier, osascript_invocation, osascript_notifier


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


def keep(place: Path) -> tuple[str, ...]:
    """A command that writes what it reads to a file, which is there once it is whole."""
    code = "import os, sys; p = sys.argv[1]; open(p + '~', 'w').write(sys.stdin.read()); os.rename(p + '~', p)"
    return python(code, str(place))


async def test_a_command_gets_the_notice_as_json_on_standard_input(tmp_path: Path) -> None:
    place = tmp_path / "it"
    notifier = command_notifier(keep(place), on_trouble=lambda why: None)
    async with running(notifier):
        notifier.notify(a_notice("one", body="two", links=links("slack"), buttons=(Action.AUTHORIZE, Action.SKIP)))
        await until(place.exists)
    assert json.loads(place.read_text()) == {
        "version": 1,
        "kind": "invalid-file",
        "subject": "invalid-file /home/ann/shop one",
        "project": "shop",
        "place": "/home/ann/shop",
        "urgency": "attention",
        "title": "one",
        "body": "two",
        "actions": ["authorize", "skip"],
        "links": [{"label": "slack", "url": "https://app.base44.com/api/external-auth/connect/slack"}],
    }


async def test_there_is_no_shell(tmp_path: Path) -> None:
    place = tmp_path / "it"
    with pytest.raises(ProgramFailed, match="sees"):
        await run_program(
            Invocation(python("import sys; sys.exit('sees ' + sys.argv[1])", f"$(touch {place}); touch {place}"))
        )
    assert not place.exists()


async def test_a_command_that_fails_is_seen_in_state_and_told_with_what_it_said() -> None:
    troubles: list[str] = []
    notifier = command_notifier(python("import sys; print('no net'); sys.exit(3)"), on_trouble=troubles.append)
    async with running(notifier):
        notifier.notify(a_notice())
        await until(lambda: troubles)
    assert troubles == [f'{sys.executable} ended with code 3: "no net"']
    assert (False, troubles[0]) == (notifier.state.works, notifier.state.why)


async def test_a_command_that_works_again_is_well_again(tmp_path: Path) -> None:
    failing = [ProgramFailed("It failed")]
    notifier = command_notifier(keep(tmp_path / "it"), on_trouble=lambda why: None, run_one=_failing_first(failing))
    async with running(notifier):
        notifier.notify(a_notice())
        await until(lambda: not notifier.state.works)
        notifier.notify(a_notice())
        await until(lambda: notifier.state.works)
    assert notifier.state.why == ""


def _failing_first(failures: list[ProgramFailed]) -> Any:
    async def run(invocation: Invocation) -> None:
        if failures:
            raise failures.pop()

    return run


async def test_a_command_that_is_not_there_is_seen_before_the_first_notice() -> None:
    notifier = command_notifier(("/no/such/program", "--now"), on_trouble=lambda why: None)
    assert (notifier.state.works, notifier.state.why) == (False, "/no/such/program is not there, or is no program")


async def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(ProgramFailed, match=r"/no/such/program could not be started: .*No such file"):
        await run_program(Invocation(("/no/such/program",)))


async def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    place = tmp_path / "pids"
    script = 'sleep 600 & echo $$ $! > "$1"; echo busy; wait'
    with pytest.raises(ProgramFailed, match=r'has not ended within 2 s: "busy"'):
        await run_program(Invocation(("sh", "-c", script, "sh", str(place))), time_limit=2.0)
    for pid in place.read_text().split():
        await until(partial(_is_gone, int(pid)))
        assert _is_gone(int(pid))


def _is_gone(pid: int) -> bool:
    """Ended; an orphan may wait for its new parent to hear of it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


async def test_what_a_command_leaves_in_the_background_is_not_waited_for() -> None:
    """It holds the output open, as a program does that was started with `&`."""
    code = "import subprocess; child = subprocess.Popen(['sleep', '30'], start_new_session=True); print(child.pid)"
    with pytest.raises(ProgramFailed) as failed:
        await run_program(Invocation(python(code + "; raise SystemExit(1)")), time_limit=20.0)
    os.kill(int(failed.value.why.split('"')[1]), 9)


async def test_a_command_may_print_without_end_and_little_of_it_is_kept() -> None:
    with pytest.raises(ProgramFailed) as failed:
        await run_program(Invocation(python("print('x' * 3_000_000); raise SystemExit(1)")))
    assert OUTPUT_LIMIT <= len(failed.value.why) < OUTPUT_LIMIT + 200


async def test_a_command_that_reads_nothing_is_no_failure() -> None:
    assert await run_program(Invocation(("true",), "x" * 60_000)) is None  # type: ignore[func-returns-value]


async def test_a_slow_command_is_never_waited_for_and_what_is_left_out_is_told() -> None:
    troubles: list[str] = []
    started = asyncio.Event()

    async def never_ends(invocation: Invocation) -> None:
        started.set()
        await asyncio.Event().wait()

    notifier = command_notifier(("true",), on_trouble=troubles.append, run_one=never_ends)
    async with running(notifier):
        notifier.notify(a_notice("first"))
        await started.wait()
        for number in range(MOST_WAITING + 1):
            notifier.notify(a_notice(f"{number}"))
    assert troubles == ["true is too slow: a notice was left out (0)"]


async def test_what_is_settled_while_it_waits_is_not_told() -> None:
    told: list[str] = []
    go_on = asyncio.Event()

    async def slow(invocation: Invocation) -> None:
        told.append(json.loads(invocation.text)["title"])
        await go_on.wait()

    notifier = command_notifier(("true",), on_trouble=lambda why: None, run_one=slow)
    async with running(notifier):
        for title in ("one", "two", "three"):
            notifier.notify(a_notice(title))
        await until(lambda: told)
        notifier.withdraw(a_notice("two").subject)
        go_on.set()
        await until(lambda: len(told) == 2)
        await all_quiet()
    assert told == ["one", "three"]


async def test_on_a_mac_osascript_is_run_with_the_texts_as_arguments() -> None:
    runs: list[Invocation] = []

    async def keep_run(invocation: Invocation) -> None:
        runs.append(invocation)

    notifier = osascript_notifier(on_trouble=lambda why: None, run_one=keep_run)
    async with running(notifier):
        notifier.notify(a_notice('-e "quoted" & co', body='say "x"'))
        await until(lambda: runs)
    assert notifier.state.channel is Channel.OSASCRIPT
    assert runs[0].words == (
        "osascript",
        *("-e", "on run argv"),
        *("-e", "display notification (item 3 of argv) with title (item 1 of argv) subtitle (item 2 of argv)"),
        *("-e", "end run"),
        *("connectord", '-e "quoted" & co', 'say "x"'),
    )


def test_nothing_from_a_notice_becomes_part_of_a_script() -> None:
    plain, hostile = (osascript_invocation(a_notice(title)).words for title in ("x", '" & do shell script "x'))
    assert plain[:8] == hostile[:8]
