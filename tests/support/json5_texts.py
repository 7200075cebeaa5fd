"""Random JSON5 texts in every style that people write, for hypothesis."""

from __future__ import annotations

import json

from hypothesis import strategies as st

GAPS = st.lists(
    st.sampled_from(
        ["", " ", "\n", "\r\n", "\t", "  ", "// note, with ] and }\n", "/* a, b */", "/* 'x\n */", "\u00a0"]
    ),
    max_size=2,
).map("".join)

_RAW = st.text(st.sampled_from([*"ab1 /*,:[]{}é😀\u2028#"]), max_size=6)
_ESCAPES = st.sampled_from(
    [r"\n", r"\t", r"\\", r"\"", r"\'", r"\x41", r"\u0062", "\\\n", "\\\r\n", r"\/", "\\0 ", r"\q"]
)
_INSIDE = st.lists(_RAW | _ESCAPES, max_size=3).map("".join)
STRINGS = st.builds("{0}{1}{0}".format, st.sampled_from(["'", '"']), _INSIDE)
NUMBERS = st.sampled_from(
    [
        "0",
        "-1",
        "+7",
        ".5",
        "5.",
        "1e3",
        "-1.5E-2",
        "0x1F",
        "-0Xab",
        "Infinity",
        "-Infinity",
        "+Infinity",
        "12345678901234567890",
    ]
)
SCALARS = STRINGS | NUMBERS | st.sampled_from(["true", "false", "null"])
KEYS = STRINGS | st.sampled_from(["type", "scopes", "a", "$b", "_c", "ünder", r"\u0061b", "null", "a1", "á"])


def _joined(parts: list[str], comma: bool) -> str:
    return ",".join(parts) + ("," if comma and parts else "")


def _arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    element = st.builds("{}{}{}".format, GAPS, values, GAPS)
    return st.builds("[{}{}]".format, st.builds(_joined, st.lists(element, max_size=4), st.booleans()), GAPS)


def _objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.builds("{}{}{}:{}{}{}".format, GAPS, KEYS, GAPS, GAPS, values, GAPS)
    return st.builds("{{{}{}}}".format, st.builds(_joined, st.lists(member, max_size=4), st.booleans()), GAPS)


VALUES = st.recursive(SCALARS, lambda values: _arrays(values) | _objects(values), max_leaves=8)
CONTAINERS = _arrays(VALUES) | _objects(VALUES)
TEXTS = st.builds("{}{}{}".format, GAPS, CONTAINERS, GAPS)
"""Valid JSON5 texts that hold an array or an object."""

SCRAPS = st.text(st.sampled_from([*"{}[],:\"'/*\\ \n\rab10.e+-x$é\u2028"]), max_size=14)
"""Mostly not JSON5, but made of its characters."""


SCOPES = st.lists(st.sampled_from(["a", "b", "c", "it's", 'say "x"', "https://x/y"]), unique=True, max_size=4)


@st.composite
def connector_texts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A connector file in some style, and the scopes that it says (None as a missing key is [])."""
    scopes = draw(SCOPES)
    quote = draw(st.sampled_from(['"', "'"]))
    gap = draw(st.sampled_from(["", " ", "\n    ", "\r\n\t", "\n    // why\n    ", " /* x */ "]))
    behind = draw(st.sampled_from(["", " ", " // note\n", "/* y */", "\n  "]))
    literals = [json.dumps(scope) if quote == '"' else "'" + scope.replace("'", "\\'") + "'" for scope in scopes]
    commas = draw(st.sampled_from([",", " ,", ", // c\n", " /* k */,"]))
    listed = commas.join(gap + literal + behind for literal in literals)
    trailing = draw(st.sampled_from(["", ","])) if scopes else ""
    array = f"[{listed}{trailing}{draw(GAPS)}]"
    key = draw(st.sampled_from(["scopes", "'scopes'", '"scopes"', r"scop\u0065s"]))
    members = ["type: 'slack'", "note: {deep: [1, /* in */ 2]}", f"{key}:{draw(GAPS)}{array}"]
    members = list(draw(st.permutations(members)))
    separator = draw(st.sampled_from([", ", ",\n  ", ", // after\r\n  "]))
    text = "{" + draw(GAPS) + separator.join(members) + draw(st.sampled_from(["", ","])) + draw(GAPS) + "}"
    return draw(st.sampled_from(["", "\ufeff", "// top\n"])) + text + "\n", scopes
