"""The systemd unit as text: written for an installation, and read back. Pure."""

from __future__ import annotations

import re
from typing import Final

from connectord.service.definition import Definition
from connectord.service.errors import NotWritable
from connectord.service.templates import UNIT, template

_INSTEAD: Final = "Or run it without systemd: connectord start"

_START: Final = re.compile(r'^ExecStart=:("(?:[^"\\]|\\.)*") -P -m connectord run --service$', re.MULTILINE)
_ENVIRONMENT: Final = re.compile(r'^Environment=("(?:[^"\\]|\\.)*")$', re.MULTILINE)
_NAMESPACES: Final = re.compile(r"^# begin: user namespaces\n(.*?)^# end: user namespaces\n", re.MULTILINE | re.DOTALL)

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "%": "%%"}
_ESCAPED: Final = re.compile(r"\\(.)|%%")


def unit_text(definition: Definition, version: str) -> str:
    """The unit file. Raises NotWritable where a path or a value can't stand in one."""
    text = template(UNIT)
    if not definition.confined:
        text = _NAMESPACES.sub("", text)
    lines = [f"Environment={_quoted(f'{name}={value}')}\n" for name, value in definition.environment.items()]
    text = text.replace("@ENVIRONMENT@\n", "".join(lines))
    _refuse_quotes(definition.python)
    return text.replace("@PYTHON@", _quoted(definition.python)).replace("@VERSION@", version)


def read_unit(text: str) -> Definition | None:
    """What a unit of ours runs; None for one that connectord didn't write."""
    start = _START.search(text)
    if start is None:
        return None
    pairs = (_unquoted(found).partition("=") for found in _ENVIRONMENT.findall(text))
    return Definition(
        _unquoted(start[1]),
        {name: value for name, _, value in pairs},
        confined=_NAMESPACES.search(text) is not None,
    )


def namespace_directives() -> tuple[str, ...]:
    """The directives of the unit that need a user namespace, as `Name=value`."""
    found = _NAMESPACES.search(template(UNIT))
    lines = found[1].splitlines() if found else []
    return tuple(line for line in lines if line and not line.startswith("#"))


def _refuse_quotes(program: str) -> None:
    if set(program) & set("\"'\\"):
        raise NotWritable(
            f"systemd starts no program with a quotation mark or a backslash in its path: {program}",
            todo=("Install connectord into another folder.", _INSTEAD),
        )


def _quoted(word: str) -> str:
    """A word as systemd reads it back: C's escapes in quotes (systemd.syntax(7)), and no specifiers."""
    if any(not char.isprintable() and char not in "\n\t" for char in word):
        raise NotWritable(
            f"A systemd unit can't hold {word!r}: it has control characters, or isn't UTF-8.",
            todo=("Set the variable, or name the folder, otherwise.", _INSTEAD),
        )
    return '"' + "".join(_ESCAPES.get(char, char) for char in word) + '"'


def _unquoted(quoted: str) -> str:
    def plain(found: re.Match[str]) -> str:
        return {"n": "\n", "t": "\t", None: "%"}.get(found[1], found[1])

    return _ESCAPED.sub(plain, quoted[1:-1])
