"""Rewrites of Trino's functions on dates and times in UTC into DuckDB's.

Belongs here: syntax-tree rewrites about time. Does not belong here: date patterns (see
`time_patterns`), other zones (see `zones`) and functions that need no rewriting (see
`nested_macros`).
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

from infra.local.athena.dialect.calls import call, cast, constant_text, number, string
from infra.local.athena.dialect.casts import convert
from infra.local.athena.dialect.time_patterns import joda_to_strftime, mysql_to_strftime
from infra.local.athena.errors import QueryError, unsupported
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of

_STEPS = {
    "millisecond": ("to_milliseconds", 1),
    "second": ("to_seconds", 1),
    "minute": ("to_minutes", 1),
    "hour": ("to_hours", 1),
    "day": ("to_days", 1),
    "week": ("to_days", 7),
    "month": ("to_months", 1),
    "quarter": ("to_months", 3),
    "year": ("to_months", 12),
}
_OF_DATES = ("day", "week", "month", "quarter", "year")
_CALENDAR = ("to_days", "to_months")


def _unit(node: exp.Expr, kind: str) -> str:
    unit = constant_text(node.expressions[0], "date unit").lower()
    is_known = unit in (_OF_DATES if kind == "date" else _STEPS)
    if not is_known:
        what = "DATE" if kind == "date" else "Timestamp"
        raise QueryError(f"INVALID_FUNCTION_ARGUMENT: '{unit}' is not a valid {what} field")
    return unit


def _date_trunc(node: exp.Expr) -> exp.Expr:
    kind = kind_of(node.expressions[1])
    unit = _unit(node, kind)
    truncated = call("date_trunc", string(unit), node.expressions[1])
    return cast(truncated, "date") if kind == "date" else truncated


def _date_add(node: exp.Expr) -> exp.Expr:
    _, amount, moment = node.expressions
    kind = kind_of(moment)
    function, factor = _STEPS[_unit(node, kind)]
    count: exp.Expr = exp.paren(amount)
    if factor != 1:
        count = exp.Mul(this=count, expression=number(factor))
    if function in _CALENDAR:
        count = exp.cast(count, "INTEGER")
    added = exp.paren(exp.Add(this=moment, expression=call(function, count)))
    return cast(added, "date") if kind == "date" else added


def _date_diff(node: exp.Expr) -> exp.Expr:
    """Count whole units elapsed; DuckDB's date_diff counts boundaries crossed."""
    _, start, end = node.expressions
    kind = names.common(kind_of(start), kind_of(end)) or ""
    unit = _unit(node, kind)
    sides = [cast(side, kind) if kind_of(side) != kind else side for side in (start, end)]
    return call("date_sub", string(unit), *sides)


def _date_format(node: exp.Expr) -> exp.Expr:
    text = constant_text(node.expressions[1], "date pattern")
    return call(
        "strftime", _utc(node.expressions[0]), string(mysql_to_strftime(text, parsing=False))
    )


def _date_parse(node: exp.Expr) -> exp.Expr:
    text = constant_text(node.expressions[1], "date pattern")
    parsed = call("strptime", node.expressions[0], string(mysql_to_strftime(text, parsing=True)))
    return call("date_trunc", string("milliseconds"), parsed) if "%f" in text else parsed


def _format_datetime(node: exp.Expr) -> exp.Expr:
    value = node.expressions[0]
    text = constant_text(node.expressions[1], "date pattern")
    zoned = names.base(kind_of(value)) == "timestamp with time zone"
    pattern = joda_to_strftime(text, parsing=False, zoned=zoned)
    return call("strftime", _utc(value), string(pattern))


def _parse_datetime(node: exp.Expr) -> exp.Expr:
    text = constant_text(node.expressions[1], "date pattern")
    pattern = joda_to_strftime(text, parsing=True)
    if "%z" in pattern and not _takes_moment(node):
        raise unsupported("parse_datetime with a zone, except in to_unixtime or AT TIME ZONE")
    return cast(call("strptime", node.expressions[0], string(pattern)), "timestamp with time zone")


