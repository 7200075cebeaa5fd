"""Smallest edits to the items of a JSON5 array or object: what stays keeps its bytes, its comments and its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from connectord.project.spans import Item, Node

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_BLANKS: Final = re.compile(r"[ \t]*")
_BLANKS_AND_COMMENTS: Final = re.compile(r"(?:[ \t]+|//[^\n\r\u2028\u2029]*|/\*[^\n\r]*?\*/)*")


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `text` in the place of `[start:end]`."""

    start: int
    end: int
    text: str = ""


def apply(text: str, edits: Iterable[Edit]) -> str:
    """All edits at once; they may touch but not overlap. What is put in at a place comes before what is cut there."""
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])


def line_end_of(text: str) -> str:
    """The line end that the text uses; a single one decides."""
    match = _LINE_END.search(text)
    return match.group() if match else "\n"


def indentation(text: str, offset: int) -> str:
    """The blanks at the beginning of the line that `offset` is on."""
    match = _BLANKS.match(text, _line_start(text, offset))
    return match.group() if match else ""


def begins_its_line(text: str, offset: int) -> bool:
    """Whether only blanks stand before it on its line, and there is a line before: the multi-line style."""
    start = _line_start(text, offset)
    return start > 0 and not text[start:offset].strip()


def replace_items(text: str, container: Node, remove: Sequence[Item], add: Sequence[str]) -> list[Edit]:
    """The edits that take `remove` out of a container and append `add` behind the items that stay.

    A comment behind a removed item that had a line to itself goes with it; all others stay, and so does the habit of
    a trailing comma.
    """
    gone = {item.start for item in remove}
    keep = [item for item in container.items if item.start not in gone]
    if not keep:
        return _none_kept(text, container, add)
    edits = [edit for item in remove for edit in _removed(text, item, _kept_before(text, keep, item))]
    last, trailing = keep[-1], container.items[-1].comma is not None
    if add:
        edits += _appended(text, last, add, trailing=trailing)
    elif last.comma is not None and not trailing:
        edits.append(Edit(last.comma, last.comma + 1))
    return edits


def _kept_before(text: str, keep: Sequence[Item], item: Item) -> bool:
    """Whether an item that stays stands before this one on its line."""
    line_start = _line_start(text, item.start)
    return any(line_start <= other.start < item.start for other in keep)


def _removed(text: str, item: Item, kept_before: bool = False) -> list[Edit]:
    """Cut the item and its comma, with its line where it has one to itself; comments in between stay."""
    end = item.end
    apart: list[Edit] = []
    if item.comma is not None and text[end : item.comma].strip():
        apart.append(Edit(item.comma, item.comma + 1))
    elif item.comma is not None:
        end = item.comma + 1
    line_end = _LINE_END.match(text, _end_of_remarks(text, end))
    if line_end and not apart and begins_its_line(text, item.start):
        return [Edit(_line_start(text, item.start), line_end.end())]
    if kept_before or (line_end and not begins_its_line(text, item.start)):
        return [Edit(len(text[: item.start].rstrip(" \t")), end), *apart]
    return [Edit(item.start, _end_of_blanks(text, end)), *apart]


def _appended(text: str, last: Item, add: Sequence[str], *, trailing: bool) -> list[Edit]:
    comma = [] if last.comma is not None else [Edit(last.end, last.end, ",")]
    behind = last.end if last.comma is None else last.comma + 1
    line_start = _line_start(text, last.start)
    if line_start == 0 or _end_of_remarks(text, line_start) != last.start:
        return [*comma, Edit(behind, behind, " " + ", ".join(add) + ("," if trailing else ""))]
    remarks = _end_of_remarks(text, behind)
    at = remarks if _LINE_END.match(text, remarks) else behind
    return [*comma, Edit(at, at, _lines(text, indentation(text, last.start), add, trailing=trailing))]


def _none_kept(text: str, container: Node, add: Sequence[str]) -> list[Edit]:
    """Other contents for a whole container; its comments stay, behind what is put in."""
    inside, end = container.start + 1, container.end - 1
    comments = _comments(text, container)
    if not add:
        return [Edit(inside, end, comments)]
    trailing = "," if container.items and container.items[-1].comma is not None else ""
    if not _is_multi_line(text, container):
        return [Edit(inside, end, ", ".join(add) + trailing + comments)]
    outer = indentation(text, container.start)
    lines = _lines(text, outer + _step(text, container), add, trailing=bool(trailing))
    return [Edit(inside, end, lines + (comments or line_end_of(text) + outer))]


def _comments(text: str, container: Node) -> str:
    """What a container holds beside its items and commas, if that is more than white space."""
    cut = [edit for item in container.items for edit in _removed(text, item)]
    at_start = container.start + 1
    moved = [Edit(edit.start - at_start, edit.end - at_start) for edit in cut]
    rest = apply(text[at_start : container.end - 1], moved)
    return rest if rest.strip() else ""


def _is_multi_line(text: str, container: Node) -> bool:
    """Whether its items have lines of their own; an empty container does as the line that it is on."""
    if _LINE_END.search(text, container.start, container.end):
        return True
    return not container.items and bool(indentation(text, container.start))


def _step(text: str, container: Node) -> str:
    """One level of indentation: what the first item has beyond the container's line, or as much as that line has."""
    outer = indentation(text, container.start)
    if container.items and begins_its_line(text, container.items[0].start):
        inner = indentation(text, container.items[0].start)
        if inner.startswith(outer) and inner != outer:
            return inner.removeprefix(outer)
    return outer or "  "


def _lines(text: str, indent: str, items: Sequence[str], *, trailing: bool) -> str:
    line_end = line_end_of(text)
    return ",".join(f"{line_end}{indent}{item}" for item in items) + ("," if trailing else "")


def _end_of_remarks(text: str, offset: int) -> int:
    match = _BLANKS_AND_COMMENTS.match(text, offset)
    return match.end() if match else offset


def _end_of_blanks(text: str, offset: int) -> int:
    match = _BLANKS.match(text, offset)
    return match.end() if match else offset


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
