"""The daemon's face to the outside: what it tells and answers, as versioned models, and the local API.

Import the submodules: a command must not pay for the server, nor the daemon for the client.
"""

from connectord.control.news import SCHEMA_VERSION, News, NewsKind, Tone

__all__ = ["SCHEMA_VERSION", "News", "NewsKind", "Tone"]