def _takes_moment(node: exp.Expr) -> bool:
    parent = node.parent
    is_call = isinstance(parent, exp.Anonymous) and parent.name.lower() in (
        "to_unixtime",
        "epoch",
        "at_timezone",
    )
    # `zones` has turned AT TIME ZONE into a cast inside a call of timezone.
    is_moved = isinstance(parent, exp.Cast) and (
        isinstance(parent.parent, exp.Anonymous) and parent.parent.name == "timezone"
    )
    return is_call or is_moved


def _from_iso8601(node: exp.Expr) -> exp.Expr:
    macro = "athena_iso_instant" if _takes_moment(node) else "athena_iso_utc"
    return call(macro, node.expressions[0])


def _to_iso8601(node: exp.Expr) -> exp.Expr:
    value = node.expressions[0]
    match names.base(kind_of(value)):
        case "date":
            return call("strftime", value, string("%Y-%m-%d"))
        case "timestamp":
            return call("athena_iso_of_moment", value)
        case "timestamp with time zone":
            text = call("athena_iso_of_moment", _utc(value))
            return exp.paren(exp.DPipe(this=text, expression=string("Z")))
    raise unsupported("to_iso8601 of a value whose type cannot be determined")


def _date(node: exp.Expr) -> exp.Expr:
    value = node.expressions[0]
    return convert(value, kind_of(value), "date")


def _sequence(node: exp.Expr) -> exp.Expr:
    start, end, *rest = node.expressions
    if not rest:
        return cast(call("athena_date_sequence", start, end), "array(date)")
    step = rest[0]
    series = call("athena_limited_sequence", call("generate_series", start, end, step))
    return cast(series, f"array({kind_of(start)})") if kind_of(start) == "date" else series


def _utc(value: exp.Expr) -> exp.Expr:
    """Return a zoned value as local time of UTC, which no setting can change."""
    if names.base(kind_of(value)) == "timestamp with time zone":
        return call("timezone", string("UTC"), value)
    return value


FUNCTIONS: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
    "date": _date,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_format": _date_format,
    "date_parse": _date_parse,
    "date_trunc": _date_trunc,
    "format_datetime": _format_datetime,
    "from_iso8601": _from_iso8601,
    "parse_datetime": _parse_datetime,
    "sequence": _sequence,
    "to_iso8601": _to_iso8601,
}


def arithmetic(node: exp.Expr) -> exp.Expr:
    """Rewrite sums and differences of dates, times and intervals."""
    left, right = kind_of(node.this), kind_of(node.args["expression"])
    kind = kind_of(node)
    if not kind.startswith("interval"):
        return cast(node.copy(), "date") if kind == "date" else node
    if left == right == "date":
        days = exp.cast(exp.paren(node.copy()), "INTEGER")
        return call("to_days", days)
    if names.is_temporal(left) and left != right:
        wider = names.common(left, right) or ""
        return exp.Sub(this=cast(node.this, wider), expression=cast(node.args["expression"], wider))
    return node


def interval(node: exp.Expr) -> exp.Expr:
    """Refuse an interval of months that leaves its expression: its text would be wrong."""
    unit = node.text("unit").upper().rstrip("S")
    holder = node.parent
    while isinstance(holder, exp.Paren | exp.Neg | exp.Mul):
        holder = holder.parent
    is_used = isinstance(holder, exp.Anonymous) or (
        # The sum of two intervals of months would be one again.
        isinstance(holder, exp.Add | exp.Sub) and names.is_temporal(kind_of(holder))
    )
    if unit in ("YEAR", "MONTH") and not is_used:
        raise unsupported("An interval of months as a value")
    if not isinstance(node.this, exp.Literal) or unit not in {u.upper() for u in _STEPS}:
        raise unsupported(f"The interval {node.sql('athena')}")
    return node
