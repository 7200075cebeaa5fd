"""Where each value of a JSON5 text stands: a scanner that keeps positions, which neither json nor json5 do.

It knows the grammar's structure (brackets, commas, strings, comments) but decodes no values; what a text says is
for json_text.py. It accepts every JSON5 text, and where it refuses one it says what it expected and where.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import json5

MAX_DEPTH: Final = 32
"""The deepest nesting that is read: json5 takes some twenty Python frames for each level."""

# JSON5's white space (spec 8) is Unicode's Zs and a few more; line ends are \n, \r, U+2028 and U+2029.
_SPACE: Final = r"[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
_LINE_COMMENT: Final = r"//[^\n\r\u2028\u2029]*"
_GAP: Final = re.compile(rf"(?:{_SPACE}+|{_LINE_COMMENT}|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\\n\r]|\\(?:\r\n|.))*"' + r"|'(?:[^'\\\n\r]|\\(?:\r\n|.))*'", re.DOTALL)
_BARE: Final = re.compile(r"""[^\s:,{}\[\]"'/\ufeff]+""")
_ODD_IN_KEY: Final = re.compile(r"(?=[!-~])[^A-Za-z0-9_$\\]")  # ASCII only: what else may be in a name is for json5
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_SCALAR: Final = re.compile(
    r"true|false|null|[+-]?(?:Infinity|NaN|0[xX][0-9a-fA-F]+|(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
)


class Fault(Exception):
    """A text that isn't what it should be: a sentence and the offset that it is about.

    `syntax` is False for a text that is complete and still not wanted, so that nobody waits for its other half.
    """

    def __init__(self, message: str, offset: int, *, syntax: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.syntax = syntax


class Kind(StrEnum):
    """What a value is, as far as a scanner can tell."""

    OBJECT = "object"
    ARRAY = "array"
    STRING = "string"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Item:
    """One element of an array or member of an object, from `start` (of its key, if it has one) to its value's end."""

    start: int
    key: str | None
    value: Node
    comma: int | None  # the offset of the comma behind it

    @property
    def end(self) -> int:
        """Where the value ends; comma and comments come later."""
        return self.value.end


@dataclass(frozen=True, slots=True)
class Node:
    """One value: `text[start:end]`, brackets and quotes included."""

    kind: Kind
    start: int
    end: int
    items: tuple[Item, ...] = ()

    def member(self, key: str) -> Item | None:
        """The member of that key; of several the last, as JSON5 takes it."""
        return next((item for item in reversed(self.items) if item.key == key), None)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The place of an offset as editors count it: from 1, columns in characters; CRLF, LF and CR end a line."""
    line, start = 1, 0
    for end in _LINE_END.finditer(text, 0, offset):
        line, start = line + 1, end.end()
    return line, offset - start + 1


def gap_end(text: str, offset: int) -> int:
    """Where the white space and comments that begin at `offset` end."""
    match = _GAP.match(text, offset)
    return match.end() if match else offset


def shorten(text: str, most: int = 20) -> str:
    """A text, or its beginning and an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def scan(text: str) -> Node:
    """The one value of `text` with all places in it. Raises Fault where the text can't be JSON5."""
    scanner = _Scanner(text)
    start = scanner.skip(0)
    if start == len(text):
        raise Fault("the file is empty" if not text.strip() else "the file has nothing but comments in it", start)
    node = scanner.value(start, depth=0)
    rest = scanner.skip(node.end)
    if rest < len(text):
        raise Fault(f"expected nothing more after the end of the value, found {scanner.found(rest)}", rest)
    return node


class _Scanner:
    """Walks over one text; every method takes an offset and answers with what stands there."""

    def __init__(self, text: str) -> None:
        self._text = text

    def skip(self, offset: int) -> int:
        """Past white space and comments."""
        end = gap_end(self._text, offset)
        if self._text.startswith("/*", end):
            raise Fault('this comment has no closing "*/"', end)
        return end

    def found(self, offset: int) -> str:
        """What stands at `offset`, short enough for a sentence."""
        if offset >= len(self._text):
            return "the end of the file"
        string = _STRING.match(self._text, offset)
        if string is not None:
            return shorten(string.group())
        word = _BARE.match(self._text, offset)
        snippet = shorten(word.group() if word else self._text[offset])
        return f"'{snippet}'" if snippet == '"' else json.dumps(snippet, ensure_ascii=not snippet.isprintable())

    def value(self, offset: int, depth: int) -> Node:
        """Any value that begins at `offset`."""
        first = self._text[offset : offset + 1]
        if first in ("{", "["):
            return self._container(offset, depth)
        if first in ('"', "'"):
            return Node(Kind.STRING, offset, self._string_end(offset))
        return Node(Kind.OTHER, offset, self._scalar_end(offset))

    def _container(self, start: int, depth: int) -> Node:
        if depth >= MAX_DEPTH:
            raise Fault(f"nested deeper than {MAX_DEPTH} levels", start, syntax=False)
        kind, closing = (Kind.OBJECT, "}") if self._text[start] == "{" else (Kind.ARRAY, "]")
        items: list[Item] = []
        at = self.skip(start + 1)
        while not self._text.startswith(closing, at):
            if at >= len(self._text):
                raise self._unclosed(start)
            if items and items[-1].comma is None:
                raise Fault(f'expected a comma or "{closing}", found {self.found(at)}', at)
            items.append(self._item(at, kind, depth))
            last = items[-1]
            at = self.skip(last.end if last.comma is None else last.comma + 1)
        return Node(kind, start, at + 1, tuple(items))

    def _unclosed(self, start: int) -> Fault:
        line, column = line_and_column(self._text, start)
        opening = self._text[start]
        return Fault(f'the file ends before the "{opening}" of line {line}, column {column} is closed', len(self._text))

    def _item(self, start: int, kind: Kind, depth: int) -> Item:
        key, at = self._key(start) if kind is Kind.OBJECT else (None, start)
        value = self.value(at, depth + 1)
        comma = self.skip(value.end)
        return Item(start, key, value, comma if self._text.startswith(",", comma) else None)

    def _key(self, start: int) -> tuple[str, int]:
        end, key = self._key_end(start)
        colon = self.skip(end)
        if not self._text.startswith(":", colon):
            raise Fault(f'expected ":" after the key {json.dumps(key)}, found {self.found(colon)}', colon)
        return key, self.skip(colon + 1)

    def _key_end(self, start: int) -> tuple[int, str]:
        if self._text[start] in "\"'":
            end = self._string_end(start)
            return end, self._decoded(self._text[start:end], start)
        word = _BARE.match(self._text, start)
        if word is None or word.group()[0].isdigit():
            raise Fault(f"expected a key, found {self.found(start)}", start)
        odd = _ODD_IN_KEY.search(word.group())
        if odd is not None:
            raise Fault(f'a key with "{odd.group()}" in it needs quotes', start)
        return word.end(), self._decoded(f'"{word.group()}"', start)

    def _decoded(self, literal: str, offset: int) -> str:
        if "\\" not in literal:
            return literal[1:-1]
        try:
            return str(json5.loads(literal))
        except ValueError as error:
            raise Fault("this key has an escape that JSON5 doesn't know", offset) from error

    def _string_end(self, start: int) -> int:
        match = _STRING.match(self._text, start)
        if match is None:
            raise Fault("this string has no closing quote on its line", start)
        return match.end()

    def _scalar_end(self, start: int) -> int:
        match = _SCALAR.match(self._text, start)
        word = _BARE.match(self._text, start)
        if match is None or word is None or word.end() > match.end():
            raise Fault(f"expected a value, found {self.found(start)}", start)
        return match.end()
