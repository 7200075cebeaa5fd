"""`python -m tests.benchmarks [PART ...]`: measure, write down, and bring docs/performance.md up to date.

Each part is measured by itself and kept as soon as it is done, so that a run can be broken off and gone on with.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks import report, results, rivals
from tests.benchmarks.bench import FULL, QUICK, Bench, Sizes
from tests.benchmarks.daemon import PROGRAM_VARIABLE
from tests.benchmarks.parts import burst, cold, commands, idle, pauses, save, scale, switch
from tests.benchmarks.results import Result
from tests.benchmarks.rivals import RIVALS, Rival

ROOT: Final = Path(__file__).parents[2]
PLACE: Final = ROOT / "docs" / "performance"
"""Results are kept here: `now/` what holds, `before/` what it is compared with."""

PAGE: Final = ROOT / "docs" / "performance.md"

BEFORE: Final = "before"
DIRTY: Final = "-dirty"

PARTS: Final[Mapping[str, Callable[[Bench], None]]] = {
    "save": save.measure,
    "switch": switch.measure,
    "idle": idle.measure,
    "burst": burst.measure,
    "pauses": pauses.measure,
    "scale": scale.measure,
    "commands": commands.measure,
    "cold": cold.measure,
}


def main(words: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure connectord, side by side with others.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all of them without one")
    parser.add_argument("--as", dest="name", default="now", help="the name to keep the results under (default: now)")
    parser.add_argument("--report", action="store_true", help="measure nothing; bring docs/performance.md up to date")
    parser.add_argument(
        "--quick", action="store_true", help="each step once; the figures mean nothing and are not kept"
    )
    parser.add_argument("--alone", action="store_true", help="measure nothing beside it")
    parser.add_argument(
        "--before", metavar="PROGRAM", help="measure this connectord of before, too: alone, after each part"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="leave out what was measured already: now with this state of the code, before at all",
    )
    parser.add_argument("--check", action="store_true", help="measure nothing; look whether these words are right")
    asked = parser.parse_args(words)
    if unknown := sorted(set(asked.parts) - PARTS.keys()):
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if asked.before and shutil.which(asked.before) is None:
        parser.error(f"--before: {asked.before} is no program")
    if asked.check:
        return
    folder = None if asked.quick else PLACE / asked.name
    if asked.report:
        report.bring_up_to_date(PAGE, PLACE)
        return
    beside = () if asked.alone else _rivals()
    jobs = [
        job
        for part in asked.parts or PARTS
        for job in _jobs(part, folder, beside, quick=asked.quick, before=asked.before)
        if not (asked.resume and job.is_done())
    ]
    failed = []
    for number, job in enumerate(jobs, start=1):
        _say(f"{number} of {len(jobs)}: {job.name}")
        try:
            job.run()
        except Exception:  # noqa: BLE001  (whatever it is, the other parts are measured all the same)
            traceback.print_exc()
            failed.append(job.name)
        if folder:
            report.bring_up_to_date(PAGE, PLACE)
    if failed:
        _say(f"could not be measured: {', '.join(failed)}")
        sys.exit(1)


@dataclass(frozen=True, slots=True)
class _Job:
    """One part of one program."""

    name: str
    run: Callable[[], None]
    is_done: Callable[[], bool]


def _jobs(part: str, folder: Path | None, beside: tuple[Rival, ...], *, quick: bool, before: str | None) -> list[_Job]:
    def now() -> None:
        result = measure(part, QUICK if quick else FULL, beside=beside, say=_say)
        if folder:
            _say(f"kept in {results.save(result, folder).relative_to(ROOT)}")

    def is_measured() -> bool:
        kept = results.load(folder).get(part) if folder else None
        if kept is None or kept.commit != _commit() or kept.commit.endswith(DIRTY):
            return False
        return bool(kept.beside) or not beside

    jobs = [_Job(part, now, is_measured)]
    if folder and before:
        then = Path(before).absolute()
        jobs.append(
            _Job(f"{part} before", lambda: _measure_before(part, then), lambda: part in results.load(PLACE / BEFORE))
        )
    return jobs


def _measure_before(part: str, program: Path) -> None:
    """In a process of its own: which program is measured stands in the environment."""
    words = [part, "--as", BEFORE, "--alone"]
    environment = {**os.environ, PROGRAM_VARIABLE: str(program)}
    subprocess.run([sys.executable, "-m", "tests.benchmarks", *words], cwd=ROOT, env=environment, check=True)


def measure(part: str, sizes: Sizes, *, beside: tuple[Rival, ...], say: Callable[[str], None]) -> Result:
    """Measure one part, with these rivals beside."""
    load, started = os.getloadavg()[0], time.monotonic()
    bench = Bench(sizes, lambda text: say(f"{part} {time.monotonic() - started:6.0f} s  {text}"), beside)
    say(f"{part}: begins at a load of {load:.2f}")
    PARTS[part](bench)
    return Result(
        part=part,
        at=results.now(),
        commit=_commit(),
        machine=results.this_machine(load, bench.paces),
        beside=rivals.versions() if beside else {},
        measurements=tuple(bench.measurements),
    )


def _rivals() -> tuple[Rival, ...]:
    lacking = rivals.missing()
    if not lacking:
        try:
            rivals.fetch()
        except (OSError, subprocess.SubprocessError) as error:
            lacking = str(error)
    if lacking:
        _say(f"measured alone, since there is nothing to compare with: {lacking}")
    return () if lacking else RIVALS


def _commit() -> str:
    """The last commit of the program that is measured: others, of results and words, say nothing about it."""
    if PROGRAM_VARIABLE in os.environ:
        return "another build"
    last = _git("log", "-1", "--format=%h", "--", "daemon")
    return (last or "unknown") + (DIRTY if _git("status", "--porcelain", "--", "daemon") else "")


def _git(*words: str) -> str:
    said = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return said.stdout.strip()


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # As Ctrl-C does: what was started is ended, and its folders go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
