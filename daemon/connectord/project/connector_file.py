"""One connector file's content: either a connector, or everything that keeps it from being one (protocol.md)."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from connectord.project.json_text import has_utf8, parse
from connectord.project.model import Connector, Problem, ProblemCode, Severity
from connectord.project.regular_file import Unusable, decode, readable_part
from connectord.project.spans import Fault, Node, line_and_column, scan

VALID_TYPE: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What may stand in a URL's path as a connector type; the CLI's pattern, case-insensitive."""

MEANT_KEYS: Final = ("type", "scopes", "connection_config")
"""The keys that go to Base44. Others are kept in the file and not read."""

_MOST_BITS: Final = 14_000  # Python writes no integer of more than 4,300 digits; hexadecimal ones can be read


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file says: `connector` is None exactly when a problem is an error."""

    connector: Connector | None
    problems: tuple[Problem, ...] = ()

    @property
    def type_at(self) -> tuple[int, int]:
        """Line and column of the type. Worked out anew: few files have anything said about them."""
        if self.connector is None or self.connector.text is None:
            return 1, 1
        text = self.connector.text
        return line_and_column(text, _found(scan(text), ("type",)).start)


@dataclass(frozen=True, slots=True)
class _Complaint:
    """A problem before it has a place: `path` are the keys and indices that lead to the value, from the root."""

    message: str
    path: tuple[str | int, ...] = ()
    code: ProblemCode = ProblemCode.SHAPE
    severity: Severity = Severity.ERROR


def read_connector(content: bytes, file: Path) -> Reading:
    """The connector that `content` says, or the problems with it. Raises nothing."""
    try:
        text = decode(content)
        value = parse(text)
        complaints = [*_shape(value), *_repeated_keys(text)]
        root = scan(text) if complaints else None
    except Unusable as unusable:
        place = line_and_column(readable_part(content), unusable.offset or 0)
        return _broken(file, unusable.code, unusable.message, place)
    except Fault as fault:
        code = ProblemCode.SYNTAX if fault.syntax else ProblemCode.SHAPE
        return _broken(file, code, fault.message, line_and_column(text, fault.offset))
    problems = tuple(_placed(complaint, file, text, root) for complaint in complaints) if root else ()
    if any(problem.severity is Severity.ERROR for problem in problems):
        return Reading(None, problems)
    return Reading(_connector(value, file, text), problems)


def _broken(file: Path, code: ProblemCode, message: str, place: tuple[int, int]) -> Reading:
    line, column = place
    return Reading(None, (Problem(file, code, sentence(message), line, column),))


def sentence(message: str) -> str:
    """A remark as a person reads it: with a capital letter and a full stop."""
    return message[:1].upper() + message[1:].rstrip(".") + "."


def _connector(value: Mapping[str, Any], file: Path, text: str) -> Connector:
    # The same words stand in many files, and the text in base as well: each is kept once.
    scopes = tuple(map(sys.intern, value.get("scopes", ())))
    return Connector(sys.intern(value["type"]), scopes, value.get("connection_config"), file, sys.intern(text))


def _placed(complaint: _Complaint, file: Path, text: str, root: Node) -> Problem:
    line, column = line_and_column(text, _found(root, complaint.path).start)
    return Problem(file, complaint.code, complaint.message, line, column, complaint.severity)


def _found(root: Node, path: tuple[str | int, ...]) -> Node:
    """The value at the end of a path; the nearest one before it, if a key has a name that the scanner can't tell."""
    node = root
    for step in path:
        item = node.items[step] if isinstance(step, int) else node.member(step)
        if item is None:
            break
        node = item.value
    return node


def _shape(value: Any) -> Iterator[_Complaint]:
    if not isinstance(value, dict):
        yield _Complaint(f'A connector file holds one object like {{ "type": "slack" }}, not {_kind(value)}.')
        return
    yield from _type(value)
    yield from _scopes(value.get("scopes", []))
    config = value.get("connection_config")
    if config is not None and not isinstance(config, dict):
        yield _Complaint(f'"connection_config" must be an object, not {_kind(config)}.', ("connection_config",))
    if config is not None:
        yield from _unsendable(config, ("connection_config",))


def _type(value: Mapping[str, Any]) -> Iterator[_Complaint]:
    if "type" not in value:
        yield _Complaint('"type" is missing: say which service this connects, like "type": "slack".')
        return
    type_ = value["type"]
    if not isinstance(type_, str):
        yield _Complaint(f'"type" must be a string, not {_kind(type_)}.', ("type",))
    elif VALID_TYPE.fullmatch(type_) is None:
        yield _Complaint(f'"type" may have letters, digits, "_" and "-" only, not {type_!a}.', ("type",))


def _scopes(scopes: Any) -> Iterator[_Complaint]:
    if not isinstance(scopes, list):
        yield _Complaint(f'"scopes" must be a list of strings, not {_kind(scopes)}.', ("scopes",))
        return
    for index, scope in enumerate(scopes):
        if not isinstance(scope, str):
            message = f'"scopes" must be a list of strings; number {index + 1} is {_kind(scope)}.'
            yield _Complaint(message, ("scopes", index))
        elif not has_utf8(scope):
            yield from _unsendable(scope, ("scopes", index))


def _unsendable(value: Any, path: tuple[str | int, ...]) -> Iterator[_Complaint]:
    """Values that JSON5 has and JSON on the wire has not."""
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        yield _Complaint("This number is too long to be sent to Base44.", path)
    elif isinstance(value, float) and not math.isfinite(value):
        yield _Complaint(f"{_number(value)} can't be sent to Base44: JSON has no such number.", path)
    elif isinstance(value, str) and not has_utf8(value):
        yield _Complaint("This string holds half of a surrogate pair, which can't be sent to Base44.", path)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _unsendable(element, (*path, index))
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _unsendable(key, path)
            yield from _unsendable(member, (*path, key))


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "An infinite number" if value > 0 else "A negative infinite number"


def _repeated_keys(text: str) -> Iterator[_Complaint]:
    # Scanning takes as long as all the rest, and hardly any file says a key twice.
    if "\\" not in text and all(text.count(key) <= 1 for key in MEANT_KEYS):
        return
    root = scan(text)
    for key in MEANT_KEYS:
        if sum(item.key == key for item in root.items) > 1:
            message = f'"{key}" is said more than once; this one, the last, counts.'
            yield _Complaint(message, (key,), ProblemCode.DUPLICATE_KEY, Severity.WARNING)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
