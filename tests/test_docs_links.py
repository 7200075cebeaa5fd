"""What the documentation points at is there: pages, headings, pictures, modules, tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.documents import PAGES, ROOT, anchors, code, links, page

MODULE = re.compile(r"[a-z_]+(?:/[a-z_0-9]+)*\.py")


@pytest.mark.parametrize("name", PAGES)
def test_each_link_leads_somewhere(name: str) -> None:
    for link in links(page(name)):
        if link.startswith("https://"):
            continue
        place, _, heading = link.partition("#")
        target = (ROOT / name).parent / place if place else ROOT / name
        assert target.exists(), link
        assert not heading or heading in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("docs/")])
def test_each_page_can_be_found_from_the_readme(name: str) -> None:
    assert name in links(page("README.md"))


def modules() -> set[str]:
    """Each module of the package and of the tests, by every end of its path."""
    files = [*ROOT.glob("daemon/connectord/**/*.py"), *ROOT.glob("tests/**/*.py")]
    parts = [path.relative_to(ROOT).parts for path in files]
    return {"/".join(part[start:]) for part in parts for start in range(len(part))}


@pytest.mark.parametrize("name", PAGES)
def test_each_module_that_is_named_exists(name: str) -> None:
    named = {found for text in code(page(name)) for found in MODULE.findall(text) if MODULE.fullmatch(text)}
    assert named <= modules()


def test_each_step_of_the_way_of_a_save_names_its_module() -> None:
    way = page("docs/architecture.md").partition("## The way of a save")[2].partition("\n\nThe daemon")[0]
    steps = re.split(r"^\d\. ", way, flags=re.MULTILINE)[1:]
    assert len(steps) == 9
    assert [step for step in steps if not any(MODULE.fullmatch(text) for text in code(step))] == []


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "images").glob("*.svg")), ids=lambda path: path.name)
def test_a_picture_loads_nothing_from_elsewhere(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    assert "@font-face" not in text
    assert "@import" not in text
    assert "<image" not in text
    assert {found for found in re.findall(r"url\(([^)]*)\)", text) if not found.startswith("#")} == set()
    assert not re.search(r"/(tmp|root)\b", text)
