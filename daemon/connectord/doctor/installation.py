"""Whether this Python and these packages are what connectord was made for: what its metadata says."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from connectord import __version__
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, ok

NAME: Final = "connectord"
_AGAIN: Final = "Install connectord again: pipx reinstall connectord (or with pip, from where it was installed)"

_REQUIREMENT: Final = re.compile(r"(?P<name>[\w.-]+)\s*(?:\[[^]]*\])?\s*\(?(?P<wanted>[^;)]*)\)?\s*(?:;(?P<when>.*))?")
_CLAUSE: Final = re.compile(r"(>=|<=|==|!=|<|>|~=)\s*([\w.*+!-]+)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package, and which versions of it will do (PEP 508, as far as pyproject.toml here uses it)."""

    name: str
    wanted: str

    def accepts(self, version: str) -> bool:
        """Whether this version will do. Only numbers count: `1.2rc1` is taken for 1.2."""
        return accepts(self.wanted, version)


def check_python(around: Around) -> Iterator[Finding]:
    """Whether the interpreter is new enough, and which it is."""
    del around
    running = platform.python_version()
    wanted = _metadata("Requires-Python")
    if wanted and not accepts(wanted, running):
        yield broken(
            f"Python {running} ({sys.executable}); connectord needs {wanted}",
            "Install connectord with a newer Python: pipx reinstall --python python3.13 connectord",
        )
        return
    yield ok(f"Python {running} ({sys.executable})")


def check_packages(around: Around) -> Iterator[Finding]:
    """Whether everything that connectord needs is installed, in versions that it was made for."""
    del around
    installed, needed = _metadata("Version"), _requirements()
    if installed is None:
        yield attention(
            f"connectord {__version__} runs from its sources, without having been installed",
            "Nobody has seen to the packages that it needs; install it: pipx install . (in its folder)",
        )
        return
    wrong = tuple(_wrong(needed))
    if wrong:
        what = "1 package is" if len(wrong) == 1 else f"{len(wrong)} packages are"
        yield broken(f"{what} not as connectord needs them", _AGAIN, details=wrong)
    elif installed != __version__:
        yield attention(
            f"connectord {__version__} runs, though {installed} is what was installed last",
            _AGAIN,
        )
    else:
        yield ok(f"connectord {__version__}, and the {len(needed)} packages that it needs")


def accepts(wanted: str, version: str) -> bool:
    """Whether a version fulfils clauses like `>=3.11,<4`."""
    return all(_holds(sign, _numbers(version), bound) for sign, bound in _CLAUSE.findall(wanted))


def requirement(line: str) -> Requirement | None:
    """A line of the metadata; None for what only an extra needs."""
    found = _REQUIREMENT.match(line)
    if found is None or "extra" in (found["when"] or ""):
        return None
    return Requirement(found["name"], found["wanted"].strip())


def _requirements() -> tuple[Requirement, ...]:
    try:
        lines: Iterable[str] = metadata.requires(NAME) or ()
    except metadata.PackageNotFoundError:
        return ()
    return tuple(needed for needed in map(requirement, lines) if needed)


def _wrong(needed: Iterable[Requirement]) -> Iterator[str]:
    for one in needed:
        try:
            version = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            yield f"{one.name} is missing (needed: {one.wanted or 'any version'})"
            continue
        if not one.accepts(version):
            yield f"{one.name} is {version} (needed: {one.wanted})"


def _metadata(key: str) -> str | None:
    try:
        return metadata.metadata(NAME)[key]
    except metadata.PackageNotFoundError:
        return None


def _holds(sign: str, version: tuple[int, ...], bound: str) -> bool:
    limit = _numbers(bound)
    if bound.endswith(".*"):
        return (version[: len(limit)] == limit) is (sign == "==")
    length = max(len(version), len(limit))
    left, right = (one + (0,) * (length - len(one)) for one in (version, limit))
    if sign == "~=":
        return left >= right and version[: len(limit) - 1] == limit[:-1]
    holds = {">=": left >= right, "<=": left <= right, ">": left > right, "<": left < right, "==": left == right}
    return holds.get(sign, left != right)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[^\d.]", version.removesuffix(".*"))[0]))
