"""Trino's semantics, expressed in DuckDB's SQL.

Belongs here: walking a typed syntax tree, rewrites of operators, and the generation of DuckDB SQL.
Does not belong here: functions (see `function_table` and the modules `…_dialect`), types (see
`inference`) and table names (see `planner`).
"""

from collections.abc import Callable, Mapping

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from infra.local.athena.dialect import casts, comparisons, json_calls, nested, texts, times, zones
from infra.local.athena.dialect.calls import FINISHED, call, cast, number, string
from infra.local.athena.dialect.relations import rewrite_unnest
from infra.local.athena.errors import unsupported
from infra.local.athena.semantics import signatures
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of

_FLOATS = ("double", "real")
_HOIST = "athena_hoist"  # a cast of an aggregate that belongs around its window
_BUILDERS: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
    **nested.FUNCTIONS,
    **json_calls.FUNCTIONS,
    **times.FUNCTIONS,
    **texts.FUNCTIONS,
}


def _function(node: exp.Expr) -> exp.Expr:
    """Rewrite a call to what serves it."""
    arguments = node.expressions
    kinds = [kind_of(item) for item in arguments]
    signature = signatures.find(node.name, kinds)
    result = kind_of(node)
    if signature.target.startswith("@"):
        changed = _BUILDERS[signature.target[1:]](node)
    else:
        changed = call(signature.target, *arguments)
    if signature.forced or _widens(signature, kinds, result):
        if not names.is_determined(result):
            raise unsupported(f"{node.name} of a value whose type cannot be determined")
        changed = cast(changed, result)
        changed.meta[_HOIST] = signature.is_aggregate
    return changed


def _widens(signature: signatures.Signature, kinds: list[str], result: str) -> bool:
    is_mixed = signature.result == "$common" and any(kind != result for kind in kinds)
    return is_mixed and "decimal" in result


def _arithmetic(node: exp.Expr) -> exp.Expr:
    left, right, result = kind_of(node.this), kind_of(node.args["expression"]), kind_of(node)
    if "interval day to second" in (left, right, result):
        return times.arithmetic(node)
    if isinstance(node, exp.Div | exp.Mod):
        return _division(node, left, right, result)
    if names.is_decimal(result) or result == "real":
        return cast(exp.paren(node.copy()), result)
    if result in names.INTEGERS and left != right:
        # DuckDB would fit a literal to the other side's type.
        return type(node)(
            this=cast(node.this, result), expression=cast(node.args["expression"], result)
        )
    return node


def _division(node: exp.Expr, left: str, right: str, result: str) -> exp.Expr:
    sides = node.this, node.args["expression"]
    is_division = isinstance(node, exp.Div)
    if result in _FLOATS:
        divided = call('"/"' if is_division else '"%"', *(cast(side, "double") for side in sides))
        return cast(divided, "real") if result == "real" else divided
    if not result or not left or not right:
        raise unsupported("A division of values whose types cannot be determined (CAST them)")
    if names.is_decimal(result) and is_division:
        quotient = call("athena_decimal_divide", *sides, number(names.digits(result)[1]))
        return cast(quotient, result)
    return cast(call("athena_divide" if is_division else "athena_modulo", *sides), result)


def _literal(node: exp.Expr) -> exp.Expr:
    """Give a decimal its scale: DuckDB counts the zero of 0.5."""
    text = node.name
    if node.args["is_string"] or "." not in text or "e" in text.lower():
        return node
    whole, _, fraction = text.partition(".")
    precision = max(1, len(whole.lstrip("0")) + len(fraction))
    return cast(string(text), names.decimal(precision, len(fraction)))


def _conditional(node: exp.Expr) -> exp.Expr:
    """Keep the type where branches have several."""
    kind = kind_of(node)
    return cast(node.copy(), kind) if names.is_decimal(kind) else node


def _hoisted(node: exp.Expr) -> exp.Expr:
    """Turn ``CAST(sum(x)) OVER ()`` into ``CAST(sum(x) OVER ())``."""
    inner = node.this
    if not isinstance(inner, exp.Cast) or not inner.meta.get(_HOIST):
        return node
    moved = node.copy()
    moved.set("this", inner.this.copy())
    result = cast(moved, kind_of(inner))
    result.meta[_HOIST] = True
    return result


def _listagg(node: exp.Expr) -> exp.Expr:
    if node.args.get("separator") is None:
        node.set("separator", string(""))
    if node.args.get("on_overflow"):
        raise unsupported("listagg with ON OVERFLOW")
    return node


def _now(kind: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda _node: cast(call("athena_now"), kind)


_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_BY_TYPE: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    **dict.fromkeys(_COMPARISONS, comparisons.compare),
    **dict.fromkeys((exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls), _hoisted),
    **dict.fromkeys((exp.Case, exp.If), _conditional),
    exp.Anonymous: _function,
    exp.AnonymousAggFunc: _function,
    exp.Cast: casts.rewrite,
    exp.CurrentDate: _now("date"),
    exp.CurrentTimestamp: lambda _node: call("athena_now"),
    exp.DPipe: nested.concatenate,
    exp.GroupConcat: _listagg,
    exp.In: comparisons.contained,
    exp.Interval: times.interval,
    exp.Literal: _literal,
    exp.Localtimestamp: _now("timestamp"),
    exp.TryCast: casts.rewrite,
}


def transform(tree: exp.Expr) -> exp.Expr:
    """Return a copy of a tree with Trino's semantics spelled out for DuckDB.

    Args:
        tree: Parsed from Athena's dialect, with types inferred.

    Raises:
        QueryError: It uses something that has no equivalent.
    """
    root = tree.copy()
    zones.resolve(root)
    rewrite_unnest(root)
    for node in reversed(list(root.walk())):  # children before their parents
        rewrite = None if node.meta.get(FINISHED) else _BY_TYPE.get(type(node))
        changed = rewrite(node) if rewrite else node
        if changed is node:
            continue
        if changed.type is None and node.type is not None:
            changed.type = node.type
        if node is root:
            root = changed
        else:
            node.replace(changed)
    return root


def to_duckdb(tree: exp.Expr) -> str:
    """Return DuckDB SQL that computes what Athena would compute for a tree.

    Raises:
        QueryError: It uses something that has no equivalent.
    """
    try:
        return transform(tree).sql(
            "duckdb", unsupported_level=ErrorLevel.RAISE, identify=True, comments=False
        )
    except UnsupportedError as error:
        raise unsupported(str(error).split("\n", 1)[0].rstrip(".")) from error
