"""parse: says what json5 says, whichever of its three ways it takes, and never blocks on a broken text."""

from __future__ import annotations

import json5
import pytest
from hypothesis import example, given, settings
from tests.support.json5_texts import SCRAPS, TEXTS

from connectord.project import json_text
from connectord.project.json_text import parse
from connectord.project.spans import Fault


@given(TEXTS)
@settings(max_examples=120, deadline=None)
def test_it_says_what_json5_says(text: str) -> None:
    assert repr(parse(text)) == repr(json5.loads(text))


@given(SCRAPS)
@example("[,]")
@example("[ ,]")
@example("{/**/,}")
@example("[1,,]")
@example("1 /*")
@example("[1] /*/")
@example('"a//b"')
@example("{'//':1}")
@example('["a" // x\n,]')
@example("'\\'//'")
@example("[1,/**/]")
@example("[1,/*]*/2]")
@example("[1,/***/ // x\n]")
@example("[{},[],]")
@example('["",/')
@example("[1,]/")
@example("[1/2]")
@example("/**/[1]/* **/")
@example("[1,,]//")
@example("/**/*/1")
@example("/* v */*/null")
@example("[1]// /*")
@example('[1]/* "')
@settings(max_examples=250, deadline=None)
def test_it_refuses_exactly_what_json5_refuses(scrap: str) -> None:
    try:
        expected = repr(json5.loads(scrap))
    except ValueError:
        expected = "refused"
    try:
        said = repr(parse(scrap))
    except Fault:
        said = "refused"
    assert said == expected


@pytest.mark.parametrize(
    "text",
    ['{"type": "slack"}', '// top\n{\n  "type": "slack", // why\n  /* "x": 1, */ "scopes": ["a//b", "/*c*/",],\n}\n'],
)
def test_json_with_comments_and_trailing_commas_needs_no_slow_parser(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = json5.loads(text)
    monkeypatch.setattr(json_text, "json5", None)
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "/*" * 60_000,
        "/* " * 80_000,
        ",/*" * 80_000,
        "[/**/" * 50_000,
        "/**/," * 50_000,
        "/***" * 60_000,
        "," * 130_000,
        '"' + '\\"' * 60_000,
        '"\\' * 60_000,
        "[" * 130_000,
        ",/" * 60_000,
        "{a:" * 60_000,
        "\\" * 200_000,
    ],
    ids=lambda text: text[:4],
)
def test_a_large_broken_text_is_refused_without_the_slow_parser(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "json5", None)
    with pytest.raises(Fault):
        parse(text)


def test_a_byte_order_mark_is_white_space_and_needs_no_slow_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "json5", None)
    assert parse('\ufeff{"a": 1}') == {"a": 1}


def test_an_escaped_pair_of_surrogates_is_one_character_in_every_syntax() -> None:
    assert [parse(r'["\ud83d\ude00"]'), parse(r"['\ud83d\ude00']")] == [["😀"], ["😀"]]


def test_a_number_too_long_for_python_is_a_fault_at_its_place() -> None:
    with pytest.raises(Fault, match="this number is too long") as caught:
        parse('{"a": ' + "1" * 5000 + "}")
    assert (caught.value.offset, caught.value.syntax) == (6, False)


def test_what_only_json5_refuses_has_a_place_too() -> None:
    with pytest.raises(Fault, match='"u" can\'t stand here') as caught:
        parse("['\\0u', '\\x4u']")
    assert caught.value.offset == 12


def test_nesting_is_refused_before_any_parser_sees_it() -> None:
    with pytest.raises(Fault, match="nested deeper than 32 levels"):
        parse('{"a":' * 33 + "1" + "}" * 33)
