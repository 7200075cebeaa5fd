"""One connector file: what is accepted, and what is said, with its place, about everything that isn't."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectord.project.connector_file import Reading, read_connector
from connectord.project.model import Connector, Problem, ProblemCode, Severity

FILE = Path("slack.jsonc")
DEEP = '{"type": "slack", "x": ' + "[" * 40 + "]" * 40 + "}"


def reading(content: str | bytes) -> Reading:
    return read_connector(content.encode() if isinstance(content, str) else content, FILE)


def said(content: str | bytes) -> list[str]:
    return [str(problem) for problem in reading(content).problems]


@pytest.mark.parametrize(
    ("content", "connector"),
    [
        ('{"type": "slack"}', Connector("slack")),
        ('{"type": "slack", "scopes": []}', Connector("slack")),
        ('{"type": "slack", "scopes": ["b", "a", "b"]}', Connector("slack", ("b", "a", "b"))),
        ("// mine\n{type: 'slack', scopes: ['a',],}", Connector("slack", ("a",))),
        ('{"type": "slack", "note": {"x": NaN}, "scopes": ["a"]}', Connector("slack", ("a",))),
        ('{"type": "My-Own_2"}', Connector("My-Own_2")),
        ('{"type": "x", "connection_config": {"subdomain": "sites/a"}}', Connector("x", (), {"subdomain": "sites/a"})),
        ('{"type": "x", "connection_config": null}', Connector("x")),
        ('{"type": "x", "scopes": ["\\ud83d\\ude00"]}', Connector("x", ("😀",))),
        (b'\xef\xbb\xbf{"type": "slack"}', Connector("slack")),
        ('{"type": "slack"}\r\n', Connector("slack")),
    ],
)
def test_a_valid_file_is_a_connector(content: str | bytes, connector: Connector) -> None:
    assert reading(content) == Reading(connector)


def test_p14_a_usual_file_is_read_by_the_standard_library_and_not_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the slow way")

    monkeypatch.setattr("connectord.project.connector_file.scan", never)
    monkeypatch.setattr("connectord.project.json_text.scan", never)
    content = '// mine\n{\n  "type": "slack", /* the app */\n  "scopes": ["a, ]", // [,]\n    "b // c",\n  ],\n}\n'
    assert reading(content).connector == Connector("slack", ("a, ]", "b // c"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "1:1: The file is empty."),
        ('{"type": "slack",\n "scopes": ["a", ', '2:18: The file ends before the "[" of line 2, column 12 is closed.'),
        ('{\n  "type": "slack"\n  "scopes": []\n}', '3:3: Expected a comma or "}", found "scopes".'),
        ("[]", '1:1: A connector file holds one object like { "type": "slack" }, not a list.'),
        ("null", '1:1: A connector file holds one object like { "type": "slack" }, not null.'),
        ('\n{"scopes": []}', '2:1: "type" is missing: say which service this connects, like "type": "slack".'),
        ('{"type": 5}', '1:10: "type" must be a string, not a number.'),
        ('{"type": true}', '1:10: "type" must be a string, not true.'),
        ('{"type": ""}', '1:10: "type" may have letters, digits, "_" and "-" only, not \'\'.'),
        ('{"type": "../x"}', '1:10: "type" may have letters, digits, "_" and "-" only, not \'../x\'.'),
        ('{"type": "a?b"}', '1:10: "type" may have letters, digits, "_" and "-" only, not \'a?b\'.'),
        ('{"type": "a b"}', '1:10: "type" may have letters, digits, "_" and "-" only, not \'a b\'.'),
        ('{"type": "a\\n"}', '1:10: "type" may have letters, digits, "_" and "-" only, not \'a\\n\'.'),
        ('{"type": "sla\u212ac"}', '1:10: "type" may have letters, digits, "_" and "-" only, not \'sla\\u212ac\'.'),
        ('{"type": "x", "scopes": "a"}', '1:25: "scopes" must be a list of strings, not a string.'),
        ('{"type": "x", "scopes": null}', '1:25: "scopes" must be a list of strings, not null.'),
        ('{"type": "x", "scopes": [\n"a",\n 3]}', '3:2: "scopes" must be a list of strings; number 2 is a number.'),
        ('{"type": "x", "connection_config": []}', '1:36: "connection_config" must be an object, not a list.'),
        (
            '{"type": "x", "connection_config": {"a": [1, NaN]}}',
            "1:46: NaN can't be sent to Base44: JSON has no such number.",
        ),
        (
            "{type: 'x', connection_config: {a: 1e999}}",
            "1:36: An infinite number can't be sent to Base44: JSON has no such number.",
        ),
        (
            "{type: 'x', connection_config: {a: -Infinity}}",
            "1:36: A negative infinite number can't be sent to Base44: JSON has no such number.",
        ),
        (
            "{type: 'x', connection_config: {a: 0x" + "f" * 4000 + "}}",
            "1:36: This number is too long to be sent to Base44.",
        ),
        (
            '{"type": "x", "scopes": ["\\ud800"]}',
            "1:26: This string holds half of a surrogate pair, which can't be sent to Base44.",
        ),
        (
            '{"type": "x", "connection_config": {"\\ud800": 1}}',
            "1:36: This string holds half of a surrogate pair, which can't be sent to Base44.",
        ),
        (b'{"type": "x",\n "a": "\xff"}', "2:8: Not UTF-8: the byte 0xff can't stand here."),
        ("{a: 'é".encode()[:-1], "1:6: The file ends in the middle of a character."),
        (b'\xef\xbb\xbf{"a": "\xff"}', "1:8: Not UTF-8: the byte 0xff can't stand here."),
        ('{"type": "x"}'.encode("utf-16"), "1:1: This is UTF-16; save it as UTF-8."),
        (DEEP, "1:55: Nested deeper than 32 levels."),
    ],
)
def test_an_invalid_file_is_no_connector_and_one_problem_with_its_place(content: str | bytes, problem: str) -> None:
    assert reading(content).connector is None
    assert said(content) == [f"slack.jsonc:{problem}"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('{"type":', ProblemCode.SYNTAX),
        ("", ProblemCode.SYNTAX),
        ("{}", ProblemCode.SHAPE),
        (DEEP, ProblemCode.SHAPE),
        ("{type: 'é".encode()[:-1], ProblemCode.SYNTAX),
        (b"\xff", ProblemCode.ENCODING),
    ],
)
def test_only_what_may_be_the_half_of_a_save_is_a_syntax_problem(content: str | bytes, code: ProblemCode) -> None:
    assert [problem.code for problem in reading(content).problems] == [code]


def test_everything_wrong_with_one_file_is_said_at_once() -> None:
    assert said('{\n "type": 1,\n "scopes": [2, "a", {}],\n "connection_config": 3\n}') == [
        'slack.jsonc:2:10: "type" must be a string, not a number.',
        'slack.jsonc:3:13: "scopes" must be a list of strings; number 1 is a number.',
        'slack.jsonc:3:21: "scopes" must be a list of strings; number 3 is an object.',
        'slack.jsonc:4:23: "connection_config" must be an object, not a number.',
    ]


def test_what_cannot_be_sent_is_pointed_at_among_other_faults() -> None:
    assert said('{"type": "x", "scopes": [1,\n "\\udc00"]}') == [
        'slack.jsonc:1:26: "scopes" must be a list of strings; number 1 is a number.',
        "slack.jsonc:2:2: This string holds half of a surrogate pair, which can't be sent to Base44.",
    ]


def test_a_key_said_twice_is_a_warning_at_the_one_that_counts() -> None:
    result = reading('{"type": "x",\n "type": "slack"}')
    assert result.connector == Connector("slack")
    warning = '"type" is said more than once; this one, the last, counts.'
    assert result.problems == (Problem(FILE, ProblemCode.DUPLICATE_KEY, warning, 2, 10, Severity.WARNING),)


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
@example(b"\xef\xbb\xbf")
@example(b"\xef\xbb\xbf\xff")
@example(b'{"type": "\\ud800"}')
@example(b"\x00")
@settings(max_examples=200, deadline=None)
def test_no_content_makes_it_raise(content: bytes) -> None:
    result = read_connector(content, FILE)
    assert (result.connector is None) == any(problem.severity is Severity.ERROR for problem in result.problems)
    assert all(problem.line and problem.column for problem in result.problems)


PIECES = st.sampled_from(
    [
        '"type"',
        "type",
        ":",
        '"slack"',
        "'x'",
        "[",
        "]",
        "{",
        "}",
        ",",
        "scopes",
        "connection_config",
        "NaN",
        "1",
        "null",
        "//c\n",
        '"\\ud800"',
        "\\",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
@settings(max_examples=200, deadline=None)
def test_no_scramble_of_a_connector_file_makes_it_raise(text: str) -> None:
    result = read_connector(text.encode(), FILE)
    assert (result.connector is None) == any(problem.severity is Severity.ERROR for problem in result.problems)
