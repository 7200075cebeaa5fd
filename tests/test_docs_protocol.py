"""docs/protocol.md has each request that can be sent, and each error that can come of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.documents import ROOT, page

from connectord.base44 import oauth
from connectord.base44.app import App
from connectord.base44.errors import Base44Error
from connectord.base44.pace import PER_WINDOW
from connectord.base44.request import Limited, Request

PROTOCOL = "docs/protocol.md"


class Noted(Exception):
    """Instead of an answer."""


class Notebook:
    """Carries nothing out."""

    def __init__(self) -> None:
        self.noted: list[Request] = []

    async def call(self, request: Request, model: object) -> None:
        del model
        self.noted.append(request)
        raise Noted

    def turns_left(self, kind: Limited) -> int:
        del kind
        return 1


async def requests() -> list[Request]:
    """Everything that the client can ask for."""
    notebook = Notebook()
    app = App("APP", host="https://base44.test", call=notebook)  # type: ignore[arg-type]
    operations = (
        app.list_connectors(),
        app.set_connector("TYPE", ["a"], {}),
        app.poll_authorization("TYPE", "id"),
        app.remove_connector("TYPE"),
        app.list_available(),
        app.stripe_status(),
        app.install_stripe(),
        app.remove_stripe(),
    )
    for operation in operations:
        with pytest.raises(Noted):
            await operation
    return [*notebook.noted, oauth.device_code_request(), oauth.device_token_request("x"), oauth.renewal_request("x")]


async def test_each_request_has_its_row() -> None:
    text = page(PROTOCOL)
    for request in await requests():
        assert f"| `{request.method} {request.path.removeprefix('/api/apps/APP/')}` |" in text
        assert all(f"`{name}`" in text for name, _ in request.query)


async def test_no_other_operation_is_known() -> None:
    operations = {
        name
        for name, value in vars(App).items()
        if callable(value) and not name.startswith("_") and name != "removals_left"
    }
    assert len(operations) == len(await requests()) - 3


def errors(kind: type[Base44Error] = Base44Error) -> Iterator[type[Base44Error]]:
    yield kind
    for below in kind.__subclasses__():
        yield from errors(below)


@pytest.mark.parametrize("code", sorted({error.code for error in errors()}))
def test_each_error_has_its_row(code: str) -> None:
    rows = [line.split("|")[1] for line in page(PROTOCOL).splitlines() if line.startswith("|")]
    assert any(f"`{code}`" in row for row in rows)


def test_the_limits_are_the_ones_that_are_kept() -> None:
    limits = (
        f"{PER_WINDOW[Limited.LIST]} lists, {PER_WINDOW[Limited.POLL]} polls and {PER_WINDOW[Limited.REMOVE]} removals"
    )
    assert limits in page(PROTOCOL)


def test_each_defect_that_is_not_shared_has_its_test() -> None:
    listed = page(PROTOCOL).partition("## Defects of the CLI that are not shared")[2]
    numbers = re.findall(r"^(\d+)\. ", listed, re.MULTILINE)
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(ROOT / "tests").rglob("test_*.py"))
    assert [int(number) for number in numbers] == list(range(1, 13))
    assert [number for number in numbers if f"def test_defect_{int(number):02}_" not in tests] == []
