"""Questions, Esc and the spinner, at a real pseudo-terminal."""

from __future__ import annotations

import signal
import sys
import termios

import pexpect
import pytest

ASK = """
import asyncio
from connectord.cli.terminal import confirm
print("answer:", asyncio.run(confirm("Sure?", default={default})))
"""

WAIT = """
import asyncio
from connectord.cli.output import Output
from connectord.cli.exit_codes import ExitCode
from connectord.cli.running import run_command
from connectord.cli.terminal import on_escape, spinner

async def wait(output):
    pressed = asyncio.Event()
    with on_escape(pressed.set):
        async with spinner("Waiting... (Esc to skip)", output):
            await pressed.wait()
    output.say("skipped")
    return ExitCode.OK

run_command(wait)
"""


def at_a_terminal(code: str) -> pexpect.spawn[str]:
    return pexpect.spawn(sys.executable, ["-c", code], encoding="utf-8", timeout=20, env={"PATH": ""})


def is_line_by_line(terminal: pexpect.spawn[str]) -> bool:
    local_modes: int = termios.tcgetattr(terminal.child_fd)[3]
    return bool(local_modes & termios.ICANON) and bool(local_modes & termios.ECHO)


def ended(terminal: pexpect.spawn[str]) -> int:
    terminal.expect(pexpect.EOF)
    terminal.close()
    return terminal.exitstatus if terminal.exitstatus is not None else -1


@pytest.mark.parametrize(
    ("typed", "default", "expected"),
    [("y\n", False, True), ("n\n", True, False), ("\n", True, True), ("\n", False, False), ("YES\n", False, True)],
)
def test_a_question_takes_yes_no_or_the_default(typed: str, default: bool, expected: bool) -> None:
    terminal = at_a_terminal(ASK.format(default=default))
    terminal.expect(r"Sure\? \[(Y/n|y/N)\]")
    terminal.send(typed)
    terminal.expect(f"answer: {expected}")


def test_another_answer_is_asked_again() -> None:
    terminal = at_a_terminal(ASK.format(default=True))
    terminal.expect("Sure")
    terminal.send("maybe\n")
    terminal.expect('Please answer "y" or "n"')
    terminal.expect("Sure")
    terminal.send("n\n")
    terminal.expect("answer: False")


def test_the_end_of_the_input_is_a_no() -> None:
    terminal = at_a_terminal(ASK.format(default=True))
    terminal.expect("Sure")
    terminal.sendeof()
    terminal.expect("answer: False")


def test_esc_skips() -> None:
    terminal = at_a_terminal(WAIT)
    terminal.expect("Esc to skip")
    terminal.send("\x1b")
    terminal.expect("skipped")
    assert ended(terminal) == 0


def test_arrow_keys_and_letters_do_not_skip() -> None:
    terminal = at_a_terminal(WAIT)
    terminal.expect("Esc to skip")
    terminal.send("\x1b[A")
    terminal.send("q\n")
    terminal.expect("Esc to skip")
    assert terminal.expect(["skipped", "Esc to skip"]) == 1
    terminal.send("\x1b")
    terminal.expect("skipped")
    assert ended(terminal) == 0


@pytest.mark.parametrize(
    ("signum", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_a_signal_gives_the_terminal_back_as_it_was(signum: signal.Signals, exit_code: int) -> None:
    terminal = at_a_terminal(WAIT)
    terminal.expect("Esc to skip")
    assert not is_line_by_line(terminal)
    terminal.kill(signum)
    terminal.expect("Interrupted|Terminated")
    assert is_line_by_line(terminal)
    assert ended(terminal) == exit_code


def test_ctrl_c_stays_ctrl_c_while_keys_are_read() -> None:
    terminal = at_a_terminal(WAIT)
    terminal.expect("Esc to skip")
    terminal.sendintr()
    terminal.expect("Interrupted")
    assert ended(terminal) == 130


def test_ctrl_c_ends_a_question() -> None:
    code = ASK.replace("import confirm", "import confirm\nfrom connectord.cli.running import run_command").replace(
        'print("answer:", asyncio.run(confirm("Sure?", default={default})))',
        'run_command(lambda output: confirm("Sure?", default=True))',
    )
    terminal = at_a_terminal(code)
    terminal.expect("Sure")
    terminal.sendintr()
    terminal.expect("Interrupted")
    assert ended(terminal) == 130
