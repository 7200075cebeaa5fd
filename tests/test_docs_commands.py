"""Every command that the documentation or a message of ours names can be typed as it stands there."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.support.documents import PAGES, ROOT, commands, page

import connectord
from connectord.cli.app import connectord_group

IN_A_MESSAGE = re.compile(r"(?:: |`)connectord ([a-z][a-z -]*[a-z])(?!['a-z])")
"""Where a message tells somebody to type a command: after a colon, or in backticks."""

NO_COMMAND = frozenset({"keeps"})
"""What connectord itself does in a sentence of that form."""


def parse(words: tuple[str, ...], group: click.Group = connectord_group) -> None:
    """As click does it when it is typed, but for running it. Raises click.UsageError."""
    with contextlib.suppress(click.exceptions.Exit):  # --help and --version end so
        context = group.make_context("connectord", list(words), resilient_parsing=False)
        name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        if isinstance(command, click.Group):
            parse(tuple(rest), command)
        else:
            command.make_context(name, rest)


@pytest.mark.parametrize("name", PAGES)
def test_each_command_of_a_page_can_be_typed(name: str) -> None:
    wrong = []
    for words in commands(page(name)):
        try:
            parse(words)
        except (click.UsageError, click.exceptions.NoArgsIsHelpError) as error:
            wrong.append(f"connectord {' '.join(words)}: {error.format_message()}")
    assert wrong == []


def test_the_pages_have_commands() -> None:
    found = [words for name in PAGES for words in commands(page(name))]
    assert len(found) > 100
    assert ("service", "install") in commands(page("README.md"))
    assert ("snooze", "1h") in commands(page("README.md"))


@pytest.mark.parametrize(
    "words",
    [
        ("frobnicate",),
        ("status", "--loud"),
        ("service", "begin"),
        ("skip",),
        ("wait", "--timeout", "soon"),
    ],
)
def test_a_command_that_is_none_is_found(words: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        parse(words)


def messages() -> Iterator[str]:
    """All texts in the code, f-strings with their values left out."""
    for path in Path(connectord.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_each_command_that_a_message_names_exists() -> None:
    named = {found for text in messages() for found in IN_A_MESSAGE.findall(text)}
    assert {"service install", "login", "projects add"} <= named
    for words in sorted(named):
        first, *rest = words.split()
        if first in NO_COMMAND:
            continue
        command = connectord_group.get_command(click.Context(connectord_group), first)
        assert command is not None, words
        if isinstance(command, click.Group):
            assert not rest or rest[0] in command.commands, words


@pytest.mark.parametrize("name", PAGES)
def test_each_target_of_make_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z]+)", page(name), re.MULTILINE))
    assert named <= targets


def test_nothing_is_fetched_by_a_name_under_which_nothing_was_released() -> None:
    by_name = re.compile(r"pipx? install\b[^`\n]* connectord\b")
    sources = [str(path.relative_to(ROOT)) for path in ROOT.glob("daemon/**/*.py")]
    assert [(name, found) for name in (*PAGES, *sources) for found in by_name.findall(page(name))] == []
