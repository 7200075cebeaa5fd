"""`~/.base44/auth/auth.json`, shared with the CLI: read it, write it whole, lock it between processes (P7).

Nothing here deletes it. The CLI takes no lock, writes it in place and deletes it when one of its renewals fails, so
every reader must expect it half-written, changed or gone.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from connectord.base44.auth_document import stored_document, stored_tokens
from connectord.base44.errors import CredentialsUnusable, TimedOut
from connectord.base44.tokens import Tokens

LOCK_SECONDS: Final = 30.0
"""How long to wait for another process's renewal: three times what one attempt may take."""

_LOCK_POLL: Final = 0.05

Mark = tuple[int, int, int, int]
"""Device, inode, size and modification time: two different marks are two different contents."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The file at one moment; no tokens and no mark where there is no file."""

    tokens: Tokens | None
    mark: Mark | None


class AuthFile:
    """The credentials file below `home`."""

    def __init__(self, home: Path) -> None:
        self.path = home / ".base44" / "auth" / "auth.json"
        self.lock_path = self.path.with_name("auth.json.lock")

    def mark(self) -> Mark | None:
        """What tells this content from another without reading it; None where there is no file."""
        try:
            return _mark(self.path.stat())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unusable("can't be read", error) from error

    def read(self) -> Reading:
        """The tokens and their mark. Raises CredentialsUnusable (path, line, column) for a damaged file."""
        try:
            content, mark = _content(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return Reading(None, None)
        except OSError as error:
            raise self._unusable("can't be read", error) from error
        return Reading(stored_tokens(self.path, content), mark)

    def write(self, tokens: Tokens) -> Mark:
        """Put `tokens` into the file: whole or not at all, readable by this user alone, its unknown keys kept.

        Raises CredentialsUnusable where it can't be written, and where the file is damaged: that is left as it is.
        """
        # The CLI wants a positive integer; an expiry that isn't known is due.
        expires_at_ms = max(1, round((tokens.expires_at or 0) * 1000))
        document = {
            "accessToken": tokens.access,
            "refreshToken": tokens.refresh,
            "expiresAt": expires_at_ms,
            "email": tokens.email,
            "name": tokens.name or tokens.email,
        }
        try:
            kept = stored_document(self.path, self.path.read_bytes()) if self.mark() else {}
            return self._replace(json.dumps(kept | document, indent=2).encode())
        except OSError as error:
            raise self._unusable("can't be written", error) from error

    @asynccontextmanager
    async def locked(self, sleep: Callable[[float], Awaitable[None]]) -> AsyncIterator[None]:
        """Hold `auth.json.lock` alone among all connectord processes of this user, waiting LOCK_SECONDS at most.

        Where no lock file can be made (a read-only home) it goes on without: no other process can rotate tokens
        through a file that nobody can write. Raises TimedOut.
        """
        lock = self._lock()
        held = await self._acquire(lock, sleep)
        try:
            yield
        finally:
            if held:
                lock.release()

    def remove(self) -> bool:
        """Delete the file because the person said so (`connectord logout`); was there one? Blocks for the lock."""
        try:
            if self.mark() is None:
                return False
            with self._lock().acquire(timeout=LOCK_SECONDS):
                self.path.unlink(missing_ok=True)
                return True
        except Timeout:
            raise self.still_locked() from None
        except OSError as error:
            raise self._unusable("can't be removed", error) from error

    def set_aside(self) -> None:
        """Make room for a login: a file that can't be read moves to `auth.json.damaged`."""
        try:
            self.read()
        except CredentialsUnusable:
            try:
                self.path.replace(self.path.with_name("auth.json.damaged"))
            except OSError as error:
                raise self._unusable("can't be moved aside", error) from error

    def still_locked(self) -> TimedOut:
        """The error for a lock that another process does not let go of."""
        return TimedOut(
            f"{self.lock_path} was held by another process for {LOCK_SECONDS:g} s",
            operation="renew the sign-in",
            todo=("See which connectord process hangs, end it, and try again.",),
        )

    def _lock(self) -> FileLock:
        with suppress(OSError):  # shown by the acquire that follows
            _make_private(self.path.parent.parent)
            _make_private(self.path.parent)
        return FileLock(self.lock_path, mode=0o600)

    async def _acquire(self, lock: FileLock, sleep: Callable[[float], Awaitable[None]]) -> bool:
        for _ in range(round(LOCK_SECONDS / _LOCK_POLL)):
            try:
                lock.acquire(blocking=False)
            except Timeout:
                await sleep(_LOCK_POLL)
            except OSError:
                return False
            else:
                return True
        raise self.still_locked()

    def _replace(self, content: bytes) -> Mark:
        # Through a symlink, as dotfile keepers use them: the file it points to is what is replaced.
        target = Path(os.path.realpath(self.path))
        _make_private(self.path.parent.parent)
        _make_private(self.path.parent)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".auth.json.")  # 0600 from creation
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                mark = _mark(os.fstat(file.fileno()))
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return mark

    def _unusable(self, what: str, error: OSError) -> CredentialsUnusable:
        return CredentialsUnusable(
            f"{self.path}: the credentials file {what}: {error.strerror or error}",
            todo=("Check the permissions of the file and its folder, and the space on the disk.",),
        )


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)


def _content(path: Path) -> tuple[bytes, Mark]:
    # O_NONBLOCK: a pipe under this name must not stop the daemon.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(), _mark(status)
    finally:
        os.close(handle)


def _mark(status: os.stat_result) -> Mark:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
