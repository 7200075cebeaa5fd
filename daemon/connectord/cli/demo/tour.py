"""The tour: the whole story, played with real files, a real daemon and consents over HTTP, and checked step by step.

Each step first does something and then says what it saw; a step that doesn't see it in time fails the tour.
"""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

import click
import httpx

from connectord.cli.demo.leaving import leave_in_order
from connectord.cli.demo.listener import Listener
from connectord.cli.demo.stage import DemoFailed, Stage, connector_text
from connectord.cli.exit_codes import ExitCode
from connectord.cli.failures import show_error
from connectord.cli.output import Output
from connectord.errors import ConnectordError

LIMIT_SECONDS = 4.0
"""The tour's limit for a consent, instead of two minutes."""

GRACE_SECONDS = 1.0
"""How long a file must be gone, instead of ten seconds."""

CALENDAR = "https://www.googleapis.com/auth/calendar"
CONSENTED = ["googlecalendar", "stripe"]
READ, EVENTS = f"{CALENDAR}.readonly", f"{CALENDAR}.events"


def take_tour() -> None:
    """Play the tour and leave with 0 only when every step was seen to be true."""
    output = Output()
    leave_in_order()
    output.say("connectord's tour: a Base44 on this machine, a sample project, and the daemon watching it.", bold=True)
    began = time.monotonic()
    try:
        with Stage(f"authorization_limit = {LIMIT_SECONDS}\nremoval_grace = {GRACE_SECONDS}\n") as stage:
            Tour(stage, output).play()
    except (ConnectordError, httpx.HTTPError) as error:
        failed = (
            error if isinstance(error, ConnectordError) else DemoFailed(f"The local Base44 did not answer: {error}")
        )
        show_error(failed, output)
        raise click.exceptions.Exit(ExitCode.FAILED) from error
    output.success(f"Every step was seen to be true, in {time.monotonic() - began:.1f} s.")


