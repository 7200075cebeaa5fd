"""A whole Base44 in memory, without HTTP: state, rules, faults, limits and the request log, put together."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from connectord.emulator.accounts import Accounts
from connectord.emulator.faults import Faults
from connectord.emulator.integrations import Integrations
from connectord.emulator.journal import Journal
from connectord.emulator.limits import Limits
from connectord.emulator.payments import Payments
from connectord.emulator.refusals import NoAccess, UnknownApp
from connectord.emulator.state import DEFAULT_API_KEY, DEFAULT_APP_ID, DEFAULT_EMAIL, App, Settings, State


class World:
    """One emulated Base44. `clock` gives seconds since the epoch, `token_hex(n)` n random bytes as 2n hex digits.

    With a `state` (from a file) the world goes on from there; the apps named here are added to it.
    """

    accounts: Accounts
    integrations: Integrations
    payments: Payments

    def __init__(
        self,
        *,
        app_ids: Iterable[str] = (),
        settings: Settings | None = None,
        state: State | None = None,
        clock: Callable[[], float] = time.time,
        token_hex: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self._app_ids = tuple(app_ids) or (DEFAULT_APP_ID,)
        self._first_settings = settings or Settings()
        self._clock = clock
        self._token_hex = token_hex
        self.faults = Faults()
        self.limits = Limits(clock)
        self.journal = Journal()
        self._settle(state or self._fresh_state())

    @property
    def state(self) -> State:
        """What is kept in a file, and shown at /admin/state."""
        return self._state

    @property
    def settings(self) -> Settings:
        """What may be changed while the world runs."""
        return self._state.settings

    @property
    def first_app_id(self) -> str:
        """The app to use where nobody says which."""
        return self._app_ids[0]

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()

    def change_settings(self, settings: Settings) -> None:
        """Put other settings in force; tokens and links that are out keep the lifetime they were given."""
        self._state.settings = settings

    def enter(self, app_id: str) -> App:
        """The app, for a user who may use it. Raises UnknownApp or NoAccess."""
        if (app := self._state.apps.get(app_id)) is None:
            raise UnknownApp(f"App with id {app_id} not found")
        if not app.accessible:
            raise NoAccess("You don't have access to this app")
        return app

    def set_access(self, app_id: str, *, accessible: bool) -> None:
        """Say whether users may touch an app, which is made if there is none."""
        app = self._state.apps.get(app_id, App(app_id))
        self._state.apps[app_id] = replace(app, accessible=accessible)

    def reset(self) -> None:
        """Begin anew: everything as at the very first start, all sessions ended."""
        self.faults.clear()
        self.limits.forget()
        self.journal.clear()
        self._settle(self._fresh_state())

    def _settle(self, state: State) -> None:
        self._state = state
        for app_id in self._app_ids:
            state.apps.setdefault(app_id, App(app_id))
        self.accounts = Accounts(state, clock=self._clock, token_hex=self._token_hex)
        self.integrations = Integrations(state, clock=self._clock, token_hex=self._token_hex)
        self.payments = Payments(state, token_hex=self._token_hex)

    def _fresh_state(self) -> State:
        return State(
            signing_key=self._token_hex(32),
            settings=self._first_settings,
            users={DEFAULT_EMAIL: "Dev Example"},
            api_keys={DEFAULT_API_KEY: DEFAULT_EMAIL},
        )
