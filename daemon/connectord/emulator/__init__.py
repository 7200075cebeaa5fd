"""A Base44 to run against on this machine: stateful, on loopback, with pages, faults and limits.

`World` is the state and its rules without HTTP, `create_app` puts HTTP around it, `serve` puts it on a port. Nothing
here knows connectord's own client: the emulator is judged by the real CLI (tests/conformance), and judges the client.
"""

from connectord.emulator.app import create_app
from connectord.emulator.serve import serve
from connectord.emulator.state import DEFAULT_API_KEY, DEFAULT_APP_ID, DEFAULT_EMAIL, Settings
from connectord.emulator.world import World

__all__ = ["DEFAULT_API_KEY", "DEFAULT_APP_ID", "DEFAULT_EMAIL", "Settings", "World", "create_app", "serve"]
