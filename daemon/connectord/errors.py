"""The root of every error that a person may see: each room hangs a tree of its own below it.

ConnectordError
  ProjectError     project/   the folder, its config and its files
  Base44Error      base44/    the wire, the service and the credentials
  SettingsError    settings   config.toml and command line values
  ...
"""

from __future__ import annotations


class ConnectordError(Exception):
    """Something a person must hear of, in plain words, and a program can tell apart by `code`.

    `what` is one sentence on what happened and where (file:line:column, URL, request id); `todo` is what
    to do about it, one sentence each, most likely first. `code` is UPPER_SNAKE and stable.
    """

    code = "ERROR"

    def __init__(self, what: str, *, todo: tuple[str, ...] = (), details: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo
        self.details = details
