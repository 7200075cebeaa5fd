"""The command line: parse, call, print. `main` is the entry point."""

from __future__ import annotations


def main() -> None:
    """Run the command that the arguments name."""
    from connectord.cli.app import connectord_group  # noqa: PLC0415  (imports only what the command needs)

    connectord_group(prog_name="connectord")
