"""The page where a person signs a device in: enter its code, choose who to be, allow or deny (RFC 8628, 3.3)."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectord.emulator.html import Html, fill, page
from connectord.emulator.refusals import UnknownDeviceCode
from connectord.emulator.replies import parse_form
from connectord.emulator.state import DEFAULT_EMAIL
from connectord.emulator.world import World

DEVICE_PATH = "/device"


def routes(world: World) -> list[Route]:
    """The page as routes."""
    pages = DevicePages(world)
    return [
        Route(DEVICE_PATH, pages.ask, methods=["GET"]),
        Route(DEVICE_PATH, pages.decide, methods=["POST"]),
    ]


class DevicePages:
    """Ask for the code and note what the person decides. Works without JavaScript."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def ask(self, request: Request) -> Response:
        """GET /device[?user_code=ABCD-EFGH]"""
        return _form(request.query_params.get("user_code", ""), Html(), HTTPStatus.OK)

    async def decide(self, request: Request) -> Response:
        """POST the form: `user_code`, `action` (allow or deny) and `email`."""
        form = parse_form(await request.body())
        user_code, action = form.get("user_code", ""), form.get("action")
        email = form.get("email", "").strip() or DEFAULT_EMAIL
        if action not in ("allow", "deny"):
            return _form(user_code, _complaint("Allow or deny?"), HTTPStatus.BAD_REQUEST)
        try:
            self._world.accounts.decide_device_login(user_code, email=email if action == "allow" else None)
        except UnknownDeviceCode as unknown:
            return _form(user_code, _complaint(f"{unknown}."), HTTPStatus.NOT_FOUND)
        text = f"The device is signed in as {email}." if action == "allow" else "The device was not signed in."
        return page("Thank you", fill("<p>{text}</p><p>You can close this tab.</p>", text=text))


def _complaint(text: str) -> Html:
    return fill("<p><strong>{text}</strong></p>", text=text)


def _form(user_code: str, complaint: Html, status: HTTPStatus) -> Response:
    return page("Sign a device in", fill(_ASK, user_code=user_code, complaint=complaint, email=DEFAULT_EMAIL), status)


_ASK = """
<p>A program on your machine wants to act for you on Base44. Enter the code that it shows.</p>
{complaint}
<form method="post">
<label for="user_code">Code</label>
<input id="user_code" name="user_code" value="{user_code}" placeholder="BCDF-GHJK" autocomplete="off" required>
<label for="email">Sign in as</label>
<input id="email" name="email" type="email" value="{email}">
<button name="action" value="allow">Allow</button>
<button name="action" value="deny" class="quiet">Deny</button>
</form>
"""
