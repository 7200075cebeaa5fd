"""`connectord doctor`: what keeps connectord from doing its work, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from connectord import __version__
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.cli.thin import run_thin
from connectord.control.redaction import redact, redacted
from connectord.doctor.around import Around
from connectord.doctor.checks import CHECKS
from connectord.doctor.finding import Finding, State
from connectord.doctor.run import Checked, run_checks
from connectord.doctor.words import count
from connectord.errors import ConnectordError

_SIGNS: Final = {State.OK: "✓", State.ATTENTION: "!", State.BROKEN: "✗", State.UNKNOWN: "·"}
_STYLES: Final[dict[State, dict[str, bool | str]]] = {
    State.OK: {"fg": "green"},
    State.ATTENTION: {"fg": "yellow"},
    State.BROKEN: {"fg": "red"},
    State.UNKNOWN: {"dim": True},
}
_WIDTH: Final = max(len(check.name) for check in CHECKS)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else.")
@click.option("-v", "--verbose", is_flag=True, help="List every setting, also those at their default.")
@click.option("--notify", is_flag=True, help="Show a test notice, to see where notices appear.")
def doctor(*, as_json: bool, verbose: bool, notify: bool) -> None:
    """Look for what keeps connectord from doing its work, and say how to mend it.

    It changes nothing, here or on Base44. Exit codes: 0 nothing is wrong, 1 something doesn't work.
    """
    run_thin(lambda output: _doctor(output, verbose=verbose, notify=notify), as_json=as_json)


def _doctor(output: Output, *, verbose: bool, notify: bool) -> ExitCode:
    around = Around(os.environ, Path.home(), _folder(), show_notice=notify)
    checked: list[Checked] = []
    for one in run_checks(CHECKS, around):
        if not output.as_json:
            _say_group(one.check.group, checked[-1].check.group if checked else None, output)
            _say(one, output)
        checked.append(one)
    states = [finding.state for one in checked for finding in one.findings]
    if output.as_json:
        output.document(_document(checked, around))
    else:
        _say_end(states, around, output, verbose=verbose)
    return ExitCode.FAILED if State.BROKEN in states else ExitCode.OK


def _folder() -> Path:
    """Where the command was called; a folder that was removed meanwhile is no trouble of connectord's."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()


def _say_group(group: str, before: str | None, output: Output) -> None:
    if group != before:
        if before:
            output.say()
        output.say(group, bold=True)


def _say(checked: Checked, output: Output) -> None:
    for number, finding in enumerate(checked.findings):
        name = "" if number else checked.check.name
        output.say(redact(f"  {_SIGNS[finding.state]} {name:<{_WIDTH}}  {finding.what}"), **_STYLES[finding.state])
        for text in _below(finding):
            output.say(redact(f"      {text}"))


def _below(finding: Finding) -> Iterator[str]:
    yield from finding.details
    yield from (f"→ {fix}" for fix in finding.fix)


def _say_end(states: list[State], around: Around, output: Output, *, verbose: bool) -> None:
    if verbose:
        _say_settings(around, output)
    wrong, looks = states.count(State.BROKEN), states.count(State.ATTENTION)
    output.say()
    if wrong:
        verb = "doesn't" if wrong == 1 else "don't"
        more = f", and {looks} more to look at" if looks else ""
        output.say(f"{count(wrong, 'thing')} {verb} work{more}.", fg="red")
    elif looks:
        output.say(f"Everything works; {count(looks, 'thing')} to look at.", fg="yellow")
    else:
        output.say("Everything is well.", fg="green")


def _say_settings(around: Around, output: Output) -> None:
    # Loaded here, as the checks are: a broken package must not keep the doctor from saying so.
    from connectord.doctor.settings import all_settings, line  # noqa: PLC0415
    from connectord.doctor.settings_in_force import DEFAULT  # noqa: PLC0415

    output.say()
    output.say("Settings at their default", bold=True)
    try:
        for setting in all_settings(around):
            if setting.source == DEFAULT:
                output.say(f"  {line(setting)}")
    except ConnectordError as error:
        output.say(f"  {error.what}")


def _document(checked: list[Checked], around: Around) -> dict[str, object]:
    findings = [_as_document(one, finding) for one in checked for finding in one.findings]
    document = {
        "version": __version__,
        "ok": all(finding["state"] != State.BROKEN for finding in findings),
        "checks": findings,
        "settings": _settings(around),
    }
    masked: dict[str, object] = redacted(document)
    return masked


def _as_document(checked: Checked, finding: Finding) -> dict[str, object]:
    return {
        "check": checked.check.name,
        "state": finding.state,
        "what": finding.what,
        "details": list(finding.details),
        "fix": list(finding.fix),
    }


def _settings(around: Around) -> list[dict[str, str | None]]:
    """Nothing where they can't be read; the check says why."""
    try:
        from connectord.doctor.settings import all_settings  # noqa: PLC0415  (as above)

        found = tuple(all_settings(around))
    except (ConnectordError, ImportError):
        return []
    return [{"key": one.key, "value": one.value, "source": one.source, "project": one.project} for one in found]
