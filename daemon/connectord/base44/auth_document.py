"""What stands in `auth.json`: tolerant where a 401 sets it right, exact about damage, silent about tokens."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from connectord.base44.errors import CredentialsUnusable
from connectord.base44.tokens import Tokens, fits_a_header


class _StoredAuth(BaseModel):
    """The file's keys. Both tokens are needed; the rest is tolerated in any state, a 401 sets it right."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    access: str = Field(alias="accessToken")
    refresh: str = Field(alias="refreshToken")
    expires_at_ms: float | None = Field(default=None, alias="expiresAt")
    email: str = ""
    name: str = ""

    @field_validator("access", "refresh")
    @classmethod
    def _sendable(cls, token: str) -> str:
        if not fits_a_header(token):
            raise ValueError("is empty or has characters that no token has")
        return token

    @field_validator("expires_at_ms", mode="before")
    @classmethod
    def _number_or_unknown(cls, value: object) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value) if abs(value) < 1e18 and math.isfinite(value) else None  # noqa: PLR2004  (beyond any date)

    @field_validator("email", "name", mode="before")
    @classmethod
    def _text_or_nothing(cls, value: object) -> object:
        return value if isinstance(value, str) else ""


def stored_tokens(path: Path, content: bytes) -> Tokens:
    """The tokens in the file's content. Raises CredentialsUnusable with path and line."""
    document = stored_document(path, content)
    try:
        stored = _StoredAuth.model_validate(document)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False, include_context=False)[0]
        key = str(first["loc"][0])
        raise _damaged(path, _line_of(content, key), None, f'key "{key}": {first["msg"]}') from None
    expires_at = None if stored.expires_at_ms is None else stored.expires_at_ms / 1000
    return Tokens(stored.access, stored.refresh, expires_at, stored.email, stored.name)


def stored_document(path: Path, content: bytes) -> dict[str, Any]:
    """All keys of the file's content, to be kept when it is written again. Raises CredentialsUnusable."""
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _damaged(path, content.count(b"\n", 0, error.start) + 1, None, "is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _damaged(path, error.lineno, error.colno, f"is not JSON: {error.msg}") from None
    except RecursionError:
        raise _damaged(path, 1, None, "is nested too deeply") from None
    except ValueError:  # Python reads no integer of more than 4300 digits
        raise _damaged(path, 1, None, "has a number that is too long") from None
    if not isinstance(document, dict):
        raise _damaged(path, 1, None, "is not a JSON object")
    return document


def _damaged(path: Path, line: int, column: int | None, what: str) -> CredentialsUnusable:
    place = f"{path}:{line}" if column is None else f"{path}:{line}:{column}"
    return CredentialsUnusable(
        f"{place}: the credentials file is damaged: {what}",
        todo=("Correct it, or sign in again: connectord login (it keeps the damaged file beside the new one).",),
    )


def _line_of(content: bytes, key: str) -> int:
    return content.count(b"\n", 0, max(0, content.find(f'"{key}"'.encode()))) + 1
