"""Comparisons where DuckDB and Trino differ: NaN, and NULLs inside of nested values.

Belongs here: rewrites of =, <>, <, <=, >, >= and IN. Does not belong here: which types can be
compared (see `operators`).
"""

from sqlglot import exp

from infra.local.athena.dialect.calls import call, number
from infra.local.athena.errors import unsupported
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of

_FLOATS = ("double", "real")
_NESTED = ("array", "row", "map")


def compare(node: exp.Expr) -> exp.Expr:
    """Rewrite a comparison."""
    kind = names.base(kind_of(node.this))
    if kind in _NESTED:
        return _nested(node, kind)
    return _with_nan(node)


def contained(node: exp.Expr) -> exp.Expr:
    """Rewrite IN: of rows as comparisons of their fields."""
    kind = names.base(kind_of(node.this))
    if kind not in _NESTED:
        return node
    if node.args.get("query") is not None or not node.expressions:
        raise unsupported(f"IN of a {kind} and a subquery")
    equal = [
        _nested(exp.EQ(this=node.this.copy(), expression=item.copy()), kind)
        for item in node.expressions
    ]
    return exp.paren(exp.or_(*equal))


def _nested(node: exp.Expr, kind: str) -> exp.Expr:
    """A NULL inside makes the answer NULL, unless something else decides it."""
    left, right = node.this, node.args["expression"]
    if kind == "array" and not any(
        part in kind_of(left)[6:] for part in ("array(", "row(", "map(")
    ):
        if isinstance(node, exp.EQ):
            return call("athena_array_equal", left, right)
        if isinstance(node, exp.NEQ):
            return exp.Not(this=call("athena_array_equal", left, right))
        return type(node)(
            this=call("athena_without_nulls", left), expression=call("athena_without_nulls", right)
        )
    if kind == "row" and isinstance(node, exp.EQ | exp.NEQ):
        equal = _fields_equal(left, right)
        return exp.Not(this=equal) if isinstance(node, exp.NEQ) else equal
    raise unsupported(f"Comparing values of type {kind_of(left)}")


def _fields_equal(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    ones, others = names.parts(kind_of(left)), names.parts(kind_of(right))
    if any(names.base(names.field_of(item)[1]) in _NESTED for item in [*ones, *others]):
        raise unsupported(f"Comparing values of type {kind_of(left)}")
    pairs = [
        exp.EQ(this=_field(left, position), expression=_field(right, position))
        for position in range(1, len(ones) + 1)
    ]
    return exp.paren(exp.and_(*pairs))


def _field(value: exp.Expr, position: int) -> exp.Expr:
    if isinstance(value, exp.Tuple):
        item: exp.Expr = value.expressions[position - 1]
        return item.copy()
    return call("struct_extract_at", value.copy(), number(position))


def _with_nan(node: exp.Expr) -> exp.Expr:
    """Compare NaN as Trino does: it is equal to nothing, and neither more nor less."""
    left, right = node.this, node.args["expression"]
    suspects = [side for side in (left, right) if _may_be_nan(side)]
    if not suspects:
        return node
    if isinstance(node, exp.GT | exp.GTE):
        suspects = [side for side in suspects if side is left]
    elif isinstance(node, exp.LT | exp.LTE):
        suspects = [side for side in suspects if side is right]
    elif isinstance(node, exp.EQ):
        suspects = suspects[:1] if len(suspects) > 1 or kind_of(left) == kind_of(right) else []
    if not suspects:
        return node
    nan = call("isnan", suspects[0].copy())
    if isinstance(node, exp.NEQ):
        return exp.paren(exp.Or(this=node.copy(), expression=nan))
    return exp.paren(exp.And(this=node.copy(), expression=exp.Not(this=nan)))


def _may_be_nan(side: exp.Expr) -> bool:
    return kind_of(side) in _FLOATS and not isinstance(side.unnest(), exp.Literal)
