"""Rewrites of Trino's functions on texts, conditions and aggregates.

Belongs here: calls that need their arguments' types or literals. Does not belong here: those that a
macro can express (see `scalar_macros`).
"""

import re
from collections.abc import Callable, Mapping
from functools import reduce

from sqlglot import exp

from infra.local.athena.dialect.calls import call, case, cast, constant_text, number, string
from infra.local.athena.dialect.casts import as_text
from infra.local.athena.errors import unsupported
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of

_CONVERSION = re.compile(r"%(?:(%|n)|(-?0?,?)(\d*)(?:\.(\d+))?([a-zA-Z]))")


def _greatest(node: exp.Expr) -> exp.Expr:
    arguments = node.expressions
    missing = [exp.Is(this=item.copy(), expression=exp.Null()) for item in arguments]
    return case((exp.or_(*missing), exp.Null()), default=call(node.name, *arguments))


def _concat(node: exp.Expr) -> exp.Expr:
    if kind_of(node).startswith("array"):
        first, *rest = node.expressions
        for item in rest:
            first = call("athena_array_concat", first, item)
        array: exp.Expr = first
        return array
    joined = reduce(lambda one, other: exp.DPipe(this=one, expression=other), node.expressions)
    return cast(joined, "varchar")  # of a NULL, DuckDB would make an INTEGER


def _substr(node: exp.Expr) -> exp.Expr:
    start = node.expressions[1]
    size = node.expressions[2] if len(node.expressions) > 2 else None  # noqa: PLR2004
    is_plain = isinstance(start, exp.Literal) and int(start.name) > 0
    if is_plain and (size is None or isinstance(size, exp.Literal)):
        return call("substr", *node.expressions)
    return call("athena_substr", *node.expressions)


def _regexp_extract(node: exp.Expr) -> exp.Expr:
    text, pattern, group = node.expressions
    if not isinstance(group, exp.Literal):
        return call("athena_regexp_group", text, pattern, group)
    # An empty group may be one that took no part in the match, which is NULL on Trino.
    quick = call("nullif", call("regexp_extract", text, pattern, group), string(""))
    slow = call("athena_regexp_group", text.copy(), pattern.copy(), group.copy())
    return case(
        (call("regexp_matches", text.copy(), pattern.copy()), call("coalesce", quick, slow))
    )


def _regexp_replace(node: exp.Expr) -> exp.Expr:
    text, pattern, *rest = node.expressions
    replacement = rest[0] if rest else string("")
    if isinstance(replacement, exp.Literal):
        replacement = string(_replacement(replacement.name))
    else:
        replacement = call("athena_literal_replacement", replacement)
    return call("regexp_replace", text, pattern, replacement, string("g"))


def _replacement(text: str) -> str:
    if "\\" in text or "${" in text:
        raise unsupported("A replacement with escapes or named groups")
    return re.sub(r"\$(\d)", r"\\\1", text)


def _format(node: exp.Expr) -> exp.Expr:
    """Rewrite ``format``: each conversion on its own, with Java's texts."""
    pattern, *arguments = node.expressions
    text = constant_text(pattern, "format pattern")
    pieces: list[exp.Expr] = []
    position = used = 0
    for match in _CONVERSION.finditer(text):
        pieces.append(string(text[position : match.start()]))
        position = match.end()
        if match[1] or used >= len(arguments):
            raise unsupported(f"The format {text!r} with {len(arguments)} arguments")
        pieces.append(_conversion(match, arguments[used]))
        used += 1
    rest = text[position:]
    if "%" in rest or used != len(arguments):
        raise unsupported(f"The format {text!r} with {len(arguments)} arguments")
    return exp.paren(
        reduce(lambda one, other: exp.DPipe(this=one, expression=other), [*pieces, string(rest)])
    )


def _conversion(match: re.Match[str], value: exp.Expr) -> exp.Expr:
    _, flags, width, places, letter = match.groups()
    kind = kind_of(value)
    if letter == "d" and kind in names.INTEGERS and places is None:
        return call("printf", string(f"%{flags}{width}d"), value)
    if letter == "f" and (kind in ("double", "real") or names.is_decimal(kind)) and not flags:
        text: exp.Expr = call("athena_fixed", exp.cast(value, "VARCHAR"), number(int(places or 6)))
        return call("printf", string(f"%{width}s"), text) if width else text
    if letter == "s" and places is None and flags in ("", "-") and _is_plain(kind):
        text = as_text(value, kind)
        return call("printf", string(f"%{flags}{width}s"), text) if width else text
    raise unsupported(f"The format {match[0]} of a {kind or 'value of unknown type'}")


def _is_plain(kind: str) -> bool:
    plain = (*names.INTEGERS, "boolean", "date")
    return kind in plain or names.base(kind) in ("varchar", "char") or names.is_decimal(kind)


def _typeof(node: exp.Expr) -> exp.Expr:
    kind = kind_of(node.expressions[0])
    if not kind or "char" in kind or "timestamp" in kind:
        raise unsupported("typeof of a type with a length or precision")
    return string(kind)


def _count_distinct(node: exp.Expr) -> exp.Expr:
    # Exact is within any error bound, and reproducible.
    return exp.Count(this=exp.Distinct(expressions=[node.expressions[0]]))


def _average(node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.Window | exp.Filter) or isinstance(
        node.expressions[0], exp.Distinct
    ):
        raise unsupported("avg of a decimal in a window, with FILTER or DISTINCT (CAST to DOUBLE)")
    kind = kind_of(node)
    (value,) = node.expressions
    total, rows = call("sum", value), exp.Count(this=value.copy())
    scale = number(names.digits(kind)[1])
    quotient = call("athena_decimal_divide", total, rows, scale)
    none = exp.EQ(this=rows.copy(), expression=number(0))
    return cast(case((none, exp.Null()), default=quotient), kind)


def _finite(node: exp.Expr) -> exp.Expr:
    """Give NULL where Trino does and DuckDB NaN."""
    if isinstance(node.parent, exp.Window | exp.Filter):
        raise unsupported(f"{node.name} in a window or with FILTER")
    found = call(node.name, *node.expressions)
    return case((call("isfinite", found), found.copy()))


def _refused(node: exp.Expr) -> exp.Expr:
    raise unsupported(f"This form of {node.name}")


FUNCTIONS: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
    "approx_distinct": _count_distinct,
    "average": _average,
    "concat": _concat,
    "finite": _finite,
    "format": _format,
    "greatest": _greatest,
    "least": _greatest,
    "refused": _refused,
    "regexp_extract": _regexp_extract,
    "regexp_replace": _regexp_replace,
    "substr": _substr,
    "typeof": _typeof,
}
