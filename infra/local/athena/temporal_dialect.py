"""Rewrites of Trino's dates and times into DuckDB's.

Belongs here: syntax-tree rewrites about time. Does not belong here: date patterns (see
`timeformats`) and functions that need no rewriting (see `macros`).
"""

from sqlglot import exp

from infra.local.athena.collections_dialect import call, has_type
from infra.local.athena.errors import unsupported
from infra.local.athena.timeformats import joda_to_strftime

_T = exp.DType
_DATE_UNITS = {"", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
_DAY_OF_WEEK = {"DOW", "DAY_OF_WEEK", "DAYOFWEEK"}


def date_diff(node: exp.Expr) -> exp.Expr:
    """Count whole units elapsed; DuckDB's date_diff counts boundaries crossed."""
    unit = exp.Literal.string((node.text("unit") or "day").lower())
    return call("date_sub", unit, node.args["expression"], node.this)


def extract(node: exp.Expr) -> exp.Expr:
    """Number weekdays 1 to 7 from Monday, as Trino does."""
    if node.name.upper() in _DAY_OF_WEEK:
        return exp.Extract(this=exp.var("ISODOW"), expression=node.args["expression"])
    return node


def keep_date(node: exp.Expr) -> exp.Expr:
    """Keep the type DATE where DuckDB widens it to TIMESTAMP and Trino does not."""
    unit = node.text("unit").upper()
    if (
        has_type(node.this, _T.DATE)
        and unit in _DATE_UNITS
        and not isinstance(node.parent, exp.Cast)
    ):
        return exp.cast(node.copy(), "DATE")
    return node


def sequence(node: exp.Expr) -> exp.Expr:
    """Give sequences of dates the element type DATE."""
    start = node.args["start"]
    if not has_type(start, _T.DATE):
        return node
    day = exp.Interval(this=exp.Literal.string("1"), unit=exp.var("DAY"))
    series = call("generate_series", start, node.args["end"], node.args.get("step") or day)
    return exp.cast(series, "DATE[]", dialect="duckdb")


def parse_datetime(node: exp.Expr) -> exp.Expr:
    """Parse with a Joda pattern."""
    return call("strptime", node.this, _joda(node.args["format"]))


def format_datetime(node: exp.Anonymous) -> exp.Expr:
    """Format with a Joda pattern."""
    return call("strftime", node.expressions[0], _joda(node.expressions[1]))


def _joda(pattern: exp.Expr) -> exp.Literal:
    if not isinstance(pattern, exp.Literal):
        raise unsupported("A computed date pattern")
    return exp.Literal.string(joda_to_strftime(pattern.name))
