"""The systemd unit as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectord.service.definition import Definition
from connectord.service.errors import NotWritable
from connectord.service.systemd_unit import namespace_directives, read_unit, unit_text

GOLDEN = Path(__file__).parent / "golden" / "connectord.service"

ODD = Definition(
    "/home/ann/my apps/100%/$HOME/bin/python",
    {"HTTPS_PROXY": 'http://ann:"50%"@proxy', "XDG_STATE_HOME": "/home/ann/a\\b 'c' $HOME", "no_proxy": "a\nb\tc"},
)


def test_the_unit_is_the_golden_one() -> None:
    assert unit_text(ODD, "1.2.3") == GOLDEN.read_text()


def test_what_is_written_is_read_back() -> None:
    assert read_unit(unit_text(ODD, "1.2.3")) == ODD


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_any_environment_is_read_back_or_refused(environment: dict[str, str]) -> None:
    definition = Definition("/bin/python", environment)
    try:
        text = unit_text(definition, "1")
    except NotWritable:
        assert any(not char.isprintable() for value in environment.values() for char in value)
    else:
        assert read_unit(text) == definition


def test_no_value_can_bring_a_line_of_its_own() -> None:
    text = unit_text(Definition("/bin/python", {"PATH": 'x"\nExecStart=/bin/evil\n"'}), "1")
    assert [line for line in text.splitlines() if line.startswith("ExecStart")] == [
        'ExecStart=:"/bin/python" -P -m connectord run --service'
    ]


@pytest.mark.parametrize("python", ['/opt/"a"/python', "/opt/it's/python", "/opt/a\\b/python"])
def test_a_path_that_systemd_does_not_start_is_refused(python: str) -> None:
    with pytest.raises(NotWritable, match="quotation mark or a backslash") as caught:
        unit_text(Definition(python), "1")
    assert "connectord start" in caught.value.todo[1]


@pytest.mark.parametrize("value", ["\x07", "\udcff", "\x1b[31m"])
def test_what_no_unit_can_hold_is_refused(value: str) -> None:
    with pytest.raises(NotWritable, match="can't hold"):
        unit_text(Definition("/bin/python", {"PATH": value}), "1")


def test_without_user_namespaces_only_what_needs_them_is_left_out() -> None:
    whole, part = (
        unit_text(ODD, "1").splitlines(),
        unit_text(Definition(ODD.python, ODD.environment, confined=False), "1"),
    )
    left_out = [line for line in whole if line not in part.splitlines() and not line.startswith("#")]
    assert tuple(left_out) == namespace_directives()
    assert "PrivateUsers=yes" in left_out
    found = read_unit(part)
    assert found is not None
    assert not found.confined


@pytest.mark.parametrize(
    "text", ["", "[Service]\nExecStart=/usr/bin/connectord run\n", "ExecStart=:python -m connectord"]
)
def test_a_unit_of_somebody_else_is_told(text: str) -> None:
    assert read_unit(text) is None
