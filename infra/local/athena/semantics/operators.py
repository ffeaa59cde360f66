"""Operands and results of Athena's operators.

Belongs here: which operand types an operator takes and what it gives, with Athena's failures. Does
not belong here: casts (see `castable`) and what DuckDB computes for it (see `translation`).
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

from infra.local.athena.errors import QueryError, type_mismatch, unsupported
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.typenames import NULL, UNDETERMINED

_INTEGER_LIMIT = 2**31
_BIGINT_LIMIT = 2**63
_OPEN = (NULL, UNDETERMINED)
_TIME_UNITS = {"HOUR", "MINUTE", "SECOND"}
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_SYMBOLS: Mapping[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.DPipe: "||",
}


def integer_type(value: int) -> str:
    """Return the type of a whole literal.

    Raises:
        QueryError: It is larger than a BIGINT.
    """
    if value >= _BIGINT_LIMIT:
        raise QueryError(f"NUMERIC_VALUE_OUT_OF_RANGE: line 1:1: Invalid numeric literal: {value}")
    return "integer" if value < _INTEGER_LIMIT else "bigint"


def constant_index(node: exp.Expr) -> int:
    """Return the position in ``row[1]``; 0 if it is computed."""
    index = node.expressions[1]
    return int(index.name) if isinstance(index, exp.Literal) and index.is_int else 0


def _cannot_apply(node: exp.Expr, left: str, right: str) -> QueryError:
    symbol = _SYMBOLS.get(type(node), node.key.upper())
    return type_mismatch(f"Cannot apply operator: {left} {symbol} {right}")


def require_boolean(node: exp.Expr, kind: str, what: str) -> None:
    """Refuse a condition that is no boolean.

    Raises:
        QueryError: TYPE_MISMATCH.
    """
    if kind not in ("boolean", *_OPEN) and not isinstance(node, exp.Query):
        raise type_mismatch(f"{what} must evaluate to a boolean: actual type {kind}")


def require_temporal(kind: str, what: str) -> None:
    """Refuse what is no date or time.

    Raises:
        QueryError: TYPE_MISMATCH.
    """
    if kind not in _OPEN and not names.is_temporal(kind):
        raise type_mismatch(f"Type of value must be a time or timestamp for {what}: {kind}")


def require_text(*kinds: str) -> None:
    """Refuse operands of LIKE that are no text.

    Raises:
        QueryError: TYPE_MISMATCH.
    """
    for kind in kinds:
        if kind not in _OPEN and names.base(kind) not in ("varchar", "char"):
            raise type_mismatch(f"Left side of LIKE expression must evaluate to a varchar: {kind}")


def require_comparable(left: str, right: str, what: str) -> None:
    """Refuse comparing what has no common type.

    Raises:
        QueryError: TYPE_MISMATCH.
    """
    if names.common(left, right) is None:
        raise type_mismatch(f"Cannot apply operator: {left} {what} {right}")


def result(node: exp.Expr, left: str, right: str) -> str:
    """Return the type of a binary expression.

    Raises:
        QueryError: TYPE_MISMATCH.
    """
    if isinstance(node, exp.And | exp.Or):
        for side, kind in ((node.this, left), (node.args["expression"], right)):
            require_boolean(side, kind, "Logical expression term")
        return "boolean"
    if isinstance(node, exp.DPipe):
        return _concatenated(node, left, right)
    if isinstance(node, _ARITHMETIC):
        return _arithmetic(node, left, right)
    if names.common(left, right) is None:
        raise _cannot_apply(node, left, right)
    return "boolean"


def _concatenated(node: exp.Expr, left: str, right: str) -> str:
    for one, other in ((left, right), (right, left)):
        if one.startswith("array"):
            element = other if other.startswith("array") or other in _OPEN else f"array({other})"
            both = names.common(one, element)
            if both is None:
                raise _cannot_apply(node, left, right)
            return both
    for kind in (left, right):
        if kind not in _OPEN and names.base(kind) not in ("varchar", "char", "varbinary"):
            raise _cannot_apply(node, left, right)
    both = names.common(left, right)
    if both is None:
        raise _cannot_apply(node, left, right)
    return "varchar" if both == NULL else both


def _arithmetic(node: exp.Expr, left: str, right: str) -> str:
    if "interval day to second" in (left, right) or (
        names.is_temporal(left) and names.is_temporal(right)
    ):
        return _temporal(node, left, right)
    for kind in (left, right):
        if kind not in _OPEN and not names.is_number(kind):
            raise _cannot_apply(node, left, right)
    if left in _OPEN or right in _OPEN:
        known = right if left in _OPEN else left
        return known if NULL in (left, right) else UNDETERMINED
    if not names.is_decimal(left) and not names.is_decimal(right):
        return names.common(left, right) or UNDETERMINED
    if {"double", "real"} & {left, right}:
        return "double" if "double" in (left, right) else "real"
    return _decimal(node, names.digits(left), names.digits(right))


def _decimal(node: exp.Expr, left: tuple[int, int], right: tuple[int, int]) -> str:
    (p1, s1), (p2, s2) = left, right
    scale = max(s1, s2)
    match node:
        case exp.Mul():
            return names.decimal(p1 + p2, s1 + s2)
        case exp.Div():
            return names.decimal(p1 + s2 + max(0, s2 - s1), scale)
        case exp.Mod():
            return names.decimal(min(p2 - s2, p1 - s1) + scale, scale)
        case _:
            return names.decimal(max(p1 - s1, p2 - s2) + scale + 1, scale)


def _temporal(node: exp.Expr, left: str, right: str) -> str:
    if names.base(left) == "time" or names.base(right) == "time":
        raise unsupported("Arithmetic with TIME")
    pair = (left, right)
    interval = "interval day to second"
    if left == right == interval and isinstance(node, exp.Add | exp.Sub):
        return interval
    if names.is_temporal(left) and names.is_temporal(right) and isinstance(node, exp.Sub):
        return interval
    for moment, other in (pair, pair[::-1]):
        if other != interval:
            continue
        if names.is_temporal(moment) and isinstance(node, exp.Add | exp.Sub):
            if isinstance(node, exp.Sub) and other is left:
                break
            _require_days(node, moment)
            return moment
        if names.is_number(moment) and isinstance(node, exp.Mul | exp.Div):
            return interval
        if moment in _OPEN:
            return UNDETERMINED
    raise _cannot_apply(node, left, right)


def _require_days(node: exp.Expr, moment: str) -> None:
    if moment != "date":
        return
    for interval in node.find_all(exp.Interval):
        if interval.text("unit").upper().rstrip("S") in _TIME_UNITS:
            raise type_mismatch("Cannot add hour, minutes or seconds to a date")


def check_set_operations(tree: exp.Expr, kind_of: Callable[[exp.Expr], str]) -> None:
    """Refuse set operations over columns without a common type.

    Raises:
        QueryError: TYPE_MISMATCH.
    """
    for node in tree.find_all(exp.SetOperation):
        left, right = node.this.selects, node.args["expression"].selects
        for position, (one, other) in enumerate(zip(left, right, strict=False), start=1):
            kinds = kind_of(one), kind_of(other)
            if names.common(*kinds) is None:
                raise type_mismatch(
                    f"column {position} in {node.key.upper()} query has incompatible types:"
                    f" {', '.join(kinds)}"
                )
