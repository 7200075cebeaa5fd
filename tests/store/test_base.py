"""Base: what Base44 last accepted from this machine."""

from __future__ import annotations

from pathlib import Path

from connectord.store import BaseEntry, BaseKey, MemoryStore

KEY = BaseKey("https://x", "app", Path("/app/base44/connectors"))


def test_an_unknown_project_has_an_empty_base() -> None:
    assert MemoryStore().base(KEY) == {}


def test_entries_replace_and_none_forgets() -> None:
    store = MemoryStore()
    store.accept(KEY, {"slack": BaseEntry("slack", ("a",)), "github": BaseEntry("github")})
    store.accept(KEY, {"slack": BaseEntry("slack", ("b",)), "github": None, "never-there": None})
    assert store.base(KEY) == {"slack": BaseEntry("slack", ("b",))}


def test_p5_another_app_or_directory_has_a_base_of_its_own() -> None:
    store = MemoryStore()
    store.accept(KEY, {"slack": BaseEntry("slack")})
    assert store.base(BaseKey("https://x", "other", KEY.connectors_dir)) == {}
    assert store.base(BaseKey("https://x", "app", Path("/elsewhere"))) == {}


def test_what_was_handed_out_does_not_change_behind_anyones_back() -> None:
    store = MemoryStore()
    before = store.base(KEY)
    store.accept(KEY, {"slack": BaseEntry("slack")})
    assert before == {}