class Tour:
    """The story's steps, in their order. Each method is one step; its docstring is its title."""

    def __init__(self, stage: Stage, output: Output) -> None:
        self._stage = stage
        self._person = stage.person
        self._output = output
        self._daemon = stage.start_daemon("--json", pipe=True)
        if self._daemon.stdout is None:
            raise DemoFailed("The daemon's output can't be read.")
        self._listener = Listener(self._daemon.stdout)

    @property
    def steps(self) -> tuple[Callable[[], str], ...]:
        """The steps; each returns what it saw."""
        return (
            self.signed_in,
            self.watching,
            self.new_file,
            self.consent_given,
            self.scope_changed,
            self.file_broken,
            self.file_mended,
            self.stripe_provisioned,
            self.consent_denied,
            self.consent_timed_out,
            self.token_refreshed,
            self.all_files_vanished,
            self.files_restored,
            self.file_deleted,
            self.ended,
        )

    def play(self) -> None:
        """Play all steps; raises DemoFailed at the first that isn't true."""
        for number, step in enumerate(self.steps, 1):
            began = time.monotonic()
            title = (step.__doc__ or step.__name__).strip().rstrip(".")
            try:
                saw = step()
            except ConnectordError as error:
                raise DemoFailed(f"Step {number}, {title}: {error.what}", details=error.details) from error
            self._output.success(f"{number:2}. {title}  ({time.monotonic() - began:.2f} s)")
            self._output.say(f"      {saw}", dim=True)

    def signed_in(self) -> str:
        """Signed in with a device code."""
        mode = stat.S_IMODE(self._stage.credentials.stat().st_mode)
        _check(mode == stat.S_IRUSR | stat.S_IWUSR, f"the credentials have mode {mode:o} instead of 600")
        return f"as {self._credentials()['email']}; the credentials are for this user's eyes only"

    def watching(self) -> str:
        """The daemon watches the project."""
        return str(self._listener.expect(event="project.watching")["message"])

    def new_file(self) -> str:
        """A new file is pushed, and Base44 asks for consent."""
        self._begin()
        self._stage.save(
            "googlecalendar.jsonc", connector_text("googlecalendar", [READ, EVENTS], "The team's calendar")
        )
        self._outcome("googlecalendar", "needs-authorization")
        self._link = str(self._listener.expect(event="notice", type="googlecalendar")["url"])
        sent = self._sent("set")
        _check(sent == [{"scopes": [READ, EVENTS]}], f"Base44 received {sent}")
        _check("googlecalendar" not in self._connectors(), "Base44 lists it before anyone consented")
        return f"the one link: {self._link}"

    def consent_given(self) -> str:
        """Consent is given in the browser, and the connector is Added."""
        self._begin()
        _check("Allow" in self._person.read(self._link), "the consent page has no Allow button")
        self._person.allow(self._link)
        line = self._listener.expect(event="authorization.ended", type="googlecalendar", result="added")
        _check("googlecalendar" in self._connectors(), "Base44 doesn't list it")
        return str(line["message"])

    def scope_changed(self) -> str:
        """A scope is taken out: one save, one request."""
        self._begin()
        self._stage.save("googlecalendar.jsonc", connector_text("googlecalendar", [READ], "The team's calendar"))
        self._outcome("googlecalendar", "synced")
        requests = [request["method"] + " " + request["path"] for request in self._requests()]
        _check(len(requests) == 1, f"it took {len(requests)} requests: {requests}")
        _check(EVENTS not in self._connectors()["googlecalendar"], "Base44 still has the scope")
        return str(requests[0])

    def file_broken(self) -> str:
        """A broken file is reported at its line and column, and nothing is sent."""
        self._begin()
        path = self._stage.save("googlecalendar.jsonc", '{\n  "type": "googlecalendar",\n  "scopes": [}\n')
        line = self._listener.expect(event="file.invalid", file=str(path))
        _check((line["line"], line["column"]) == (3, 14), f"it was reported at {line['line']}:{line['column']}")
        _check(not self._requests(), "something was sent")
        return str(line["message"])

    def file_mended(self) -> str:
        """The file is mended, and pushed again."""
        self._begin()
        self._stage.save(
            "googlecalendar.jsonc", connector_text("googlecalendar", [READ, EVENTS], "The team's calendar")
        )
        line = self._listener.expect(event="file.mended")
        self._outcome("googlecalendar", "synced")
        _check(EVENTS in self._connectors()["googlecalendar"], "Base44 doesn't have the scope again")
        return str(line["message"])

    def stripe_provisioned(self) -> str:
        """Stripe is provisioned without a consent, and its sandbox can be claimed."""
        self._begin()
        self._stage.save("stripe.jsonc", connector_text("stripe", []))
        self._outcome("stripe", "provisioned")
        link = str(self._listener.expect(event="notice", type="stripe")["url"])
        self._person.claim(link)
        mode = self._state()["stripe"][self._stage.app_id]["mode"]
        _check(mode == "live", f"Stripe is {mode} after the claim")
        return f"claimed at {link}"

    def consent_denied(self) -> str:
        """Consent is denied: failed, and said so."""
        self._begin()
        self._stage.save("slack.jsonc", connector_text("slack", ["chat:write"]))
        link = str(self._listener.expect(event="notice", type="slack")["url"])
        self._person.deny(link)
        line = self._listener.expect(event="authorization.ended", type="slack", result="failed")
        return str(line["message"])

    def consent_timed_out(self) -> str:
        """Nobody consents within the limit (two minutes; here four seconds): timed out, not lost."""
        self._begin()
        self._stage.save("github.jsonc", connector_text("github", ["repo"]))
        self._listener.expect(event="authorization.opened", type="github")
        opened = time.monotonic()
        line = self._listener.expect(
            event="authorization.ended", type="github", result="timed-out", within=LIMIT_SECONDS + 15
        )
        took = time.monotonic() - opened
        _check(took > LIMIT_SECONDS / 2, f"it gave up after {took:.1f} s")
        polls = len(self._sent("poll"))
        _check(polls > 1, f"it looked {polls} times")
        return f"{line['message']} (after {polls} polls)"

    def token_refreshed(self) -> str:
        """The access token expires, is refreshed, and the save goes through."""
        self._begin()
        before = self._credentials()["accessToken"]
        self._person.admin("tokens/expire")
        self._stage.save("googlecalendar.jsonc", connector_text("googlecalendar", [READ], "The team's calendar"))
        self._outcome("googlecalendar", "synced")
        answers = [(request["operation"], request["status"]) for request in self._requests()]
        # Where the machine is busy, the last poll of the step before may be the one that meets the old token.
        _check(any(status == HTTPStatus.UNAUTHORIZED for _, status in answers), f"nothing was refused: {answers}")
        _check(answers.count(("token", 200)) == 1, f"the token was refreshed more than once, or not: {answers}")
        _check(("set", 200) in answers, f"set was answered with {answers}")
        _check(self._credentials()["accessToken"] != before, "the credentials are the old ones")
        return "the old token was answered 401, refreshed once, and the connector set with the new one: 200"

    def all_files_vanished(self) -> str:
        """All files vanish, as from an accident: held, and nothing is changed on Base44."""
        self._begin()
        self._stage.delete("googlecalendar.jsonc", "stripe.jsonc", "slack.jsonc", "github.jsonc")
        # Where the machine was busy, the files went before the daemon's eyes: the hold began and grew.
        line = self._listener.expect(code="root-emptied", types=CONSENTED)
        self._listener.expect_each(["github", "slack"], event="connector.forgotten")  # nobody has consented to these
        _check(not self._changes(), f"Base44 received {self._changes()}")
        _check("googlecalendar" in self._connectors(), "a connector was removed")
        return str(line["message"])

    def files_restored(self) -> str:
        """`connectord restore` puts the files back: the hold is over, and nothing was changed on Base44."""
        self._begin()
        restored = [file.type for file in self._stage.restore().files]
        line = self._listener.expect(event="hold.ended", code="root-emptied")
        _check(restored == CONSENTED, f"restored were {restored}")
        text = (self._stage.connectors / "googlecalendar.jsonc").read_text(encoding="utf-8")
        _check("// The team's calendar" in text, "the file's comment is lost")
        _check(not self._changes(), f"Base44 received {self._changes()}")
        return str(line["message"])

    def file_deleted(self) -> str:
        """One file is deleted: its connector is removed after the grace (ten seconds; here one)."""
        self._begin()
        self._stage.delete("googlecalendar.jsonc")
        line = self._listener.expect(event="removal.coming")
        self._outcome("googlecalendar", "removed")
        removed = self._listener.expect(event="connector.outcome", type="googlecalendar", result="removed")
        waited = (datetime.fromisoformat(removed["at"]) - datetime.fromisoformat(line["at"])).total_seconds()
        _check(waited > GRACE_SECONDS / 2, f"it was removed after {waited:.2f} s")
        _check(len(self._sent("remove")) == 1, f"Base44 received {self._requests()}")
        _check("googlecalendar" not in self._connectors(), "Base44 still has it")
        _check(self._state()["stripe"][self._stage.app_id]["mode"] == "live", "Stripe was removed too")
        return str(line["message"])

    def ended(self) -> str:
        """The daemon is asked to end, and ends well."""
        code = self._stage.end(self._daemon)
        _check(code == ExitCode.OK, f"its exit code is {code}")
        return "exit code 0"

    def _begin(self) -> None:
        self._listener.forget()
        self._person.admin("requests", "DELETE")

    def _outcome(self, connector_type: str, result: str) -> None:
        self._listener.expect(event="connector.outcome", type=connector_type, result=result)
        self._listener.expect(event="push.finished")

    def _changes(self) -> list[dict[str, Any]]:
        """What was more than a question: what is forgotten is asked for first."""
        return [request for request in self._requests() if request["method"] != "GET"]

    def _requests(self) -> list[dict[str, Any]]:
        return list(self._person.admin("requests", "GET")["requests"])

    def _sent(self, operation: str) -> list[Any]:
        return [request["body"] for request in self._requests() if request["operation"] == operation]

    def _state(self) -> dict[str, Any]:
        return dict(self._person.admin("state", "GET"))

    def _connectors(self) -> dict[str, list[str]]:
        listed = self._state()["connectors"][self._stage.app_id]
        return {one["type"]: one["scopes"] for one in listed if one["status"] == "active"}

    def _credentials(self) -> dict[str, Any]:
        return dict(json.loads(self._stage.credentials.read_text(encoding="utf-8")))


def _check(seen: bool, otherwise: str) -> None:
    if not seen:
        raise DemoFailed(f"not true: {otherwise}.")
