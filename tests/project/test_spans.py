"""The scanner: accepts every JSON5 text, and each span's text is the value that json5 sees there."""

from __future__ import annotations

from typing import Any

import json5
import pytest
from hypothesis import example, given, settings
from tests.support.json5_texts import SCRAPS, TEXTS

from connectord.project.spans import Fault, Kind, Node, line_and_column, scan


def _same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)  # NaN is equal to itself here


def _agrees(text: str, node: Node, value: Any) -> bool:
    if not _same(json5.loads(text[node.start : node.end]), value):
        return False
    if node.kind is Kind.ARRAY:
        return all(_agrees(text, item.value, element) for item, element in zip(node.items, value, strict=True))
    if node.kind is Kind.OBJECT:
        return {item.key for item in node.items} == set(value) and all(
            _agrees(text, item.value, member) for key, member in value.items() if (item := node.member(key))
        )
    return (node.kind is Kind.STRING) == isinstance(value, str)


@given(TEXTS)
@settings(max_examples=120, deadline=None)
def test_the_text_of_every_span_says_what_json5_sees_there(text: str) -> None:
    assert _agrees(text, scan(text), json5.loads(text))


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_every_comma_is_where_the_scanner_says(text: str) -> None:
    commas = [item.comma for item in scan(text).items if item.comma is not None]
    assert "".join(text[comma] for comma in commas) == "," * len(commas)


@given(SCRAPS)
@example("{a:1}/")
@example("[1/**/2]")
@example("/*")
@example("[+]")
@settings(max_examples=200, deadline=None)
def test_no_json5_text_is_refused(scrap: str) -> None:
    try:
        value = json5.loads(scrap)
    except ValueError:
        value = None
    else:
        node = scan(scrap)
        assert _same(json5.loads(scrap[node.start : node.end]), value)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "the file is empty"),
        (" \n ", 2, 2, "the file is empty"),
        ("// later", 1, 9, "the file has nothing but comments in it"),
        ('{"a": 1', 1, 8, 'the file ends before the "{" of line 1, column 1 is closed'),
        ('{\n  "a": [1,\n', 3, 1, 'the file ends before the "[" of line 2, column 8 is closed'),
        ('{"a": 1\n "b": 2}', 2, 2, 'expected a comma or "}", found "b"'),
        ('{"a": 1\n "b: 2}', 2, 2, 'expected a comma or "}", found \'"\''),
        ("{a: 1 b: 2}", 1, 7, 'expected a comma or "}", found "b"'),
        ("{a-b: 1}", 1, 2, 'a key with "-" in it needs quotes'),
        ("[1 2]", 1, 4, 'expected a comma or "]", found "2"'),
        ("[1,,2]", 1, 4, 'expected a value, found ","'),
        ("{,}", 1, 2, 'expected a key, found ","'),
        ('{"a" 1}', 1, 6, 'expected ":" after the key "a", found "1"'),
        ('{"a": }', 1, 7, 'expected a value, found "}"'),
        ('{"a":', 1, 6, "expected a value, found the end of the file"),
        ('{"a": slack}', 1, 7, 'expected a value, found "slack"'),
        ('{"a": "x\n}', 1, 7, "this string has no closing quote on its line"),
        ("{a: 1} /* open", 1, 8, 'this comment has no closing "*/"'),
        ("{a: 1}}", 1, 7, 'expected nothing more after the end of the value, found "}"'),
        ("{a: 01}", 1, 5, 'expected a value, found "01"'),
        ("{a: x" + "y" * 40 + "}", 1, 5, f'expected a value, found "x{"y" * 18}…"'),
    ],
)
def test_a_fault_says_where_and_what_was_expected(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(Fault) as caught:
        scan(text)
    assert (caught.value.message, *line_and_column(text, caught.value.offset)) == (message, line, column)


def test_nesting_has_a_limit_with_a_place() -> None:
    with pytest.raises(Fault, match="nested deeper than 32 levels") as caught:
        scan("[" * 33 + "]" * 33)
    assert (caught.value.offset, caught.value.syntax) == (32, False)


@pytest.mark.parametrize(
    ("text", "offset", "place"),
    [
        ("abc", 2, (1, 3)),
        ("a\nb", 2, (2, 1)),
        ("a\r\nb", 3, (2, 1)),
        ("a\rb", 2, (2, 1)),
        ("é😀x", 2, (1, 3)),
        ("", 0, (1, 1)),
    ],
)
def test_lines_and_columns_count_from_one_in_characters(text: str, offset: int, place: tuple[int, int]) -> None:
    assert line_and_column(text, offset) == place


def test_of_a_key_that_comes_twice_the_last_is_the_member() -> None:
    member = scan('{"a": 1, "a": 22}').member("a")
    assert member is not None
    assert member.value.start == 14
