"""`connectord service`: the daemon as a service of this machine, under systemd or launchd."""

from __future__ import annotations

import os

import click

from connectord import __version__
from connectord.cli.asking import with_json, with_yes
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.cli.service_here import manager_here
from connectord.cli.service_table import as_document, says_how_it_is, status_lines
from connectord.cli.service_takeover import end_other_daemon, other_daemon
from connectord.cli.status import say_lines
from connectord.cli.status_table import NOTHING_YET
from connectord.cli.thin import run_thin
from connectord.control.client import Client
from connectord.control.unanswered import NoDaemon, ProtocolMismatch
from connectord.places import runtime_dir, state_dir
from connectord.service.choose import this_person
from connectord.service.definition import Whose
from connectord.service.installation import SECRETS, left_out
from connectord.service.manager import Person, RunState, ServiceStatus


@click.group()
def service() -> None:
    """The daemon as a service: it starts when you log in, and anew when it fails.

    Under systemd on Linux and launchd on macOS, for this user alone; nothing here needs root.
    """


@service.command("install")
@with_yes
@with_json
def install(*, yes: bool, as_json: bool) -> None:
    """Install the service, or bring it up to date, and start it. Returns when the daemon is ready.

    It takes over what this shell says about places and the way to Base44 (XDG_*, BASE44_API_URL, proxies), never
    keys and tokens. Where all is well already, nothing changes.
    """
    run_thin(lambda output: _install(output, yes=yes), as_json=as_json)


@service.command("uninstall")
@with_json
def uninstall(*, as_json: bool) -> None:
    """Stop the service and remove it. Login, settings and what is known of your projects stay."""
    run_thin(_uninstall, as_json=as_json)


@service.command("status")
@with_json
def status(*, as_json: bool) -> None:
    """Show whether the service is installed, up to date, running and enabled: exit code 0 if all of it is true."""
    run_thin(_status, as_json=as_json)


def _install(output: Output, *, yes: bool) -> ExitCode:
    person = this_person(os.environ)
    manager, client = manager_here(person), Client(runtime_dir())
    before = manager.status()
    _warn_of_sudo(person, output)
    end_other_daemon(client, before, runtime_dir(), output, yes=yes)
    if before.whose in {Whose.ANOTHER, Whose.MOVED}:
        gone = ", which is gone" if before.whose is Whose.MOVED else ""
        output.progress(f"Replacing the service of the installation at {before.python}{gone} ...")
    changed = manager.write()
    output.progress("Starting it, and waiting until it is ready ...")
    anew = changed or (before.state is RunState.RUNNING and not _is_of_this_version(client))
    after = manager.start(anew=anew)
    output.document({"changed": changed, "service": as_document(after)})
    if not output.as_json:
        _say_installed(person, after, output, unchanged=not anew and before.state is RunState.RUNNING)
    _say_what_is_left(person, after, client, output)
    return ExitCode.OK


def _uninstall(output: Output) -> ExitCode:
    manager = manager_here(this_person(os.environ))
    before = manager.status()
    there = before.whose is not Whose.NONE or before.state is not RunState.STOPPED
    if there:
        manager.remove()
    output.document({"removed": there, "file": str(before.file)})
    if output.as_json:
        return ExitCode.OK
    if not there:
        output.say("There is no service to remove.")
        return ExitCode.OK
    output.success(f"The service is stopped, and {before.file} is removed")
    output.say(f"Your login, your settings and {state_dir()} stay as they are.", dim=True)
    output.say("Without a service manager the daemon runs by: connectord start", dim=True)
    return ExitCode.OK


def _status(output: Output) -> ExitCode:
    found = manager_here(this_person(os.environ)).status()
    other = other_daemon(found, runtime_dir())
    output.document({**as_document(found), "other_daemon": other})
    if not output.as_json:
        say_lines(status_lines(found, other), output)
    well = found.whose is Whose.CURRENT and found.state is RunState.RUNNING and found.enabled
    return ExitCode.OK if well else ExitCode.FAILED


def _is_of_this_version(client: Client) -> bool:
    try:
        return client.daemon().version == __version__
    except (NoDaemon, ProtocolMismatch):
        return False


def _say_installed(person: Person, found: ServiceStatus, output: Output, *, unchanged: bool) -> None:
    words = "is installed already, and runs" if unchanged else "runs"
    output.success(f"connectord {__version__} {words} as a {says_how_it_is(found)}")
    output.say("It starts when you log in, and anew when it fails.", dim=True)
    if found.lingering is False:
        linger = f"loginctl enable-linger {person.name}"
        output.say(f"It ends with your last session. To let it go on without one: {linger}", dim=True)
    output.say(f"Its file: {found.file}", dim=True)


def _say_what_is_left(person: Person, found: ServiceStatus, client: Client, output: Output) -> None:
    names = left_out(person.environ)
    secret = [name for name in names if name in SECRETS]
    if secret:
        what = "It" if len(secret) == 1 else "They"
        output.warn(
            f"{', '.join(secret)} isn't written into the service's file. {what} can stand in a project's .env.local, "
            "or sign in with: connectord login"
        )
    if "BASE44_APP_ID" in names:
        output.warn("BASE44_APP_ID isn't taken over: it would make all projects the same app.")
    if not found.confined:
        output.warn("This system keeps user namespaces from its users: it runs with a part of its sandbox only.")
    try:
        projects = client.status().projects
    except NoDaemon as error:
        output.warn(f"It runs, but commands in this shell don't reach it: {error.what}")
    else:
        if not projects and not found.says and not output.as_json:  # under systemd the daemon's own line says so
            output.say(NOTHING_YET)


def _warn_of_sudo(person: Person, output: Output) -> None:
    if person.uid == 0 and person.environ.get("SUDO_USER", "root") != "root":
        output.warn(f"This is root's service, not the one of {person.environ['SUDO_USER']}: it needs no sudo.")
