"""`python -m connectord` is the command `connectord`."""

from connectord.cli import main

main()
