"""Why a command got no answer from the daemon, in words that say what to do.

NoDaemon            nobody listens
  NotAnswering      somebody does, but says nothing in time
  DaemonGone        it went away before it had answered
  ForeignServer     what listens there isn't connectord, or isn't this user's
ProtocolMismatch    both ends are of versions that don't understand each other
Refusal             the daemon answered, and said no
"""

from __future__ import annotations

from email.message import Message
from pathlib import Path

from connectord import __version__
from connectord.control.lock_file import daemon_pid, is_locked
from connectord.control.models import PROTOCOL, PROTOCOL_HEADER, VERSION_HEADER, Failure
from connectord.errors import ConnectordError

_START = "Start it with: connectord start (or connectord run, in the foreground)"


class NoDaemon(ConnectordError):
    """Nobody listens at the daemon's socket."""

    code = "NO_DAEMON"

    def __init__(self, runtime: Path, error: OSError) -> None:
        if is_locked(runtime):
            what = f"connectord runs ({_who(runtime)}), but doesn't answer: it is just starting or ending."
            super().__init__(what, todo=("Try again in a moment.",))
        elif isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            super().__init__("connectord isn't running.", todo=(_START,))
        else:
            what = f"connectord can't be reached in {runtime}: {error.strerror or error}."
            super().__init__(what, todo=("Check that CONNECTORD_RUNTIME_DIR is the same for daemon and command.",))


class NotAnswering(NoDaemon):
    """The daemon holds its socket, but didn't answer in time."""

    def __init__(self, runtime: Path) -> None:
        todo = ("Try again in a moment, and look at: connectord logs", f"If it stays so, end it: kill {_pid(runtime)}")
        ConnectordError.__init__(self, f"connectord runs ({_who(runtime)}), but didn't answer in time.", todo=todo)


class DaemonGone(NoDaemon):
    """The daemon ended, or was killed, while a command waited for its answer."""

    def __init__(self, runtime: Path) -> None:
        what = f"connectord ({_who(runtime)}) went away before it had answered."
        ConnectordError.__init__(self, what, todo=("See why with: connectord logs", _START))


class ForeignServer(NoDaemon):
    """Something listens at the daemon's socket that isn't this user's connectord."""

    def __init__(self, what: str, todo: tuple[str, ...]) -> None:
        ConnectordError.__init__(self, what, todo=todo)


class ProtocolMismatch(ConnectordError):
    """The command and the daemon are of versions that don't understand each other."""

    code = "PROTOCOL_MISMATCH"


class Refusal(ConnectordError):
    """The daemon said no; words and code are the ones of the error that was raised there."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.error, todo=failure.hints, details=failure.details)
        self.code = failure.code


def foreign_server(path: Path, reason: str) -> ForeignServer:
    """What listens at `path` isn't this user's connectord, for this reason."""
    what = f"What listens at {path} isn't this user's connectord: {reason}."
    return ForeignServer(what, (f"Find it with: fuser {path}", "End it, then: connectord start"))


def check_protocol(path: Path, headers: Message, runtime: Path) -> None:
    """Raise ProtocolMismatch, which says which end is the older one, or ForeignServer where nothing says so."""
    spoken = headers.get(PROTOCOL_HEADER, "")
    if not spoken.isdecimal():
        raise foreign_server(path, "it doesn't speak connectord's protocol")
    theirs = f"{headers.get(VERSION_HEADER, 'unknown')} (protocol {spoken})"
    ours = f"{__version__} (protocol {PROTOCOL})"
    what = f"The daemon is connectord {theirs}, this command is {ours}, and they don't understand each other."
    if int(spoken) < PROTOCOL:
        todo = f"The daemon is the older one. Restart it: kill {_pid(runtime)}, then connectord start"
        raise ProtocolMismatch(what, todo=(todo,))
    if int(spoken) > PROTOCOL:
        todo = "This command is the older one. Update it, or see with `which -a connectord` whether there are two"
        raise ProtocolMismatch(what, todo=(todo,))


def _pid(runtime: Path) -> str:
    pid = daemon_pid(runtime)
    return "PID" if pid is None else str(pid)


def _who(runtime: Path) -> str:
    pid = daemon_pid(runtime)
    return "pid unknown" if pid is None else f"pid {pid}"
