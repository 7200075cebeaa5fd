"""Running the checks: side by side, each in a thread of its own, so that one that hangs holds up none of the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from connectord.doctor.around import Around
from connectord.doctor.checks import Check
from connectord.doctor.finding import Finding, broken, of_error, unknown
from connectord.errors import ConnectordError

LIMIT: Final = 15.0
"""Seconds for all of them together. What they ask has shorter limits; a disk or a bus that hangs has none."""

Examine = Callable[[Around], Iterable[Finding]]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Checked:
    """A check and what it found, at least one thing."""

    check: Check
    findings: tuple[Finding, ...]


def run_checks(
    checks: Iterable[Check], around: Around, *, limit: float = LIMIT, clock: Clock = time.monotonic
) -> Iterator[Checked]:
    """What each check found, in their order, each as soon as those before it have ended or the time is up."""
    # Loaded one after the other: threads that import the same packages at once can see them half made.
    loaded = [(check, _loaded(check)) for check in checks]
    deadline = clock() + limit
    begun = [(check, _Begun(check, examine, around)) for check, examine in loaded]
    reasons: dict[tuple[Finding, ...], str] = {}
    for check, running in begun:
        findings = running.findings(max(0.0, deadline - clock()), limit)
        # One mistake can keep several checks from looking: the first says it, the others who did.
        first = reasons.setdefault(findings, check.name) if running.was_refused else check.name
        yield Checked(check, findings if first == check.name else (unknown(f"see what is said of {first}"),))


class _Begun:
    """A check that runs. Its thread ends with the process, if not before.

    `was_refused`: it couldn't look at anything, and its finding is the ConnectordError that it ended in.
    """

    def __init__(self, check: Check, examine: Examine, around: Around) -> None:
        self._examine = examine
        self._around = around
        self._findings: tuple[Finding, ...] = ()
        self.was_refused = False
        self._ended = threading.Event()
        threading.Thread(target=self._run, name=f"check {check.name}", daemon=True).start()

    def findings(self, patience: float, limit: float) -> tuple[Finding, ...]:
        if self._ended.wait(patience):
            return self._findings
        return (
            broken(
                f"this check hasn't ended after {limit:.0f} s: what it looks at hangs",
                "A disk that is away, or a bus or network that swallows requests, does so; run it again in a while.",
            ),
        )

    def _run(self) -> None:
        try:
            self._findings = tuple(self._examine(self._around))
        except ConnectordError as error:
            self._findings, self.was_refused = (of_error(error),), True
        except Exception as error:  # noqa: BLE001  (a check with a defect is told, and the others go on)
            self._findings = (_defect(error),)
        finally:
            self._ended.set()


def _loaded(check: Check) -> Examine:
    """The check's function; one that can't be loaded (a broken package) is a finding like any other."""
    module, _, name = check.place.partition(":")
    try:
        examine: Examine = getattr(import_module(module), name)
    except Exception as error:  # noqa: BLE001  (whatever a broken package raises)
        finding = broken(
            f"this check can't be loaded: {type(error).__name__}: {error}",
            "Install connectord again: pipx reinstall connectord",
        )
        return lambda _: (finding,)
    return examine


def _defect(error: Exception) -> Finding:
    what = f"this check failed itself, which is a defect of connectord: {type(error).__name__}: {error}"
    return broken(what, "Report it, please; the other checks are not affected.")
