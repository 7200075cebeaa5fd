"""HTML that can't be injected into: every value put into a template is escaped, unless it is Html already."""

from __future__ import annotations

import html
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from starlette.responses import HTMLResponse


class Html(str):
    """Markup that is safe to send as it is."""

    __slots__ = ()


def fill(template: str, **values: object) -> Html:
    """The template (a literal of ours) with `{name}` replaced by escaped values."""
    return Html(template.format(**{name: _escaped(value) for name, value in values.items()}))


def joined(parts: Iterable[Html]) -> Html:
    """Pieces of markup, one after another."""
    return Html("\n".join(parts))


def listed(items: Iterable[object], *, otherwise: str = "none") -> Html:
    """A bullet list; where there is nothing, a word that says so."""
    points = [fill("<li>{item}</li>", item=item) for item in items]
    return fill("<ul>{points}</ul>", points=joined(points)) if points else fill("<p>{text}</p>", text=otherwise)


def page(title: str, content: Html, status: int = HTTPStatus.OK) -> HTMLResponse:
    """A whole page, self-contained: no script, nothing from elsewhere, not to be framed."""
    return HTMLResponse(fill(_PAGE, title=title, style=_STYLE, content=content), status, headers=_HEADERS)


def _escaped(value: object) -> str:
    return value if isinstance(value, Html) else html.escape(str(value))


_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",  # no-referrer would make browsers send `Origin: null` with our own forms
    "X-Content-Type-Options": "nosniff",
}

_STYLE: Final = Html(
    """
    :root { color-scheme: light dark; --accent: #f26b21; --line: #8884; --soft: #8881; }
    * { box-sizing: border-box }
    body { font: 16px/1.5 system-ui, sans-serif; margin: 0; padding: 2rem 1rem; background: var(--soft) }
    main { max-width: 44rem; margin: 0 auto; padding: 1.5rem 2rem 2rem; border: 1px solid var(--line);
           border-radius: 14px; background: Canvas; box-shadow: 0 8px 30px #0001 }
    header { font-size: .85rem; opacity: .7; border-bottom: 1px solid var(--line); margin-bottom: 1rem;
             padding-bottom: .5rem }
    h1 { font-size: 1.5rem; margin: .5rem 0 1rem } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem }
    code { background: var(--soft); border-radius: 4px; padding: .1em .3em; overflow-wrap: anywhere }
    ul { padding-left: 1.2rem; margin: .4rem 0 } a { color: var(--accent) }
    table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .35rem .6rem .35rem 0;
            border-bottom: 1px solid var(--line); vertical-align: top }
    form { margin-top: 1.2rem } label { display: block; margin: .8rem 0 .3rem }
    input { font: inherit; padding: .5rem .7rem; border: 1px solid var(--line); border-radius: 8px; width: 100% }
    button { font: inherit; font-weight: 600; padding: .55rem 1.4rem; border-radius: 8px; cursor: pointer;
             border: 1px solid var(--accent); background: var(--accent); color: #fff; margin: 1rem .5rem 0 0 }
    button.quiet { background: transparent; color: inherit; border-color: var(--line) }
    details { margin-top: .8rem } summary { cursor: pointer }
    """
)

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Base44 emulator</title>
<style>{style}</style>
</head>
<body>
<main>
<header>Base44 emulator · everything here stays on this machine</header>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""
