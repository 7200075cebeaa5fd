"""Proxies that the environment names: whether they can be used, and which hosts go through them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, broken, ok

_NAMES: Final = ("http_proxy", "https_proxy", "all_proxy")
_SCHEMES: Final = ("http", "https", "socks5", "socks5h")


def check_proxy(around: Around) -> Iterator[Finding]:
    """Each proxy that is set, and the way to each host."""
    named = {name: value for name in _NAMES if (value := _value(around, name))}
    if not named:
        yield ok("none is set")
        return
    faults = [fault for name, value in named.items() if (fault := _fault(name, value))]
    yield from faults
    if not faults:
        ways = tuple(f"{host}: {_way(host, named)}" for host in dict.fromkeys(one.api_url for one in around.targets()))
        yield ok(", ".join(f"{name} is {_shown(value)}" for name, value in named.items()), *ways)


def _value(around: Around, name: str) -> str:
    return around.environ.get(name) or around.environ.get(name.upper()) or ""


def _fault(name: str, value: str) -> Finding | None:
    fix = f"Set {name} to something like http://proxy.example:3128, or unset it (and {name.upper()})."
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        if not parts.hostname or parts.port == 0:
            return broken(f"{name} ({_shown(value)}) names no host", fix)
    except ValueError:
        return broken(f"{name} is no URL", fix)
    if parts.scheme not in _SCHEMES:
        return broken(f"{name} ({_shown(value)}): proxies of this kind can't be used", fix)
    if parts.scheme.startswith("socks5") and find_spec("socksio") is None:
        return broken(
            f"{name} ({_shown(value)}) needs the package socksio, which isn't installed",
            "Install it: pipx inject connectord socksio, or pip install socksio",
        )
    return None


def _way(host: str, named: dict[str, str]) -> str:
    parts = urlsplit(host)
    if parts.hostname in {"127.0.0.1", "localhost", "::1"} or proxy_bypass(parts.netloc):
        return "directly"
    proxy = named.get(f"{parts.scheme}_proxy") or named.get("all_proxy")
    return f"through {_shown(proxy)}" if proxy else "directly"


def _shown(value: str) -> str:
    """A proxy without the password in it (P13)."""
    before, at, after = value.rpartition("@")
    scheme, there, _ = before.partition("://")
    return f"{scheme + there if there else ''}…@{after}" if at else value
