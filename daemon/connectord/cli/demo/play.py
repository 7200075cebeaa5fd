"""The demo with a person in front of it: says what there is to try, then lets the daemon talk."""

from __future__ import annotations

import shlex
import subprocess
import sys

import click

from connectord.cli.demo.leaving import leave_in_order
from connectord.cli.demo.stage import Stage, connector_text
from connectord.cli.failures import show_error
from connectord.cli.output import Output
from connectord.errors import ConnectordError

CALENDAR = "https://www.googleapis.com/auth/calendar"


def play() -> None:
    """Set the stage, start the daemon on it, and leave when Ctrl-C ends the daemon."""
    output = Output()
    leave_in_order()
    output.progress("Starting a Base44 on this machine and signing in to it ...")
    try:
        with Stage() as stage:
            _sample_files(stage)
            _introduce(stage, output)
            daemon = stage.start_daemon(pipe=False)
            _until_over(daemon)
    except ConnectordError as error:
        raise click.exceptions.Exit(show_error(error, output)) from error
    output.say("The demo is over; its folder is gone.")


def _sample_files(stage: Stage) -> None:
    stage.save(
        "googlecalendar.jsonc",
        connector_text("googlecalendar", [f"{CALENDAR}.readonly", f"{CALENDAR}.events"], "The team's calendar"),
    )
    stage.save("slack.jsonc", connector_text("slack", ["chat:write", "channels:read"], "Posts to #releases"))


def _introduce(stage: Stage, output: Output) -> None:
    directory = stage.connectors
    command = f"CONNECTORD_RUNTIME_DIR={stage.runtime} {shlex.quote(sys.executable)} -m connectord"
    output.say()
    output.say("A Base44, a sample project and the daemon, all of them on this machine only.", bold=True)
    output.say(f"  Project   {stage.project}")
    output.say(f"  Base44    {stage.url}/apps/{stage.app_id}/editor/workspace/app-connections")
    output.say()
    output.say("Things to try while the daemon runs (in another terminal, or in your editor):", bold=True)
    output.say("  1. Open a link that it shows below, and press Allow, Deny, or use another account.")
    output.say(f"  2. Change a scope and save:   {directory / 'googlecalendar.jsonc'}")
    output.say("  3. Break that file, save it, and mend it again.")
    output.say(f"  4. Add a connector:           echo '{{type: \"stripe\"}}' > {directory / 'stripe.jsonc'}")
    output.say("  5. After Allow, delete that file: its connector goes ten seconds later. Delete all: they are held.")
    output.say(f"     Then, in another terminal:  {command} restore    (or approve, or status)")
    output.say("  Ctrl-C ends it and removes the folder. `connectord demo --tour` plays the story by itself.")
    output.say()
    sys.stdout.flush()


def _until_over(daemon: subprocess.Popen[bytes]) -> None:
    """Ctrl-C is the daemon's to answer: it shares this terminal, so wait for its last words."""
    while True:
        try:
            daemon.wait()
        except KeyboardInterrupt:
            continue
        return
