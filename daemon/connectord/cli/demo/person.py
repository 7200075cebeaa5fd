"""The person of the demo: what someone would do in a browser, done over HTTP against the emulator's pages."""

from __future__ import annotations

from typing import Any

import httpx

TIMEOUT_SECONDS = 10.0


class Person:
    """Opens pages and presses buttons. Every call blocks for a few milliseconds and raises httpx.HTTPError."""

    def __init__(self, url: str) -> None:
        # No proxy of the environment may come between us and this machine.
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False, headers={"Origin": url})

    def close(self) -> None:
        """Close the browser."""
        self._http.close()

    def read(self, link: str) -> str:
        """The page behind a link."""
        return self._http.get(link).raise_for_status().text

    def allow(self, link: str) -> None:
        """Press Allow on a consent page."""
        self._press(link, action="allow")

    def deny(self, link: str) -> None:
        """Press Deny on a consent page."""
        self._press(link, action="deny")

    def claim(self, link: str) -> None:
        """Press Claim on Stripe's page."""
        self._press(link)

    def approve_device(self, user_code: str) -> None:
        """Enter the code of a device login and press Allow."""
        self._press("/device", action="allow", user_code=user_code, email="you@example.com")

    def admin(self, path: str, method: str = "POST", **body: object) -> Any:
        """What nobody does in a browser: look behind Base44's counter, or let time pass for a token."""
        return self._http.request(method, f"/admin/{path}", json=body or None).raise_for_status().json()

    def _press(self, link: str, **form: str) -> None:
        self._http.post(link, data=form).raise_for_status()
