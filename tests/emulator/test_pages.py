"""The pages where people decide and look: plain forms, nothing injected, nothing from elsewhere."""

from __future__ import annotations

import httpx
import pytest
from tests.support.emulator import EmulatorApp, emulator_app
from tests.support.emulator_clock import StandingClock

from connectord.emulator import World
from connectord.emulator.html import Html, fill, joined, listed
from connectord.emulator.state import Consent

HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def emulator(clock: StandingClock) -> EmulatorApp:
    return emulator_app(clock=clock)


@pytest.fixture
def person(emulator: EmulatorApp) -> httpx.AsyncClient:
    return emulator.client()


def asked(world: World, *scopes: str, type_: str = "slack") -> Consent:
    """A consent that waits for its person."""
    outcome = world.integrations.put(world.first_app_id, type_, list(scopes), None, caller="dev@example.com")
    assert outcome.consent is not None
    return outcome.consent


def link(consent: Consent) -> str:
    return f"/api/external-auth/connect/{consent.link_token}"


async def test_the_consent_page_says_who_asks_for_what(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    consent = asked(emulator.world, "chat:write")

    page = await person.get(link(consent))

    assert page.status_code == 200
    for text in ("Connect Slack User", emulator.app_id, "<li>chat:write</li>", "dev@example.com"):
        assert text in page.text
    for button in (">Allow</button>", ">Deny</button>", "Use another account"):
        assert button in page.text


async def test_a_connector_without_scopes_says_so(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    page = await person.get(link(asked(emulator.world, type_="notion")))

    assert "Notion&#x27;s own default permissions" in page.text


async def test_allow_connects(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    consent = asked(emulator.world, "chat:write")

    page = await person.post(link(consent), data={"action": "allow", "email": ""})

    assert "You can close this tab." in page.text
    (connection,) = emulator.world.integrations.listed(emulator.app_id)
    assert (connection.scopes, connection.user_email) == (("chat:write",), "dev@example.com")


async def test_another_account_can_be_used(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    consent = asked(emulator.world)

    await person.post(link(consent), data={"action": "allow", "email": " team@example.com "})

    (connection,) = emulator.world.integrations.listed(emulator.app_id)
    assert (connection.user_email, connection.connected_by) == ("team@example.com", "dev@example.com")


async def test_deny_connects_nothing(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    consent = asked(emulator.world)

    page = await person.post(link(consent), data={"action": "deny"})

    assert "Not connected" in page.text
    assert emulator.world.integrations.listed(emulator.app_id) == ()
    assert emulator.world.integrations.poll(emulator.app_id, "slack", consent.connection_id) == "FAILED"


async def test_a_form_without_a_decision_decides_nothing(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    consent = asked(emulator.world)

    assert (await person.post(link(consent))).status_code == 400
    assert emulator.world.integrations.open_consents() == (consent,)


async def test_an_expired_link_says_so_and_can_t_be_used(
    emulator: EmulatorApp, person: httpx.AsyncClient, clock: StandingClock
) -> None:
    consent = asked(emulator.world)
    clock.forward(600)

    page = await person.get(link(consent))
    pressed = await person.post(link(consent), data={"action": "allow"})

    assert (page.status_code, pressed.status_code) == (410, 410)
    assert "This authorization link has expired" in page.text
    assert emulator.world.integrations.listed(emulator.app_id) == ()


@pytest.mark.parametrize(("action", "text"), [("allow", "was given already"), ("deny", "was refused or withdrawn")])
async def test_a_used_link_says_what_became_of_it(
    emulator: EmulatorApp, person: httpx.AsyncClient, action: str, text: str
) -> None:
    consent = asked(emulator.world)
    await person.post(link(consent), data={"action": action})

    page = await person.get(link(consent))

    assert page.status_code == 410
    assert text in page.text


async def test_an_unknown_link_is_not_found(person: httpx.AsyncClient) -> None:
    assert (await person.get("/api/external-auth/connect/0000")).status_code == 404
    assert (await person.post("/api/external-auth/connect/0000", data={"action": "allow"})).status_code == 404


async def test_the_device_page_takes_the_code(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    login = emulator.world.accounts.start_device_login()

    asked_page = await person.get("/device", params={"user_code": login.user_code})
    done = await person.post(
        "/device", data={"user_code": login.user_code, "action": "allow", "email": "a@example.com"}
    )

    assert f'value="{login.user_code}"' in asked_page.text
    assert "signed in as a@example.com" in done.text
    assert emulator.world.accounts.poll_device_login(login.device_code).access_token


async def test_the_device_page_asks_again_after_a_wrong_code(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    login = emulator.world.accounts.start_device_login()

    page = await person.post("/device", data={"user_code": "WRNG-CDXX", "action": "allow"})

    assert page.status_code == 404
    assert "No sign-in waits for this code" in page.text
    assert emulator.world.accounts.open_device_logins() == (login,)


async def test_the_device_page_wants_a_decision(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    login = emulator.world.accounts.start_device_login()

    assert (await person.post("/device", data={"user_code": login.user_code})).status_code == 400


async def test_the_index_links_to_what_waits(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    consent = asked(emulator.world)
    login = emulator.world.accounts.start_device_login()

    page = (await person.get("/")).text

    for part in (link(consent), login.user_code, f"/apps/{emulator.app_id}/", "POST /admin/reset", "restricted"):
        assert part in page


async def test_the_connectors_dashboard_shows_what_is_connected(
    emulator: EmulatorApp, person: httpx.AsyncClient
) -> None:
    path = f"/apps/{emulator.app_id}/editor/workspace/app-connections"
    assert "no connectors yet" in (await person.get(path)).text
    emulator.world.integrations.allow(asked(emulator.world, "chat:write"))
    account, _ = emulator.world.payments.install(emulator.app_id)

    page = (await person.get(path)).text

    for part in ("Slack User", "active", "<li>chat:write</li>", "dev@example.com", f"/claim/{account.claim_token}"):
        assert part in page
    assert (await person.get(path.replace(emulator.app_id, "nope"))).status_code == 404


async def test_nothing_that_was_sent_becomes_markup(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    hostile = emulator_app(app_ids=(HOSTILE,))
    consent = asked(hostile.world, HOSTILE)
    login = hostile.world.accounts.start_device_login()

    pages = [
        await hostile.client().get(link(consent)),
        await hostile.client().post(link(consent), data={"action": "allow", "email": HOSTILE}),
        await hostile.client().get("/"),
        await person.get("/device", params={"user_code": HOSTILE}),
        await person.post("/device", data={"user_code": HOSTILE, "action": "allow"}),
        await hostile.client().post(
            "/device", data={"user_code": login.user_code, "action": "allow", "email": HOSTILE}
        ),
    ]

    for page in pages:
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text


async def test_pages_load_nothing_and_can_t_be_framed(emulator: EmulatorApp, person: httpx.AsyncClient) -> None:
    page = await person.get(link(asked(emulator.world)))

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert "http" not in page.text.replace("http://testserver", "")


def test_fill_escapes_text_and_keeps_markup() -> None:
    assert fill("<p>{text}</p>", text="a<b") == "<p>a&lt;b</p>"
    assert fill("{inner}", inner=Html("<b>x</b>")) == "<b>x</b>"
    assert joined([Html("<i>1</i>"), Html("<i>2</i>")]) == "<i>1</i>\n<i>2</i>"
    assert listed([], otherwise="a<b") == "<p>a&lt;b</p>"
