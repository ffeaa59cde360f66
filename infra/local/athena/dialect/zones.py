"""Timestamps of other zones than UTC.

Belongs here: which expressions have such a zone, and what may be done with them. Does not belong
here: everything that is in UTC (see `times`).

DuckDB keeps the moment of a timestamp and not its zone. So a zone is followed through the syntax
tree: from AT TIME ZONE and its like to what consumes it at once, either by its fields (`hour`,
CAST AS DATE, formatting), which are then taken from the local time, or by its moment (comparing,
`to_unixtime`). Anything else is refused: a column would forget the zone.
"""

import re

from sqlglot import exp

from infra.local.athena.dialect.calls import FINISHED, call, cast, string
from infra.local.athena.dialect.casts import as_text
from infra.local.athena.errors import unsupported
from infra.local.athena.semantics.kinds import kind_of
from infra.local.athena.semantics.typenames import base, built, fraction_digits, text_of

ZONED = "timestamp with time zone"
_UTC = ("UTC", "Z", "Etc/UTC", "GMT", "+00:00")
_LITERAL = re.compile(r"(.*\d)\s*([A-Za-z][\w/+-]*|[+-]\d{2}:\d{2})")
_FIELDS = {
    *("date", "date_format", "day", "day_of_month", "day_of_week", "day_of_year", "dow", "doy"),
    *("format_datetime", "hour", "last_day_of_month", "millisecond", "minute", "month", "quarter"),
    *("second", "week", "week_of_year", "year", "year_of_week", "yow"),
}
_MOMENTS = {"at_timezone", "to_unixtime"}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
_CALENDAR_UNITS = {"day", "week", "month", "quarter", "year"}


def resolve(tree: exp.Expr) -> None:
    """Rewrite what has another zone; changes the typed tree in place.

    Raises:
        QueryError: NOT_SUPPORTED: the zone would be forgotten.
    """
    for node in reversed(list(tree.walk())):
        zone = _zone_made(node)
        if zone is None:
            continue
        instant = _instant(node)
        instant.type = node.type or built(ZONED)
        if isinstance(zone, exp.Literal) and zone.name in _UTC:
            node.replace(instant)
        else:
            _consume(node, instant, zone)


def _zone_made(node: exp.Expr) -> exp.Expr | None:
    """Return the zone an expression gives its value; None if it gives none."""
    if isinstance(node, exp.AtTimeZone):
        zone: exp.Expr = node.args["zone"]
        return zone
    if isinstance(node, exp.Anonymous) and node.name.lower() in ("at_timezone", "with_timezone"):
        return second(node)
    if isinstance(node, exp.Anonymous) and node.name.lower() == "from_unixtime":
        return second(node) if len(node.expressions) > 1 else None
    found = _literal(node)
    return string(found[1]) if found else None


def second(node: exp.Expr) -> exp.Expr:
    """Return a call's second argument."""
    argument: exp.Expr = node.expressions[1]
    return argument


def _literal(node: exp.Expr) -> tuple[str, str] | None:
    if not isinstance(node, exp.Cast) or base(kind_of(node)) != ZONED:
        return None
    if not isinstance(node.this, exp.Literal):
        return None
    match = _LITERAL.fullmatch(node.this.name)
    return (match[1], match[2]) if match else None


def _instant(node: exp.Expr) -> exp.Expr:
    found = _literal(node)
    if found:
        return call("timezone", string(found[1]), cast(string(found[0]), "timestamp"))
    value = node.this if isinstance(node, exp.AtTimeZone) else node.expressions[0]
    name = "" if isinstance(node, exp.AtTimeZone) else node.name.lower()
    if name == "from_unixtime":
        return call("athena_from_unixtime", value)
    if name == "with_timezone":
        return call("timezone", node.expressions[1].copy(), cast(value, "timestamp"))
    return cast(value, ZONED)  # a timestamp without a zone is in UTC


def _consume(node: exp.Expr, instant: exp.Expr, zone: exp.Expr) -> None:
    """Replace a zoned expression by what its consumer needs of it."""
    local = call("timezone", zone.copy(), instant.copy())
    local.type = built("timestamp(3)")
    slot, parent = node, node.parent
    while isinstance(parent, exp.Paren):
        slot, parent = parent, parent.parent
    name = parent.name.lower() if isinstance(parent, exp.Anonymous) else ""
    if name == "date_trunc" and parent is not None:
        slot.replace(local)
        parent.type = built("timestamp(3)")
        _consume_truncated(parent, zone)
    elif isinstance(parent, exp.Cast):
        _consume_cast(parent, node, local, zone)
    elif name in _FIELDS:
        slot.replace(local)
    elif name in _MOMENTS or isinstance(parent, (exp.AtTimeZone, *_COMPARISONS)):
        slot.replace(instant)
    elif name == "date_diff" and parent is not None:
        unit = parent.expressions[0].name.lower()
        if unit in _CALENDAR_UNITS:
            raise unsupported("date_diff in days or longer units of times outside UTC")
        slot.replace(instant)
    else:
        raise unsupported(
            "A timestamp with a time zone other than UTC that leaves its expression (CAST it)"
        )


def _consume_truncated(node: exp.Expr, zone: exp.Expr) -> None:
    """`node` is local time now, though its consumers mean a zoned one."""
    parent = node.parent
    name = parent.name.lower() if isinstance(parent, exp.Anonymous) else ""
    if name in _FIELDS or (
        isinstance(parent, exp.Cast) and base(text_of(parent.args["to"])) in ("date", "timestamp")
    ):
        return
    instant = call("timezone", zone.copy(), node.copy())
    instant.type = built(ZONED)
    if name in _MOMENTS or isinstance(parent, _COMPARISONS):
        node.replace(instant)
        return
    raise unsupported("date_trunc outside UTC that leaves its expression (CAST it)")


def _consume_cast(parent: exp.Cast, node: exp.Expr, local: exp.Expr, zone: exp.Expr) -> None:
    target = base(text_of(parent.args["to"]))
    if target in ("date", "timestamp", "time"):
        parent.this.replace(local)
    elif target == "varchar":
        places = fraction_digits(kind_of(node))
        text = as_text(local, f"timestamp({places})")
        space = exp.DPipe(this=text, expression=string(" "))
        joined = exp.DPipe(this=space, expression=zone.copy())
        joined.type = built("varchar")
        space.meta[FINISHED] = joined.meta[FINISHED] = True
        parent.replace(exp.paren(joined))
    else:
        raise unsupported(f"CAST of a timestamp outside UTC to {target}")
