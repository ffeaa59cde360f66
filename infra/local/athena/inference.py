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

from infra.local.athena import operators, signatures
from infra.local.athena import typenames as names
from infra.local.athena.errors import type_mismatch
from infra.local.athena.typenames import NULL, UNDETERMINED, built, text_of

_WRAPPERS = (exp.Paren, exp.Alias, exp.Ordered, exp.Order, exp.Distinct, exp.Any, exp.All)
_ZONED = "timestamp with time zone"


def kind_of(node: exp.Expr | None) -> str:
    """Return the type of an annotated expression as text."""
    if node is None:
        return UNDETERMINED
    if isinstance(node, exp.Null | exp.Lambda):
        return NULL if isinstance(node, exp.Null) else "function"
    if isinstance(node, _WRAPPERS):
        inner = node.this if node.this is not None else node.expressions[0]
        return kind_of(inner)
    if isinstance(node, exp.Subquery | exp.Select | exp.SetOperation):
        selects = node.selects
        return kind_of(selects[0]) if len(selects) == 1 else UNDETERMINED
    return text_of(node.type)


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


def _conditional(values: Sequence[exp.Expr | None], what: str) -> str:
    kinds = [kind_of(value) for value in values if value is not None]
    both = signatures.common_of(kinds)
    if both is None:
        raise type_mismatch(f"All {what} results must be the same type: {', '.join(kinds)}")
    return both


def _if(node: exp.Expr) -> str:
    operand = node.parent.this if isinstance(node.parent, exp.Case) else None
    if operand is not None:
        operators.require_comparable(kind_of(operand), kind_of(node.this), "CASE")
    else:
        operators.require_boolean(node.this, kind_of(node.this), "IF condition")
    return _conditional([node.args["true"], node.args.get("false")], "IF")


def _case(node: exp.Expr) -> str:
    branches = [item.args["true"] for item in node.args["ifs"]]
    return _conditional([*branches, node.args.get("default")], "CASE")


def _array(node: exp.Expr) -> str:
    return f"array({_conditional(node.expressions, 'ARRAY')})"


def _field(node: exp.Expr) -> str:
    """Return the type of ``row[2]``."""
    given, index = names.parts(kind_of(node.expressions[0])), operators.constant_index(node)
    return names.field_of(given[index - 1])[1] if 0 < index <= len(given) else UNDETERMINED


def _dot(node: exp.Expr) -> str:
    kind = kind_of(node.this)
    if not kind.startswith("row"):
        return UNDETERMINED
    fields = dict(names.field_of(item) for item in names.parts(kind))
    lowered = {name.lower(): found for name, found in fields.items()}
    return lowered.get(node.args["expression"].name.lower(), UNDETERMINED)


def _window(node: exp.Expr) -> str:
    return kind_of(node.this)


def _same(node: exp.Expr) -> str:
    return kind_of(node.this)


def _offset(node: exp.Expr) -> str:
    return _conditional([node.this, node.args.get("default")], "LAG and LEAD")


def _call(node: exp.Expr) -> str:
    arguments = node.expressions
    kinds = [kind_of(item) for item in arguments]
    signature = signatures.find(node.name, kinds)
    if signature.result == "rule:field":
        return _field(node)
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


def _values(node: exp.Expr) -> str:
    """Give the values of a column one type in every row."""
    rows = [
        item.expressions if isinstance(item, exp.Tuple) else [item] for item in node.expressions
    ]
    if any(len(row) != len(rows[0]) for row in rows):
        raise type_mismatch("Values rows have mismatched sizes")
    for column in zip(*rows, strict=True):
        kind = _conditional(column, "VALUES")
        for value in column:
            # `meta` because a literal's own type still decides how it is written.
            value.meta["own"] = kind_of(value)
            value.type = built(kind)
    return UNDETERMINED


def _unnest(node: exp.Expr) -> str:
    """Return a row type with the relation's columns: sqlglot takes their types from there."""
    kinds: list[str] = []
    for item in node.expressions:
        kind = kind_of(item)
        inner = names.parts(kind)
        if kind.startswith("array(row"):
            kinds += [names.field_of(field)[1] for field in names.parts(inner[0])]
        else:
            kinds += inner or [UNDETERMINED]
    alias = node.args.get("alias")
    columns = [column.name for column in alias.columns] if alias else []
    pairs = zip(columns, kinds, strict=False)
    fields = ", ".join(f"{name} {kind}" for name, kind in pairs if kind)
    return f"row({fields})" if fields else UNDETERMINED


def _tuple(node: exp.Expr) -> str:
    return f"row({', '.join(kind_of(item) or NULL for item in node.expressions)})"


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
    exp.Cast: lambda node: operators.cast_result(node, kind_of(node.this)),
    exp.Count: _fixed("bigint"),
    exp.CurrentDate: _fixed("date"),
    exp.CurrentTime: _fixed("time"),
    exp.CurrentTimestamp: _fixed(_ZONED),
    exp.Dot: _dot,
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
    exp.TryCast: lambda node: operators.cast_result(node, kind_of(node.this)),
    exp.Tuple: _tuple,
    exp.Unnest: _unnest,
    exp.Values: _values,
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
