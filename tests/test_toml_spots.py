"""Where things stand in a TOML document."""

from __future__ import annotations

import tomllib

import pytest

from connectord.toml_spots import Spot, spot_of_mistake, spots_of_keys


def test_a_key_is_where_its_entry_begins() -> None:
    text = "a = 1\n# note\n\n  b = [\n  1,\n  2,\n]\nc.d = '''\nx = 1\n'''\n[e.\"f g\"] # table\nh = { i = 1 }\n"
    assert spots_of_keys(text) == {
        ("a",): Spot(1, 1),
        ("b",): Spot(4, 3),
        ("c",): Spot(8, 1),
        ("c", "d"): Spot(8, 1),
        ("e",): Spot(11, 1),
        ("e", "f g"): Spot(11, 1),
        ("e", "f g", "h"): Spot(12, 1),
        ("e", "f g", "h", "i"): Spot(12, 1),
    }


def test_an_entry_without_an_end_in_sight_is_given_up() -> None:
    text = "a = 1\nb = [\n" + "  1,\n" * 100_000 + "]\nc = 1\n"
    assert spots_of_keys(text) == {("a",): Spot(1, 1)}


def test_a_table_that_is_named_again_is_where_it_was_named_first() -> None:
    spots = spots_of_keys("[a.b]\n[a]\nc = 1\n[[d]]\ne = 1\n[[d]]\n")
    assert (spots[("a",)], spots[("a", "c")], spots[("d",)], spots[("d", "e")]) == (
        Spot(1, 1),
        Spot(3, 1),
        Spot(4, 1),
        Spot(5, 1),
    )


@pytest.mark.parametrize("text", ["", "\n", "# a\n\n# b"])
def test_where_there_are_no_keys_there_are_no_spots(text: str) -> None:
    assert spots_of_keys(text) == {}


@pytest.mark.parametrize(
    ("text", "spot"),
    [("a = ", Spot(1, 5)), ("a = 1\nb", Spot(2, 2)), ("a = [\n1", Spot(2, 2)), ("a = 1\n[a]\n", Spot(2, 3))],
)
def test_a_mistake_is_where_the_document_stops_being_one(text: str, spot: Spot) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    found, sentence = spot_of_mistake(caught.value, text)
    assert (found, "(at " in sentence) == (spot, False)


def test_a_mistake_without_a_place_is_at_the_end() -> None:
    assert spot_of_mistake(tomllib.TOMLDecodeError("Odd"), "a\nbc") == (Spot(2, 3), "Odd")
