"""The list of types, and the name that was most likely meant."""

from __future__ import annotations

import pytest

from connectord.project import KNOWN_TYPES, STRIPE
from connectord.project.connector_file import VALID_TYPE
from connectord.project.known_types import nearest_known


def test_every_known_type_is_a_valid_one_and_stripe_is_among_them() -> None:
    assert [type_ for type_ in KNOWN_TYPES if not VALID_TYPE.fullmatch(type_)] == []
    assert STRIPE in KNOWN_TYPES
    assert len(KNOWN_TYPES) == 47  # protocol.md, "Types"


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("GitHub", "github"),
        ("gihub", "github"),
        ("google_calendar", "googlecalendar"),
        ("googleanalytics", "google_analytics"),
        ("onedrive", "one_drive"),
        ("ms_teams", None),
        ("slack_bot", "slackbot"),
        ("hug", None),
        ("", None),
        ("___", None),
    ],
)
def test_the_nearest_known_type(unknown: str, nearest: str | None) -> None:
    assert nearest_known(unknown) == nearest


def test_the_nearest_is_looked_for_among_the_types_that_are_handed_in() -> None:
    assert nearest_known("slak", {"slacker"}) == "slacker"
