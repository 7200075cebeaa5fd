"""`connectord completion`: the script that makes a shell complete connectord's commands, options and projects."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click
from click.shell_completion import get_completion_class

from connectord.cli.complaint import Usage
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.cli.thin import run_thin

_WHERE: Final = {
    "bash": 'eval "$(connectord completion bash)"    in ~/.bashrc',
    "zsh": 'eval "$(connectord completion zsh)"    in ~/.zshrc, after compinit',
    "fish": "connectord completion fish | source    in ~/.config/fish/config.fish",
}
_NAME: Final = "connectord"
_VARIABLE: Final = "_CONNECTORD_COMPLETE"
"""What click looks for in the environment, made of the program's name."""


@click.command(
    epilog="\b\nTo have it in every new shell:\n  " + "\n  ".join(_WHERE.values()),
)
@click.argument("shell", required=False, type=click.Choice(tuple(_WHERE)))
def completion(shell: str | None) -> None:
    """Print the script that completes connectord's words in SHELL (this one, without a word)."""
    run_thin(lambda output: _completion(shell or _shell(os.environ.get("SHELL", "")), output))


def _completion(shell: str, output: Output) -> ExitCode:
    from connectord.cli.app import connectord_group  # noqa: PLC0415  (which knows this command by its name)

    kind = get_completion_class(shell)
    if kind is None:
        raise Usage(f"This version of click can't complete in {shell}.")
    output.say(kind(connectord_group, {}, _NAME, _VARIABLE).source())
    return ExitCode.OK


def _shell(path: str) -> str:
    name = Path(path).name
    if name not in _WHERE:
        what = (
            f"The shell {name} isn't one that can complete" if name else "SHELL says nothing about which shell this is"
        )
        raise Usage(f"{what}: bash, zsh and fish can.", todo=("Name one of them: connectord completion bash",))
    return name
