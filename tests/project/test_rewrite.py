"""rewrite: the text says the new scopes, and everything else is as it was, byte for byte."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from tests.support.json5_texts import SCOPES, connector_texts

from connectord.project import new_file_text, rewrite
from connectord.project.json_text import parse
from connectord.project.spans import Node, scan


def array_of(text: str) -> Node:
    member = scan(text).member("scopes")
    assert member is not None
    return member.value


def is_subsequence(inner: str, outer: str) -> bool:
    rest = iter(outer)
    return all(character in rest for character in inner)


@given(connector_texts(), SCOPES)
@settings(max_examples=120, deadline=None)
def test_it_says_exactly_the_new_scopes_and_all_else_is_unchanged(
    written: tuple[str, list[str]], wanted: list[str]
) -> None:
    text, said = written
    outcome = rewrite(text, type="slack", scopes=wanted)
    kept = [scope for scope in said if scope in wanted]
    assert parse(outcome) == {**parse(text), "scopes": kept + [scope for scope in wanted if scope not in said]}
    before, after = array_of(text), array_of(outcome)
    assert (outcome[: after.start], outcome[after.end :]) == (text[: before.start], text[before.end :])


@given(connector_texts(), SCOPES)
@settings(max_examples=100, deadline=None)
def test_adding_scopes_takes_nothing_away(written: tuple[str, list[str]], more: list[str]) -> None:
    text, said = written
    if said:  # what an empty list holds is white space
        assert is_subsequence(text, rewrite(text, type="slack", scopes=[*said, *more]))
    assert rewrite(text, type="slack", scopes=[*reversed(said)]) == text


@given(connector_texts(), SCOPES)
@settings(max_examples=100, deadline=None)
def test_doing_it_twice_changes_nothing_more(written: tuple[str, list[str]], wanted: list[str]) -> None:
    once = rewrite(written[0], type="slack", scopes=wanted)
    assert rewrite(once, type="slack", scopes=wanted) == once


@given(connector_texts(), SCOPES)
@settings(max_examples=100, deadline=None)
def test_type_and_config_can_change_with_the_scopes(written: tuple[str, list[str]], wanted: list[str]) -> None:
    text, _ = written
    config = {"subdomain": "it's", "deep": {"list": [1, 2]}}
    outcome = rewrite(text, type="box", scopes=wanted, connection_config=config)
    expected = {**parse(text), "type": "box", "connection_config": config}
    said = parse(outcome)
    assert (said | {"scopes": None}, set(said["scopes"])) == (expected | {"scopes": None}, set(wanted))
    assert "connection_config" not in parse(rewrite(outcome, type="box", scopes=wanted, connection_config=None))


COMMENTED = """\
    // The team's Slack.
    {
      "type": "slack", // not slackbot
      "scopes": [
        // reading
        "channels:read", // public ones
        "groups:read", // private ones
        // writing
        "chat:write"
      ],
      "note": "ask Ada"
    }
    """


@pytest.mark.parametrize(
    ("before", "scopes", "after"),
    [
        pytest.param(
            COMMENTED,
            ["channels:read", "chat:write", "files:read"],
            """\
            // The team's Slack.
            {
              "type": "slack", // not slackbot
              "scopes": [
                // reading
                "channels:read", // public ones
                // writing
                "chat:write",
                "files:read"
              ],
              "note": "ask Ada"
            }
            """,
            id="one-goes-one-comes",
        ),
        pytest.param(
            COMMENTED,
            ["channels:read"],
            """\
            // The team's Slack.
            {
              "type": "slack", // not slackbot
              "scopes": [
                // reading
                "channels:read" // public ones
                // writing
              ],
              "note": "ask Ada"
            }
            """,
            id="the-last-ones-go",
        ),
        pytest.param(
            """\
            {
                "type": "slack",
                "scopes": [
                    "a",
                    "b",
                ],
            }
            """,
            ["b", "c"],
            """\
            {
                "type": "slack",
                "scopes": [
                    "b",
                    "c",
                ],
            }
            """,
            id="trailing-commas-stay",
        ),
        pytest.param(
            "{type: 'slack', scopes: ['a', 'b', 'c']}",
            ["b", "it's"],
            "{type: 'slack', scopes: ['b', 'it\\'s']}",
            id="one-line",
        ),
        pytest.param(
            "{type: 'slack', scopes: ['a', 'b', 'c']}",
            ["a"],
            "{type: 'slack', scopes: ['a']}",
            id="one-line-the-last-go",
        ),
        pytest.param(
            "{type: 'slack', scopes: ['a', 'b', 'c']}", [], "{type: 'slack', scopes: []}", id="one-line-all-go"
        ),
        pytest.param(
            '{"type": "slack", "scopes": ["a"]}', ["b"], '{"type": "slack", "scopes": ["b"]}', id="one-line-another"
        ),
        pytest.param(
            "{type: 'slack', scopes: ['a', 'b',],}",
            ["a"],
            "{type: 'slack', scopes: ['a',],}",
            id="one-line-trailing-comma",
        ),
        pytest.param(
            "{type: 'slack', scopes: ['a' /* why */, 'b']}",
            ["b"],
            "{type: 'slack', scopes: [/* why */ 'b']}",
            id="comment",
        ),
        pytest.param("{type: 'slack'}", ["a"], "{type: 'slack', scopes: [\"a\"]}", id="one-line-no-scopes-yet"),
        pytest.param(
            """\
            {
              "type": "slack",
              "scopes": []
            }
            """,
            ["a", "b"],
            """\
            {
              "type": "slack",
              "scopes": [
                "a",
                "b"
              ]
            }
            """,
            id="an-empty-list-is-filled",
        ),
        pytest.param(
            """\
            {
            \t'type': 'slack' // why
            }
            """,
            ["a"],
            """\
            {
            \t'type': 'slack', // why
            \t'scopes': [
            \t\t"a"
            \t]
            }
            """,
            id="the-key-is-added-in-the-files-style",
        ),
        pytest.param(
            """\
            {
              "type": "slack",
              "scopes": [
                "a", // goes
                // stays
              ]
            }
            """,
            ["b"],
            """\
            {
              "type": "slack",
              "scopes": [
                "b",
                // stays
              ]
            }
            """,
            id="all-go-others-come",
        ),
        pytest.param(
            """\
            {
              "type": "slack",
              "scopes": [
                "a",
                "b",
              ]
            }
            """,
            [],
            """\
            {
              "type": "slack",
              "scopes": []
            }
            """,
            id="all-go",
        ),
    ],
)
def test_the_edit_is_what_a_careful_person_would_do(before: str, scopes: list[str], after: str) -> None:
    assert rewrite(dedent(before), type="slack", scopes=scopes) == dedent(after)


def test_line_ends_and_byte_order_mark_stay() -> None:
    before = '\ufeff{\r\n  "type": "slack",\r\n  "scopes": [\r\n    "a"\r\n  ]\r\n}\r\n'
    after = '\ufeff{\r\n  "type": "slack",\r\n  "scopes": [\r\n    "a",\r\n    "b"\r\n  ]\r\n}\r\n'
    assert rewrite(before, type="slack", scopes=["a", "b"]) == after


@pytest.mark.parametrize(
    ("text", "scopes", "config"),
    [
        (COMMENTED, ["chat:write", "groups:read", "channels:read"], ...),
        ("{type: 'slack'}", [], None),
        ("{type: 'slack', scopes: ['a', 'a']}", ["a"], ...),
        ("{type: 'slack', connection_config: {b: 1, a: 2}}", [], {"a": 2, "b": 1}),
        ("{type: 'slack', connection_config: {b: 1}}", [], ...),
    ],
)
def test_a_text_that_agrees_comes_back_as_it_is(text: str, scopes: list[str], config: Any) -> None:
    assert rewrite(text, type="slack", scopes=scopes, connection_config=config) == text


def test_a_changed_config_is_written_in_the_files_style() -> None:
    before = '{\n    "type": "x",\n    "connection_config": { "a": 1 } // mine\n}\n'
    after = '{\n    "type": "x",\n    "connection_config": {\n        "a": 2\n    } // mine\n}\n'
    assert rewrite(before, type="x", scopes=[], connection_config={"a": 2}) == after


def test_true_is_not_one() -> None:
    assert rewrite("{type: 'x', connection_config: {a: 1}}", type="x", scopes=[], connection_config={"a": True}) == (
        "{type: 'x', connection_config: {\"a\": true}}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "{scopes: []}",
        "{type: 1}",
        "{type: 'x', scopes: 'a'}",
        "{type: 'x', scopes: [1]}",
        "{type: 'x', scopes: null}",
    ],
)
def test_what_is_no_connector_file_is_not_rewritten(text: str) -> None:
    with pytest.raises(ValueError, match="not a connector file"):
        rewrite(text, type="slack", scopes=["a"])


def test_a_new_file_is_plain_and_ends_with_a_line_end() -> None:
    assert new_file_text("slack", ["a", "é"]) == '{\n  "type": "slack",\n  "scopes": [\n    "a",\n    "é"\n  ]\n}\n'


def test_a_new_file_holds_the_config_where_there_is_one() -> None:
    assert parse(new_file_text("x", [], {"a": None})) == {"type": "x", "scopes": [], "connection_config": {"a": None}}
