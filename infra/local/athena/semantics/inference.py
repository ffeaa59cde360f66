"""Which type every expression of a query has on Athena.

Belongs here: the rules sqlglot's own inference lacks or has from other engines, and the check that
operands fit. Does not belong here: names and scopes (see `analysis`), type arithmetic (see
`typenames`) and functions (see `signatures`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.dialects.athena import Athena
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.schema import MappingSchema

from infra.local.athena.errors import type_mismatch
from infra.local.athena.semantics import castable, operators, shapes_of_values, signatures
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of
from infra.local.athena.semantics.typenames import NULL, built

_ZONED = "timestamp with time zone"


def _literal(node: exp.Expr) -> str:
    text = node.name
    if node.args["is_string"]:
        return "varchar"
    if "e" in text.lower():
        return "double"
    if "." in text:
        whole, _, fraction = text.partition(".")
        return names.decimal(max(1, len(whole.lstrip("0")) + len(fraction)), len(fraction))
    return operators.integer_type(int(text))


def _if(node: exp.Expr) -> str:
    operand = node.parent.this if isinstance(node.parent, exp.Case) else None
    if operand is not None:
        operators.require_comparable(kind_of(operand), kind_of(node.this), "CASE")
    else:
        operators.require_boolean(node.this, kind_of(node.this), "IF condition")
    return shapes_of_values.one_of([node.args["true"], node.args.get("false")], "IF")


def _case(node: exp.Expr) -> str:
    branches = [item.args["true"] for item in node.args["ifs"]]
    return shapes_of_values.one_of([*branches, node.args.get("default")], "CASE")


def _array(node: exp.Expr) -> str:
    return f"array({shapes_of_values.one_of(node.expressions, 'ARRAY')})"


def _window(node: exp.Expr) -> str:
    return kind_of(node.this)


def _same(node: exp.Expr) -> str:
    return kind_of(node.this)


def _offset(node: exp.Expr) -> str:
    return shapes_of_values.one_of([node.this, node.args.get("default")], "LAG and LEAD")


def _call(node: exp.Expr) -> str:
    arguments = node.expressions
    kinds = [kind_of(item) for item in arguments]
    signature = signatures.find(node.name, kinds)
    if signature.result == "rule:field":
        return shapes_of_values.field(node)
    lambdas = [item for item in arguments if isinstance(item, exp.Lambda)]
    if lambdas:
        _type_lambdas(node, kinds)
    bodies = [kind_of(item.this) for item in lambdas]
    return signatures.result_of(signature, kinds, bodies)


def _type_lambdas(node: exp.Expr, kinds: Sequence[str]) -> None:
    """Give lambda parameters the types of what they stand for, and type the bodies anew."""
    first = names.parts(kinds[0])
    name = node.name.lower()
    lambdas = [item for item in node.expressions if isinstance(item, exp.Lambda)]
    if name == "reduce":
        state = kinds[1]
        _type_body(lambdas[0], [state, *first])
        grown = kind_of(lambdas[0].this)
        if names.common(state, grown) == grown != state:
            raise type_mismatch(f"reduce: the state is {state}, the step gives {grown}; CAST it")
        _type_body(lambdas[1], [state])
    elif name == "zip_with":
        _type_body(lambdas[0], [*first, *names.parts(kinds[1])])
    else:
        _type_body(lambdas[0], first)


def _type_body(function: exp.Lambda, kinds: Sequence[str]) -> None:
    parameters = [item.name for item in function.expressions]
    known = dict(zip(parameters, kinds, strict=False))
    if isinstance(function.this, exp.Identifier) and function.this.name in known:
        function.this.type = built(known[function.this.name])
        return
    for node in reversed(list(function.this.walk())):
        is_field = isinstance(node.parent, exp.Dot) and node.arg_key == "expression"
        is_bare = isinstance(node, exp.Identifier) and not isinstance(node.parent, exp.Column)
        is_column = isinstance(node, exp.Column) and not node.table
        if (is_bare or is_column) and not is_field and node.name in known:
            node.type = built(known[node.name])
        elif (rule := _RULES.get(type(node))) is not None:
            node.type = built(rule(node))


def _at_zone(node: exp.Expr) -> str:
    kind = kind_of(node.this)
    operators.require_temporal(kind, "AT TIME ZONE")
    return f"timestamp({names.fraction_digits(kind)}) with time zone"


def _fixed(kind: str) -> Callable[[exp.Expr], str]:
    return lambda _node: kind


def _binary(node: exp.Expr) -> str:
    return operators.result(node, kind_of(node.this), kind_of(node.args["expression"]))


def _like(node: exp.Expr) -> str:
    operators.require_text(kind_of(node.this), kind_of(node.args["expression"]))
    return "boolean"


def _between(node: exp.Expr) -> str:
    for bound in (node.args["low"], node.args["high"]):
        operators.require_comparable(kind_of(node.this), kind_of(bound), "BETWEEN")
    return "boolean"


def _in(node: exp.Expr) -> str:
    for item in [*node.expressions, node.args.get("query")]:
        if item is not None:
            operators.require_comparable(kind_of(node.this), kind_of(item), "IN")
    return "boolean"


def _condition(node: exp.Expr) -> str:
    operators.require_boolean(node.this, kind_of(node.this), type(node).__name__.upper())
    return "boolean"


_BINARY = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.And, exp.Or),
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ),
)
_RULES: Mapping[type[exp.Expr], Callable[[exp.Expr], str]] = {
    **dict.fromkeys(_BINARY, _binary),
    **dict.fromkeys((exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls), _window),
    **dict.fromkeys((exp.FirstValue, exp.LastValue, exp.NthValue, exp.Neg), _same),
    **dict.fromkeys((exp.Paren, exp.Alias, exp.Ordered, exp.Order), _same),
    **dict.fromkeys((exp.Where, exp.Having, exp.Not), _condition),
    **dict.fromkeys((exp.Is, exp.Exists), _fixed("boolean")),
    exp.Anonymous: _call,
    exp.AnonymousAggFunc: _call,
    exp.Array: _array,
    exp.AtTimeZone: _at_zone,
    exp.Between: _between,
    exp.Boolean: _fixed("boolean"),
    exp.Case: _case,
    exp.Cast: lambda node: castable.cast_result(node, kind_of(node.this)),
    exp.Count: _fixed("bigint"),
    exp.CurrentDate: _fixed("date"),
    exp.CurrentTime: _fixed("time"),
    exp.CurrentTimestamp: _fixed(_ZONED),
    exp.Dot: shapes_of_values.dot,
    exp.Escape: _fixed("boolean"),
    exp.GroupConcat: _fixed("varchar"),
    exp.HexString: _fixed("varbinary"),
    exp.If: _if,
    exp.In: _in,
    exp.Interval: _fixed("interval day to second"),
    exp.Lag: _offset,
    exp.Lead: _offset,
    exp.Like: _like,
    exp.Literal: _literal,
    exp.Localtimestamp: _fixed("timestamp"),
    exp.Null: _fixed(NULL),
    exp.TryCast: lambda node: castable.cast_result(node, kind_of(node.this)),
    exp.Tuple: shapes_of_values.row_of,
    exp.Unnest: shapes_of_values.unnest,
    exp.Values: shapes_of_values.values,
}


def _annotator(rule: Callable[[exp.Expr], str]) -> Callable[[Any, exp.Expr], None]:
    def annotate(annotator: Any, node: exp.Expr) -> None:
        annotator._set_type(node, built(rule(node)))  # noqa: SLF001 (sqlglot's way in)

    return annotate


_METADATA = {
    **Athena.EXPRESSION_METADATA,
    **{kind: {"annotator": _annotator(rule)} for kind, rule in _RULES.items()},
}


def annotated(tree: exp.Query, schema: MappingSchema) -> exp.Query:
    """Return a qualified query with every expression's type.

    Raises:
        QueryError: Trino would refuse: TYPE_MISMATCH, FUNCTION_NOT_FOUND.
    """
    for node in list(tree.find_all(exp.Anonymous)):
        if signatures.is_aggregate(node.name):
            counterpart = exp.AnonymousAggFunc(this=node.name.lower(), expressions=node.expressions)
            node.replace(counterpart)
    typed: exp.Query = annotate_types(
        tree, schema=schema, dialect="athena", expression_metadata=_METADATA
    )
    operators.check_set_operations(typed, kind_of)
    return typed
