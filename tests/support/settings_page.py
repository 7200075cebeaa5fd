"""The table of docs/settings.md, made from the models: `make docs` writes it, a test holds it against them."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from connectord import settings
from connectord.settings import ProjectSettings, Settings

PAGE: Final = Path(__file__).parents[2] / "docs" / "settings.md"
BEGIN: Final = "<!-- The table is made from daemon/connectord/settings.py by `make docs`. -->\n"
END: Final = "<!-- The end of the table. -->\n"

_HEAD: Final = "| key | default | may be | of a project | meaning (times in seconds) |\n|---|---|---|---|---|\n"


def table() -> str:
    """A row for each key, those that a project may have of its own first."""
    meanings = dict(_meanings())
    rows = (_row(key, field, meanings[key]) for key, field in Settings.model_fields.items() if key != "projects")
    return _HEAD + "".join(rows)


def with_table(page: str) -> str:
    """The page, with the table as it should be."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has lost the lines around its table")
    return before + BEGIN + table() + END + after


def _meanings() -> Iterator[tuple[str, str]]:
    """The text below each key of the models. pydantic could read it as well, at the cost of 50 ms for every command."""
    classes = (node for node in ast.parse(inspect.getsource(settings)).body if isinstance(node, ast.ClassDef))
    for key, text in itertools.chain.from_iterable(itertools.pairwise(node.body) for node in classes):
        match key, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(meaning))):
                yield name, " ".join(meaning.split()).rstrip(".")


def _row(key: str, field: FieldInfo, meaning: str) -> str:
    default = "-" if field.default is None else _value(field.default)
    own = "yes" if key in ProjectSettings.model_fields else "no"
    return f"| `{key}` | {default} | {_allowed(field)} | {own} | {meaning[:1].lower()}{meaning[1:]} |\n"


def _allowed(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(_value(value) for value in get_args(field.annotation))
    limits = tuple(_limits(field))
    return " ".join(limits) if limits else "text"


def _limits(field: FieldInfo) -> Iterator[str]:
    """From the least to the most that a number may be."""
    for limit in field.metadata:
        match limit:
            case Ge(ge=least):
                yield f"{least:g}"
            case Gt(gt=under):
                yield f"over {under:g}"
            case Le(le=most):
                yield f"to {most:,g}".replace(",", "")


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else json.dumps(value)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE} is current\n")
