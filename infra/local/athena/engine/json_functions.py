"""Trino's JSON functions for which DuckDB has no equal, in Python.

Belongs here: canonical text, JSON paths in lax and strict mode, numbers as they were written. Does
not belong here: which calls mean them (see `json_calls`).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from infra.local.athena.engine.scalars import ScalarError

_STEP = re.compile(
    r"""\.\s*([A-Za-z_][\w]*)|\.\s*"([^"\\]*)"|\[\s*(\d+)\s*\]|\[\s*["']([^"']*)["']\]"""
)
Step = str | int


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def steps_of(path: str) -> list[Step] | None:
    """Return the members and positions of a plain path; None if it has anything else."""
    text, steps, position = path.strip(), [], 1
    if not text.startswith("$"):
        return None
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            return None
        name, quoted, index, bracketed = match.groups()
        steps.append(int(index) if index else next(x for x in (name, quoted, bracketed) if x))
        position = match.end()
    return steps


def parse(text: str) -> str:
    """Return canonical JSON: keys sorted, no spaces.

    Raises:
        ScalarError: It is no JSON.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        message = f"INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{text}'"
        raise ScalarError(message) from error
    return canonical(value)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def canonical(value: Any) -> str:
    """Return a value as compact JSON with sorted keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical_text(text: str) -> str:
    """Return JSON that DuckDB wrote with its keys sorted."""
    return canonical(json.loads(text))


def scalar_at(text: str, path: str) -> str | None:
    """Return a number at a plain path as it was written."""
    value = json.loads(text, parse_float=_Number, parse_int=_Number)
    for step in steps_of(path) or []:
        value = _member(value, step)
    return str(value) if isinstance(value, _Number) else None


def _member(value: Any, step: Step) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else None
    return value.get(step) if isinstance(value, dict) else None


def array_contains(text: str, wanted: str) -> bool | None:
    """Return whether a JSON array has an element equal to a JSON scalar; None if it is no array."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, list):
        return None
    one = json.loads(wanted)
    return any(type(item) is type(one) and item == one for item in value)


@lru_cache(maxsize=256)
def _mode_and_steps(path: str) -> tuple[bool, tuple[Step, ...]]:
    mode, _, rest = path.strip().partition(" ")
    steps = steps_of(rest if mode in ("lax", "strict") else path)
    if steps is None:
        raise ScalarError(f"NOT_SUPPORTED: the JSON path {path!r}")
    return mode != "strict", tuple(steps)


def _items(value: Any, steps: Sequence[Step], *, lax: bool) -> Iterator[Any]:
    """Yield what a path selects.

    Raises:
        LookupError: In strict mode, something on the way is missing.
    """
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and lax and isinstance(value, list):
        for item in value:
            if isinstance(item, dict) and step in item:
                yield from _items(item[step], rest, lax=lax)
        return
    if isinstance(step, int) and lax and not isinstance(value, list):
        value = [value]
    fits = isinstance(value, list if isinstance(step, int) else dict)
    present = fits and (step < len(value) if isinstance(step, int) else step in value)
    if present:
        yield from _items(value[step], rest, lax=lax)
    elif not lax:
        raise LookupError(step)


def _selected(text: str, path: str) -> list[Any] | None:
    lax, steps = _mode_and_steps(path)
    try:
        value = json.loads(text, parse_float=_Number)
        return list(_items(value, steps, lax=lax))
    except (ValueError, LookupError):
        return None


def value_at(text: str, path: str) -> str | None:
    """Run ``json_value``: the text of a single scalar, else None."""
    found = _selected(text, path)
    if not found or len(found) != 1 or isinstance(found[0], list | dict) or found[0] is None:
        return None
    one = found[0]
    return str(one).lower() if isinstance(one, bool) else str(one)


def query_at(text: str, path: str) -> str | None:
    """Run ``json_query`` without a wrapper: the text of a single item, else None."""
    lax, steps = _mode_and_steps(path)
    try:
        found = list(_items(json.loads(text), steps, lax=lax))
    except (ValueError, LookupError):
        return None
    if len(found) != 1:
        return None
    return json.dumps(found[0], ensure_ascii=False, separators=(",", ":"))


def exists_at(text: str, path: str) -> bool:
    """Run ``json_exists``."""
    return bool(_selected(text, path))


FUNCTIONS: Mapping[str, tuple[Any, list[str], str]] = {
    "athena_json_parse": (parse, ["VARCHAR"], "VARCHAR"),
    "athena_json_canonical": (canonical_text, ["VARCHAR"], "VARCHAR"),
    "athena_json_number": (scalar_at, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "athena_json_array_contains": (array_contains, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "athena_json_value": (value_at, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "athena_json_query": (query_at, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "athena_json_exists": (exists_at, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
}
