"""Each operation: the request that protocol.md says, and the typed reply."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.base44 import API_KEY, API_URL, APP_ID, SET_REPLY, Wire, a_client, ok, write_auth

import connectord
from connectord.base44 import App, Base44, ConsentStatus, Refused, StripeMode, Unsendable, find_credentials

Operation = Callable[[App], Awaitable[Any]]

FIELD = {"name": "subdomain", "display_name": "Subdomain", "description": "", "placeholder": "acme", "required": True}

OPERATIONS: dict[str, tuple[Operation, str, dict[str, Any], Callable[[Any], bool]]] = {
    "list": (
        lambda app: app.list_connectors(),
        "GET /api/apps/app1/external-auth/list",
        {"integrations": [{"integration_type": "slack", "status": "active", "scopes": ["a"], "new_key": 1}]},
        lambda got: [(c.type, c.status, c.scopes, c.user_email) for c in got] == [("slack", "active", ("a",), None)],
    ),
    "set": (
        lambda app: app.set_connector("slack", ["a"]),
        "PUT /api/apps/app1/external-auth/integrations/slack",
        SET_REPLY,
        lambda got: got.already_authorized,
    ),
    "poll": (
        lambda app: app.poll_authorization("slack", "base44_1&x=2"),
        "GET /api/apps/app1/external-auth/status?integration_type=slack&connection_id=base44_1%26x%3D2",
        {"status": "PENDING"},
        lambda got: got is ConsentStatus.PENDING,
    ),
    "remove": (
        lambda app: app.remove_connector("slack"),
        "DELETE /api/apps/app1/external-auth/integrations/slack/remove",
        {"status": "removed", "integration_type": "slack"},
        lambda got: got is None,
    ),
    "available": (
        lambda app: app.list_available(),
        "GET /api/apps/app1/external-auth/available-integrations",
        {
            "integrations": [
                {
                    "integration_type": "share_point",
                    "display_name": "SharePoint",
                    "description": "Files",
                    "connection_config_fields": [FIELD],
                }
            ]
        },
        lambda got: got[0].connection_config_fields[0].placeholder == "acme",
    ),
    "stripe status": (
        lambda app: app.stripe_status(),
        "GET /api/apps/app1/payments/stripe/status",
        {"stripe_mode": "sandbox", "sandbox_claim_url": "https://claim.test"},
        lambda got: got.stripe_mode is StripeMode.SANDBOX and got.installed,
    ),
    "stripe install": (
        lambda app: app.install_stripe(),
        "POST /api/apps/app1/payments/stripe/install",
        {"already_installed": False, "claim_url": None},
        lambda got: got.claim_url is None,
    ),
    "stripe remove": (
        lambda app: app.remove_stripe(),
        "DELETE /api/apps/app1/payments/stripe",
        {"success": True},
        lambda got: got is None,
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
async def test_an_operation_is_one_request_and_a_typed_reply(name: str) -> None:
    operation, expected, reply, holds = OPERATIONS[name]
    wire = Wire([ok(reply)])
    async with a_client(wire) as base44:
        got = await operation(base44.app(APP_ID))
    assert wire.asked == [expected]
    assert holds(got)


@pytest.mark.parametrize(("config", "expected"), [(None, {"scopes": ["b", "a"]}), ({}, {}), ({"subdomain": "x"}, {})])
async def test_set_sends_the_scopes_in_their_order_and_the_config_only_where_there_is_one(
    config: dict[str, object] | None, expected: dict[str, object]
) -> None:
    wire = Wire([ok(SET_REPLY)])
    await a_client(wire).app(APP_ID).set_connector("slack", ("b", "a"), config)
    wanted = expected or {"scopes": ["b", "a"], "connection_config": config}
    assert json.loads(wire.requests[0].content) == wanted
    assert wire.requests[0].headers["content-type"] == "application/json"


async def test_an_install_has_an_empty_body() -> None:
    wire = Wire([ok({"already_installed": True, "claim_url": None})])
    await a_client(wire).app(APP_ID).install_stripe()
    assert wire.requests[0].content == b""
    assert "content-type" not in wire.requests[0].headers


async def test_a_stripe_removal_that_was_not_done_is_no_success() -> None:
    with pytest.raises(Refused, match="did not remove Stripe"):
        await a_client(Wire([ok({"success": False})])).app(APP_ID).remove_stripe()


async def test_an_api_key_is_sent_alone_and_every_request_names_itself() -> None:
    wire = Wire([ok({"email": "a@x.test", "name": "A"})])
    base44 = a_client(wire)
    await base44.user()
    await base44.user()
    first, second = (request.headers for request in wire.requests)
    assert (first["api_key"], "authorization" in first) == (API_KEY, False)
    assert first["user-agent"] == f"connectord/{connectord.__version__}"
    assert first["x-request-id"] != second["x-request-id"]


async def test_tokens_are_sent_as_a_bearer(tmp_path: Path) -> None:
    write_auth(tmp_path)
    wire = Wire([ok({"email": "a@x.test", "name": "A"})])
    await a_client(wire, credentials=find_credentials({}, tmp_path, clock=lambda: 0.0)).user()
    headers = wire.requests[0].headers
    assert (headers["authorization"], "api_key" in headers) == ("Bearer access-1", False)


async def test_a_cookie_of_the_service_is_not_sent_back() -> None:
    wire = Wire([ok({"email": "a@x.test", "name": "A"}, set_cookie="session=1; Path=/")])
    base44 = a_client(wire)
    await base44.user()
    await base44.user()
    assert "cookie" not in wire.requests[1].headers


BAD_TYPES = ["", " ", "a/b", "..", ".", "a?b", "a b", "a#b", "a%2Fb", "slack\n", "ключ", "a.b", "slack/../stripe"]


@pytest.mark.parametrize("bad", BAD_TYPES)
@pytest.mark.parametrize("verb", ["set", "remove", "poll"])
async def test_a_type_that_could_reach_another_route_is_refused_before_anything_is_sent(verb: str, bad: str) -> None:
    wire = Wire([ok({})])
    app = a_client(wire).app(APP_ID)
    operations: dict[str, Operation] = {
        "set": lambda app: app.set_connector(bad, []),
        "remove": lambda app: app.remove_connector(bad),
        "poll": lambda app: app.poll_authorization(bad, "base44_1"),
    }
    with pytest.raises(Unsendable, match="not a connector type"):
        await operations[verb](app)
    assert wire.requests == []


@pytest.mark.parametrize("bad", ["", "..", ".", "a/b", "a?b", "a b", "a\n", "../oauth", "a%2e%2e"])
def test_an_app_id_that_could_reach_another_route_is_refused(bad: str) -> None:
    with pytest.raises(Unsendable, match="not an app id"):
        a_client(Wire([])).app(bad)


@pytest.mark.parametrize("verb", ["set", "remove"])
async def test_defect_06_stripe_never_goes_through_the_routes_of_oauth_connectors(verb: str) -> None:
    wire = Wire([ok({})])
    app = a_client(wire).app(APP_ID)
    with pytest.raises(Unsendable, match="Stripe is not an OAuth connector"):
        await (app.set_connector("stripe", []) if verb == "set" else app.remove_connector("stripe"))
    assert wire.requests == []


@pytest.mark.parametrize("config", [{"x": float("inf")}, {"x": "\ud800"}, {"x": {1, 2}}])
async def test_a_config_that_json_cannot_say_is_refused_before_anything_is_sent(config: dict[str, object]) -> None:
    wire = Wire([ok(SET_REPLY)])
    with pytest.raises(Unsendable, match="can't be written as JSON"):
        await a_client(wire).app(APP_ID).set_connector("slack", [], config)
    assert wire.requests == []


@pytest.mark.parametrize(
    "bad", ["", "app.base44.com", "ftp://x", "https://", "http://a b", "https://u:p@x.test", "http://[::1"]
)
def test_an_address_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(Unsendable, match="not an address"):
        Base44(bad, find_credentials({}, Path("/nowhere")))


@pytest.mark.parametrize("given", [f"{API_URL}/", f"{API_URL}/prefix/api", f" {API_URL} "])
async def test_a_path_in_the_address_is_dropped(given: str) -> None:
    wire = Wire([ok({"integrations": []})])
    base44 = Base44(given, find_credentials({"BASE44_API_KEY": API_KEY}, Path("/nowhere")), transport=wire)
    await base44.app(APP_ID).list_connectors()
    assert str(wire.requests[0].url) == f"{API_URL}/api/apps/app1/external-auth/list"


def test_the_dashboard_is_the_apps_page_of_connections() -> None:
    app = a_client(Wire([])).app(APP_ID)
    assert app.dashboard_url == f"{API_URL}/apps/app1/editor/workspace/app-connections"


async def test_a_closed_client_closes_its_transport() -> None:
    closed = []

    class Closing(Wire):
        async def aclose(self) -> None:
            closed.append(True)

    async with a_client(Closing([ok({"integrations": []})])) as client:
        await client.app("app1").list_connectors()
        assert closed == []
    assert closed == [True]
