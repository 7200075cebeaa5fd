"""What a JSON5 text says. The standard library goes first, because json5 takes 30 ms per KB.

Three ways, quickest first, each for the texts that the one before can't read: plain JSON; JSON with comments and
trailing commas (nearly every .jsonc), which become blanks; all of JSON5. The scanner stands before the slow one,
so that a half-written file is refused in microseconds.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import json5

from connectord.project.spans import MAX_DEPTH, Fault, scan

# A text is taken apart into what stays, comments, and trailing commas. What can't be right stays, so that json refuses
# it: a string or a comment that isn't closed (to the end of the text), a comma with nothing before it. Each part can be
# read in one way only, which keeps this linear on any input; nothing is called for each match, since a start reads tens
# of thousands of files. Possessive quantifiers stand at single characters alone: Python before 3.11.5 misreads others.
_LINE: Final = r"//[^\n\r\u2028\u2029]*+"
_BLOCK: Final = r"/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*/"
_SPACE: Final = rf"(?:\s++|{_LINE}|{_BLOCK})*"
_STRING: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*"?'
_COMMAS: Final = rf"[\[{{,]{_SPACE},|,(?!{_SPACE}[\]}}])"
_STAYS: Final = rf'(?:[^"/,\[{{]++|{_STRING}|{_COMMAS}|[\[{{]|/(?![/*]))+'
_PARTS: Final = re.compile(rf"({_STAYS})|{_LINE}|{_BLOCK}|,|(/\*.*)", re.DOTALL)
_LONG_NUMBER: Final = re.compile(r"[0-9]{4301}")
_SYNTAX_ERROR: Final = "<string>:"  # how json5 begins a message of its own


def parse(text: str) -> Any:
    """The value of a JSON5 text, as Python's types. Raises Fault, with the offset that it is about.

    Of a key that comes twice the last one counts. Numbers may be NaN or infinite. A surrogate that is half of a
    pair stays in its string: who sends it or takes it for a path asks `has_utf8` first.
    """
    if text.startswith("\ufeff"):  # JSON5 calls it white space, json does not; a blank keeps the offsets
        text = " " + text[1:]
    if text.count("[") + text.count("{") > MAX_DEPTH:
        scan(text)  # for its limit: json's own is Python's stack
    for simplified in (_without_comments,) if "/" in text else (_as_it_is, _without_comments):
        try:
            return json.loads(simplified(text))
        except ValueError:
            continue  # what it has wrong, if anything, the next way says better
    return _parse_json5(text)


def has_utf8(text: str) -> bool:
    """Whether a string can be sent or stored at all: half of a surrogate pair can't."""
    if text.isascii():  # nearly always, and at once
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_it_is(text: str) -> str:
    return text


def _without_comments(text: str) -> str:
    return " ".join(filter(None, _PARTS.split(text)))


def _parse_json5(text: str) -> Any:
    root = scan(text)
    try:
        value, error, offset = json5.parse(text)
    except RecursionError as too_deep:
        raise Fault("nested too deeply", root.start, syntax=False) from too_deep
    if error is not None:
        raise _fault(text, error, offset)
    return _joined(value)


def _fault(text: str, error: str, offset: int) -> Fault:
    if not error.startswith(_SYNTAX_ERROR):  # then Python refused it: it reads no integer of more than 4,300 digits
        number = _LONG_NUMBER.search(text)
        return Fault("this number is too long", number.start() if number else 0, syntax=False)
    if offset >= len(text):
        return Fault("the file ends too early", offset)
    return Fault(f"{json.dumps(text[offset])} can't stand here", offset)


def _joined(value: Any) -> Any:
    r"""The same value with `\ud83d\ude00` as the one character that it means: json5 leaves such pairs apart."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, list):
        return [_joined(element) for element in value]
    if isinstance(value, dict):
        return {_joined(key): _joined(member) for key, member in value.items()}
    return value
