"""Rewrites of Trino's JSON functions.

Belongs here: JSON paths, which must be literals, and typed JSON values. Does not belong here: what
Python computes (see `json_functions`).
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

from infra.local.athena.dialect.calls import call, constant_text, string
from infra.local.athena.engine.json_functions import Step, steps_of
from infra.local.athena.errors import unsupported
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of

_MACROS = {
    "json_extract": "athena_json_extract",
    "json_extract_scalar": "athena_json_scalar",
    "json_size": "athena_json_size",
}
_BY_PATH = {
    "json_exists": "athena_json_exists",
    "json_query": "athena_json_query",
    "json_value": "athena_json_value",
}


def _step(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return '."' + step.replace('"', '""') + '"'


def _extract(node: exp.Expr) -> exp.Expr:
    text = constant_text(node.expressions[1], "JSON path")
    steps = steps_of(text)
    if steps is None:
        raise unsupported(f"The JSON path {text!r}")
    path = "$" + "".join(map(_step, steps))
    return call(_MACROS[node.name.lower()], node.expressions[0], string(path))


def _by_path(node: exp.Expr) -> exp.Expr:
    text = constant_text(node.expressions[1], "JSON path")
    mode, _, rest = text.strip().partition(" ")
    if mode not in ("lax", "strict") or steps_of(rest) is None:
        raise unsupported(f"The JSON path {text!r}")
    value = exp.cast(node.expressions[0], "VARCHAR")
    return call(_BY_PATH[node.name.lower()], value, string(text))


def _array_contains(node: exp.Expr) -> exp.Expr:
    array, value = node.expressions
    kind = kind_of(value)
    if not names.is_number(kind) and names.base(kind) not in ("varchar", "boolean"):
        raise unsupported(f"json_array_contains of a {kind}")
    wanted = exp.cast(call("to_json", value), "VARCHAR")
    return call("athena_json_array_contains", exp.cast(array, "VARCHAR"), wanted)


FUNCTIONS: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
    "json_array_contains": _array_contains,
    "json_extract": _extract,
    "json_path": _by_path,
}
