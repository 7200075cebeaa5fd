"""The documentation as tests read it: its pages, the commands in them, and where their links lead."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = tuple(sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))))

_FENCE: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_BLOCK_LINE: Final = re.compile(r"^    (?=\S)(.*)$", re.MULTILINE)
_WORDS_FOR: Final = {"SPAN": "1h", "S": "5", "N": "0", "TYPE": "slack", "COMMAND": "status"}
"""What may stand where a page has a name for it; a path may be anything."""


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def links(text: str) -> list[str]:
    """The targets of all links and pictures."""
    return _LINK.findall(text)


def anchors(text: str) -> set[str]:
    """What a `#...` may name: the headings, as GitHub writes them."""
    headings = (line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(text: str) -> list[str]:
    """All that stands in backticks, and each line of a block."""
    return [*_CODE.findall(text.replace("\\|", "|")), *_BLOCK_LINE.findall(text)]


def commands(text: str) -> Iterator[tuple[str, ...]]:
    """The words after `connectord` of each command in a page's code; `a|b` and `[a]` are all that they may be."""
    for line in code(text):
        for part in re.split(r"&&|;|\$\(", line):
            words = part.split(" #")[0].strip().rstrip(")\"'").removeprefix("sudo ")
            if words.startswith("connectord ") and "…" not in words and "CHANNEL" not in words:
                yield from _spelled_out(words.split("|  ")[0].split(" | ")[0])


def _spelled_out(line: str) -> Iterator[tuple[str, ...]]:
    choices = []
    for group in re.findall(r"\[[^\]]*\]|\S+", line.removeprefix("connectord ")):
        ways = group.strip("[]").removesuffix("...").split("|")
        optional = [""] if group.startswith("[") else []
        choices.append([*ways, *optional])
    for chosen in itertools.product(*choices):
        words = [word for way in chosen for word in shlex.split(way.removesuffix("..."))]
        yield tuple(_WORDS_FOR.get(word, word) for word in words)
