"""A connector file's text made to say something else, as a careful person would do it by hand (pull, restore)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import EllipsisType
from typing import Any

from connectord.project.edits import Edit, apply, begins_its_line, indentation, line_end_of, replace_items
from connectord.project.json_text import parse
from connectord.project.spans import Fault, Kind, Node, scan


def rewrite(
    text: str,
    *,
    type: str,
    scopes: Sequence[str],
    connection_config: Mapping[str, Any] | EllipsisType | None = ...,
) -> str:
    """The smallest edit of a connector file's text after which it says this type and these scopes.

    Comments, unknown keys, order, quotes, indentation, trailing commas, line ends and a byte order mark stay; only a
    comment behind a scope that goes, goes with it. Scopes are a set here: another order is no difference, and new ones
    are appended. `connection_config`: `...` leaves it alone, None takes it out. A text that agrees comes back as it
    is. Raises ValueError for a text that isn't a connector file: read it into a snapshot first.
    """
    said, root = _read(text)
    wanted: dict[str, Any] = {"type": type}
    if set(said.get("scopes", [])) != set(scopes):
        wanted["scopes"] = list(dict.fromkeys(scopes))
    if connection_config is not ...:
        wanted["connection_config"] = connection_config
    changed = {key: value for key, value in wanted.items() if not _same(said.get(key), value)}
    return apply(text, _edits(text, root, said, changed))


def new_file_text(
    type: str,
    scopes: Sequence[str],
    connection_config: Mapping[str, Any] | None = None,
) -> str:
    """The text of a new `.jsonc` file: two spaces of indentation, a line end at the end."""
    content: dict[str, Any] = {"type": type, "scopes": list(scopes)}
    if connection_config is not None:
        content["connection_config"] = connection_config
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _read(text: str) -> tuple[dict[str, Any], Node]:
    try:
        value, root = parse(text), scan(text)
    except Fault as fault:
        raise ValueError(f"not a connector file: {fault.message}") from fault
    scopes = value.get("scopes", []) if isinstance(value, dict) else None
    strings = [value.get("type"), *scopes] if isinstance(scopes, list) else [None]
    if not all(isinstance(string, str) for string in strings):
        raise ValueError("not a connector file: its shape is wrong")
    return value, root


def _same(said: Any, wanted: Any) -> bool:
    """Equal as JSON: to Python true is 1."""
    return json.dumps(said, sort_keys=True, default=dict) == json.dumps(wanted, sort_keys=True, default=dict)


def _edits(text: str, root: Node, said: Mapping[str, Any], changed: Mapping[str, Any]) -> list[Edit]:
    """`changed` are the keys that must say something else; None takes a key out."""
    edits: list[Edit] = []
    for key in changed.keys() & said.keys():
        node = _value_of(root, key)
        if key == "scopes":
            edits += _scope_edits(text, node, said["scopes"], changed["scopes"])
        elif changed[key] is not None:
            edits.append(Edit(node.start, node.end, _written(text, root, changed[key])))
    emptied = {key for key, value in changed.items() if value is None}
    gone = [item for item in root.items if item.key in emptied]
    new = [
        f"{_key(text, root, key)}: {_written(text, root, value)}"
        for key, value in changed.items()
        if key not in said and value is not None
    ]
    return edits + (replace_items(text, root, gone, new) if gone or new else [])


def _scope_edits(text: str, array: Node, said: Sequence[str], wanted: Sequence[str]) -> list[Edit]:
    gone = [item for item, scope in zip(array.items, said, strict=True) if scope not in wanted]
    new = [_quoted(text, array, scope) for scope in wanted if scope not in said]
    return replace_items(text, array, gone, new)


def _value_of(root: Node, key: str) -> Node:
    item = root.member(key)
    if item is None:
        raise ValueError(f"the key {key} is written in a way that can't be found")
    return item.value


def _written(text: str, root: Node, value: Any) -> str:
    """A value in the file's own style: on lines of its own where the members have lines of their own."""
    if isinstance(value, str):
        return _quoted(text, root, value)
    first = root.items[0].start
    if not begins_its_line(text, first) or not value:
        return json.dumps(value, ensure_ascii=False)
    indent = indentation(text, first)
    lines = json.dumps(value, ensure_ascii=False, indent=indent or 2)
    return lines.replace("\n", line_end_of(text) + indent)


def _key(text: str, root: Node, key: str) -> str:
    """A key quoted, or not, as the first key of the file is."""
    quote = text[root.items[0].start]
    return f"{quote}{key}{quote}" if quote in "\"'" else key


def _quoted(text: str, container: Node, value: str) -> str:
    """A string with the quotes that its neighbours have."""
    neighbours = (text[item.value.start] for item in container.items if item.value.kind is Kind.STRING)
    literal = json.dumps(value, ensure_ascii=False)
    if next(neighbours, '"') == '"':
        return literal
    return "'" + literal[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
