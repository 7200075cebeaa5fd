"""The command group. Each command is a module of its own that is imported only when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

import click
from click.shell_completion import CompletionItem

import connectord
from connectord.cli.exit_codes import ExitCode

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("connectord.cli.demo:demo", "A local Base44, a sample project and the daemon, ready to play with."),
    "run": ("connectord.cli.run:run", "The daemon in the foreground: watch a project and push what changes."),
    "start": ("connectord.cli.start:start", "The daemon in the background."),
    "stop": ("connectord.cli.stop:stop", "End the daemon."),
    "service": ("connectord.cli.service:service", "The daemon as a service that starts when you log in."),
    "status": ("connectord.cli.status:status", "How the projects and their connectors are."),
    "wait": ("connectord.cli.wait:wait", "Wait until what is saved now is pushed."),
    "projects": ("connectord.cli.projects:projects", "Add, remove and list the projects that the daemon looks after."),
    "history": ("connectord.cli.history:history", "What the daemon did, the newest last."),
    "logs": ("connectord.cli.logs:logs", "What the daemon wrote down; -f follows."),
    "pause": ("connectord.cli.pause:pause", "Push nothing until resume."),
    "resume": ("connectord.cli.pause:resume", "End a pause."),
    "snooze": ("connectord.cli.snooze:snooze", "Show no notices for a while."),
    "authorize": ("connectord.cli.authorize:authorize", "Open the links of connectors that need your authorization."),
    "skip": ("connectord.cli.skip:skip", "Say that an authorization can wait."),
    "approve": ("connectord.cli.approve:approve", "Remove from Base44 what is held."),
    "restore": (
        "connectord.cli.restore:restore",
        "Put the files of what is held back.",
    ),
    "push": ("connectord.cli.push:push", "Make the app's connectors equal to the local files, once."),
    "pull": ("connectord.cli.pull:pull", "Make the local files equal to the app's connectors, once."),
    "list-available": ("connectord.cli.list_available:list_available", "List the connector types that Base44 offers."),
    "login": ("connectord.cli.login:login", "Sign in to Base44 in the browser."),
    "logout": ("connectord.cli.logout:logout", "Sign out on this machine."),
    "whoami": ("connectord.cli.whoami:whoami", "Show who is signed in."),
    "doctor": ("connectord.cli.doctor:doctor", "Look for what is wrong on this machine, and say how to mend it."),
    "completion": (
        "connectord.cli.completion_script:completion",
        "Print the script that completes commands in your shell.",
    ),
    "emulator": ("connectord.cli.emulator:emulator", "Run a Base44 on this machine to try things against."),
}
"""Command name -> where it lives, and its line in the help (so that `--help` imports none of them)."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called and not before: start-up stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of COMMANDS."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, imported now."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help's list of commands, from COMMANDS alone."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so, from COMMANDS alone, and the options of the group."""
        named = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(connectord.__version__, prog_name="connectord", message="%(prog)s %(version)s")
def connectord_group() -> None:
    """Connectord keeps the connectors of your Base44 app equal to the files in base44/connectors/."""


def run_group() -> None:
    """Parse the arguments, run the command and leave with its exit code. Ctrl-C is raised as KeyboardInterrupt."""
    try:
        sys.exit(connectord_group.main(prog_name="connectord", standalone_mode=False))
    except click.Abort:  # what click makes of Ctrl-C, and calls a failure
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ImportError as error:
        click.echo(f"Error: connectord isn't installed as a whole: {error}.", err=True)
        click.echo(
            "  Hint: See what is missing: connectord doctor; or install it again: pipx reinstall connectord", err=True
        )
        sys.exit(ExitCode.FAILED)
