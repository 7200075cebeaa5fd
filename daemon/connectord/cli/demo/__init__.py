"""`connectord demo`: a local Base44, a sample project and the daemon, ready to play with; or the tour."""

from __future__ import annotations

import sys

import click

from connectord.cli.demo.play import play
from connectord.cli.demo.tour import take_tour


@click.command()
@click.option("--tour", is_flag=True, help="Play the whole story by itself and check every step.")
def demo(*, tour: bool) -> None:
    """Try connectord against a Base44 on this machine: nothing leaves it, and nothing of yours is touched.

    Without a terminal it is the tour, which ends by itself: exit code 0 only when every step was seen to be true.
    """
    if tour or not sys.stdin.isatty():
        take_tour()
    else:
        play()
