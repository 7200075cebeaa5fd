"""list, set, poll, remove and available, as protocol.md has them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.emulator import EmulatorApp, emulator_app
from tests.support.emulator_clock import StandingClock

from connectord.emulator import DEFAULT_EMAIL

GOOGLE_ADDS = ["openid", "https://www.googleapis.com/auth/userinfo.email"]
SYNCED = {
    "redirect_url": None,
    "connection_id": None,
    "already_authorized": True,
    "error": None,
    "error_message": None,
    "other_user_email": None,
}


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def emulator(clock: StandingClock) -> EmulatorApp:
    return emulator_app(clock=clock, token_lifetime=86_400)


class Client:
    """The connector operations of one signed-in user."""

    def __init__(self, emulator: EmulatorApp, email: str = DEFAULT_EMAIL) -> None:
        self.http = emulator.client(sign_in=True, email=email)
        self.base = f"{emulator.api}/external-auth"

    async def put(self, type_: str, *scopes: str, **more: Any) -> Any:
        reply = await self.http.put(f"{self.base}/integrations/{type_}", json={"scopes": scopes, **more})
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def listed(self) -> Any:
        return (await self.http.get(f"{self.base}/list")).json()["integrations"]

    async def poll(self, type_: str, connection_id: str) -> httpx.Response:
        query = {"integration_type": type_, "connection_id": connection_id}
        return await self.http.get(f"{self.base}/status", params=query)

    async def status(self, type_: str, connection_id: str) -> Any:
        return (await self.poll(type_, connection_id)).json()["status"]

    async def remove(self, type_: str) -> httpx.Response:
        return await self.http.delete(f"{self.base}/integrations/{type_}/remove")


@pytest.fixture
def client(emulator: EmulatorApp) -> Client:
    return Client(emulator)


def allow(emulator: EmulatorApp, reply: Any, email: str | None = None) -> None:
    integrations = emulator.world.integrations
    integrations.allow(integrations.consent(reply["connection_id"]), email=email)


async def connect(emulator: EmulatorApp, client: Client, type_: str, *scopes: str) -> Any:
    reply = await client.put(type_, *scopes)
    allow(emulator, reply)
    return reply


async def test_a_new_connector_gets_a_link_and_is_not_listed_before_the_consent(client: Client) -> None:
    reply = await client.put("slack", "chat:write")

    assert reply.pop("redirect_url").startswith("http://testserver/api/external-auth/connect/")
    assert reply.pop("connection_id").startswith("base44_")
    assert reply == {
        "already_authorized": False,
        "error": None,
        "error_message": None,
        "other_user_email": None,
    }
    assert await client.listed() == []


async def test_link_and_connection_id_have_the_form_of_base44_s(client: Client) -> None:
    reply = await client.put("slack")

    assert len(reply["redirect_url"].rpartition("/")[2]) == 32
    assert len(reply["connection_id"]) == len("base44_") + 24


async def test_after_the_consent_it_is_listed_with_scopes_and_account(emulator: EmulatorApp, client: Client) -> None:
    reply = await client.put("slack", "chat:write")
    assert await client.status("slack", reply["connection_id"]) == "PENDING"

    allow(emulator, reply, email="team@example.com")

    assert await client.status("slack", reply["connection_id"]) == "ACTIVE"
    assert await client.listed() == [
        {
            "integration_type": "slack",
            "status": "active",
            "scopes": ["chat:write"],
            "user_email": "team@example.com",
        }
    ]


async def test_within_the_consent_scopes_are_replaced_at_once(emulator: EmulatorApp, client: Client) -> None:
    await connect(emulator, client, "slack", "chat:write", "users:read")

    assert await client.put("slack", "users:read") == SYNCED
    assert (await client.listed())[0]["scopes"] == ["users:read"]
    assert await client.put("slack", "chat:write", "users:read") == SYNCED


async def test_beyond_the_consent_the_old_connection_stays_until_the_new_one(
    emulator: EmulatorApp, client: Client
) -> None:
    await connect(emulator, client, "slack", "chat:write")

    reply = await client.put("slack", "chat:write", "files:read")

    assert reply["redirect_url"] is not None
    assert (await client.listed())[0]["scopes"] == ["chat:write"]
    allow(emulator, reply)
    assert (await client.listed())[0]["scopes"] == ["chat:write", "files:read"]


async def test_a_refused_consent_fails_and_leaves_the_old_connection(emulator: EmulatorApp, client: Client) -> None:
    await connect(emulator, client, "slack", "chat:write")
    reply = await client.put("slack", "files:read")

    integrations = emulator.world.integrations
    integrations.deny(integrations.consent(reply["connection_id"]))

    assert await client.status("slack", reply["connection_id"]) == "FAILED"
    assert (await client.listed())[0]["scopes"] == ["chat:write"]


async def test_scopes_are_dropped_and_added_without_a_word(emulator: EmulatorApp, client: Client) -> None:
    reply = await connect(emulator, client, "gmail", "gmail.send", "gmail.restricted", "gmail.send")

    assert reply["error"] is None
    assert (await client.listed())[0]["scopes"] == ["gmail.send", *GOOGLE_ADDS]
    assert await client.put("gmail", "gmail.send", "gmail.restricted") == SYNCED


async def test_a_type_without_scopes_works(emulator: EmulatorApp, client: Client) -> None:
    await connect(emulator, client, "notion")

    assert (await client.listed())[0]["scopes"] == []
    assert await client.put("notion") == SYNCED


async def test_another_user_s_connector_is_an_error_in_the_reply(emulator: EmulatorApp, client: Client) -> None:
    await connect(emulator, client, "slack", "chat:write")

    reply = await Client(emulator, "eve@example.com").put("slack", "chat:write")

    assert reply == {
        **SYNCED,
        "already_authorized": False,
        "error": "different_user",
        "error_message": "Slack User is already connected by dev@example.com",
        "other_user_email": DEFAULT_EMAIL,
    }


@pytest.mark.parametrize("status", ["expired", "disconnected"])
async def test_a_connection_that_no_longer_works_needs_a_new_consent(
    emulator: EmulatorApp, client: Client, status: str
) -> None:
    await connect(emulator, client, "slack", "chat:write")
    path = f"/admin/connectors/{emulator.app_id}/slack"
    await client.http.post(path, json={"status": status})

    assert (await client.listed())[0]["status"] == status
    assert (await client.put("slack", "chat:write"))["redirect_url"] is not None


async def test_a_link_expires_and_polling_it_says_failed(client: Client, clock: StandingClock) -> None:
    reply = await client.put("slack")
    clock.forward(599.9)
    assert await client.status("slack", reply["connection_id"]) == "PENDING"

    clock.forward(0.1)

    assert await client.status("slack", reply["connection_id"]) == "FAILED"


async def test_another_put_mints_a_fresh_link(client: Client) -> None:
    first, second = await client.put("slack"), await client.put("slack")

    assert first["connection_id"] != second["connection_id"]
    assert await client.status("slack", first["connection_id"]) == "PENDING"


async def test_links_are_forgotten_an_hour_after_their_end(client: Client, clock: StandingClock) -> None:
    reply = await client.put("slack")
    clock.forward(600 + 3601)
    await client.put("slack")

    assert (await client.poll("slack", reply["connection_id"])).status_code == 404


async def test_a_poll_must_name_the_connector_that_the_connection_is_of(client: Client) -> None:
    reply = await client.put("slack")

    assert (await client.poll("notion", reply["connection_id"])).status_code == 404
    assert (await client.poll("slack", "")).status_code == 422


async def test_removing_disconnects_and_voids_open_links(emulator: EmulatorApp, client: Client) -> None:
    await connect(emulator, client, "slack", "chat:write")
    wider = await client.put("slack", "files:read")

    reply = await client.remove("slack")

    assert reply.json() == {"status": "removed", "integration_type": "slack"}
    assert await client.listed() == []
    assert await client.status("slack", wider["connection_id"]) == "FAILED"


async def test_removing_what_is_absent_succeeds(client: Client) -> None:
    assert (await client.remove("slack")).json() == {"status": "removed", "integration_type": "slack"}


async def test_a_required_connection_config_is_validated(emulator: EmulatorApp, client: Client) -> None:
    missing = await client.put("share_point", "Sites.Read.All")
    wrong = await client.put("share_point", connection_config={"subdomain": "not a subdomain"})
    right = await client.put("share_point", "Sites.Read.All", connection_config={"subdomain": "contoso"})

    assert missing["error"] == wrong["error"] == "invalid_connection_config"
    assert missing["error_message"] == "SharePoint needs connection_config.subdomain"
    assert wrong["error_message"].startswith("Subdomain may contain")
    assert not missing["already_authorized"]
    allow(emulator, right)
    assert await client.put("share_point", "Sites.Read.All") == SYNCED


async def test_another_connection_config_needs_a_new_consent(emulator: EmulatorApp, client: Client) -> None:
    allow(emulator, await client.put("share_point", connection_config={"subdomain": "contoso"}))

    reply = await client.put("share_point", connection_config={"subdomain": "fabrikam"})

    assert reply["redirect_url"] is not None


@pytest.mark.parametrize("type_", ["myspace", "stripe", "a%20b"])
async def test_an_unknown_type_is_refused_by_name(emulator: EmulatorApp, client: Client, type_: str) -> None:
    reply = await client.http.put(f"{emulator.api}/external-auth/integrations/{type_}", json={"scopes": []})

    assert reply.status_code == 400
    assert reply.json()["message"] == f"Unsupported integration type: {type_.replace('%20', ' ')!r}"


@pytest.mark.parametrize("type_", ["slack%2Fremove", "slack%2fremove", "..%2F..", "%2e%2e", "a%5Cb", "slack//remove"])
async def test_a_crooked_type_reaches_no_other_route(emulator: EmulatorApp, client: Client, type_: str) -> None:
    await connect(emulator, client, "slack", "chat:write")

    for method in ("PUT", "DELETE"):
        reply = await client.http.request(method, f"{emulator.api}/external-auth/integrations/{type_}")
        assert reply.status_code in {400, 404}
    assert [one["integration_type"] for one in await client.listed()] == ["slack"]


async def test_a_type_with_a_space_removes_nothing(client: Client) -> None:
    assert (await client.remove("sl%20ack")).status_code == 400


@pytest.mark.parametrize("body", [b"{", b'{"scopes": "chat:write"}', b'{"scopes": [1]}', b"[]"])
async def test_a_body_of_the_wrong_shape_names_what_is_wrong(
    emulator: EmulatorApp, client: Client, body: bytes
) -> None:
    reply = await client.http.put(f"{emulator.api}/external-auth/integrations/slack", content=body)

    assert reply.status_code == 422
    assert reply.json()["message"] == "Invalid request body"
    assert reply.json()["extra_data"]["errors"][0]["message"]


async def test_a_body_over_a_megabyte_is_refused(emulator: EmulatorApp, client: Client) -> None:
    reply = await client.http.put(f"{emulator.api}/external-auth/integrations/slack", content=b" " * 1_048_577)

    assert reply.status_code == 413


async def test_the_catalogue_is_protocol_md_s(emulator: EmulatorApp, client: Client) -> None:
    reply = await client.http.get(f"{emulator.api}/external-auth/available-integrations")

    offered = {one["integration_type"]: one for one in reply.json()["integrations"]}
    assert " ".join(sorted(offered)) == (
        "airtable bamboohr box calendly clickup contentful databricks discord dropbox github gitlab gmail "
        "google_analytics google_classroom google_search_console googleads googlebigquery googlecalendar googledocs "
        "googledrive googlemeet googlesheets googleslides googletasks hubspot hugging_face instagram linear linkedin "
        "microsoft_teams notion one_drive outlook quickbooks salesforce share_point slack slackbot snowflake "
        "splitwise square supabase tiktok typeform wix wrike"
    )
    assert offered["slack"]["connection_config_fields"] == []
    assert [field["name"] for field in offered["share_point"]["connection_config_fields"]] == ["subdomain"]


async def test_apps_are_kept_apart(client: Client) -> None:
    emulator = emulator_app(app_ids=("a" * 24, "b" * 24))
    client = Client(emulator)
    await connect(emulator, client, "slack", "chat:write")

    other = await client.http.get(f"/api/apps/{'b' * 24}/external-auth/list")

    assert other.json() == {"integrations": []}


async def test_an_unknown_app_is_not_found(client: Client) -> None:
    reply = await client.http.get(f"/api/apps/{'0' * 24}/external-auth/list")

    assert reply.status_code == 404
    assert reply.json()["message"] == reply.json()["detail"] == f"App with id {'0' * 24} not found"


async def test_somebody_else_s_app_is_forbidden(emulator: EmulatorApp, client: Client) -> None:
    emulator.world.set_access(emulator.app_id, accessible=False)

    assert (await client.http.get(f"{emulator.api}/external-auth/list")).status_code == 403
