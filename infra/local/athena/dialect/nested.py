"""Rewrites of Trino's arrays, maps, rows and lambdas into DuckDB's.

Belongs here: syntax-tree rewrites about collections. Does not belong here: UNNEST and VALUES (see
`relations`), scalars (see `texts`) and functions that need no rewriting (see
`nested_macros`).
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

from infra.local.athena.dialect.calls import call, case, cast, number
from infra.local.athena.dialect.casts import as_text
from infra.local.athena.errors import unsupported
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of
from infra.local.athena.semantics.operators import constant_index

_ENTRY = "athena_entry"


def _parameters(function: exp.Expr) -> list[str]:
    return [parameter.name for parameter in function.expressions]


def inline(function: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """Return a lambda's body with its parameters replaced by expressions."""

    def replace(node: exp.Expr) -> exp.Expr:
        free = isinstance(node, exp.Column) and not node.table
        bare = isinstance(node, exp.Identifier) and not isinstance(
            node.parent, exp.Column | exp.TableAlias | exp.PropertyEQ
        )
        part = isinstance(node.parent, exp.Dot) and node.arg_key == "expression"
        if (free or bare) and not part and node.name in values:
            return values[node.name].copy()
        return node

    body: exp.Expr = function.this.copy()
    return body.transform(replace)


def _field(entry: exp.Expr, name: str) -> exp.Dot:
    return exp.Dot(this=entry.copy(), expression=exp.to_identifier(name))


def _lambda_over_entry(function: exp.Expr, fields: tuple[str, ...]) -> exp.Lambda:
    """Turn ``(k, v) -> f`` into ``entry -> f`` with the parameters read from a struct's fields."""
    entry = exp.to_identifier(_ENTRY)
    values: dict[str, exp.Expr] = {
        name: _field(entry, field)
        for name, field in zip(_parameters(function), fields, strict=True)
    }
    return exp.Lambda(this=inline(function, values), expressions=[entry])


def _match(node: exp.Expr) -> exp.Expr:
    """Rewrite any_match, all_match and none_match: an unknown verdict can make theirs unknown."""
    array, function = node.expressions
    verdicts = call("list_transform", array, function)
    kind = node.name.lower()
    found = exp.Boolean(this=kind != "all_match")
    outcome = exp.Boolean(this=kind == "any_match")
    decided = call("list_contains", verdicts, found)
    unknown = exp.LT(
        this=call("list_count", verdicts.copy()), expression=call("len", verdicts.copy())
    )
    missing = exp.Is(this=array.copy(), expression=exp.Null())
    return case(
        (missing, exp.Null()),
        (decided, outcome),
        (unknown, exp.Null()),
        default=exp.Boolean(this=kind != "any_match"),
    )


def _map_filter(node: exp.Expr) -> exp.Expr:
    entries, function = call("map_entries", node.expressions[0]), node.expressions[1]
    kept = call("list_filter", entries, _lambda_over_entry(function, ("key", "value")))
    return call("map_from_entries", kept)


def _transform_map(node: exp.Expr) -> exp.Expr:
    source, function = node.expressions
    changed = _lambda_over_entry(function, ("key", "value"))
    entry = exp.to_identifier(_ENTRY)
    parts: dict[str, exp.Expr] = {field: _field(entry, field) for field in ("key", "value")}
    parts["value" if node.name.lower() == "transform_values" else "key"] = changed.this
    body = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(field), expression=part)
            for field, part in parts.items()
        ]
    )
    function = exp.Lambda(this=body, expressions=[entry])
    return call("map_from_entries", call("list_transform", call("map_entries", source), function))


def _zip_with(node: exp.Expr) -> exp.Expr:
    left, right, function = node.expressions
    entry = exp.to_identifier(_ENTRY)
    values: dict[str, exp.Expr] = {
        name: call("struct_extract_at", entry.copy(), number(position))
        for position, name in enumerate(_parameters(function), start=1)
    }
    body = exp.Lambda(this=inline(function, values), expressions=[entry])
    return call("list_transform", call("list_zip", left, right), body)


def _reduce(node: exp.Expr) -> exp.Expr:
    """Rewrite ``reduce(a, s, step, finish)``: DuckDB has no finishing function."""
    array, state, step, finish = node.expressions
    element = (names.parts(kind_of(array)) or [""])[0]
    if names.common(element, kind_of(state)) is None:
        raise unsupported(f"reduce of {element} with a state of {kind_of(state)}")
    folded = call("list_reduce", array, step, state)
    (parameter,) = _parameters(finish)
    if isinstance(finish.this, exp.Identifier):
        return folded
    return inline(finish, {parameter: folded})


def _row(node: exp.Expr) -> exp.Expr:
    """Name the fields of a ROW ``field0, field1, …`` as Athena does."""
    fields = [
        exp.PropertyEQ(this=exp.to_identifier(f"field{position}"), expression=item)
        for position, item in enumerate(node.expressions)
    ]
    return exp.Struct(expressions=fields)


def _row_field(node: exp.Expr) -> exp.Expr:
    position = constant_index(node)
    if not position:
        raise unsupported("A computed position in a row")
    return call("struct_extract_at", node.expressions[0], number(position))


def _map_from_entries(node: exp.Expr) -> exp.Expr:
    return call("map_from_entries", node.expressions[0])


def _array_join(node: exp.Expr) -> exp.Expr:
    array, separator, *rest = node.expressions
    kind = (names.parts(kind_of(array)) or [""])[0]
    element = exp.to_identifier("athena_element")
    text = as_text(element.copy(), kind)
    if rest:
        text = call("coalesce", text, rest[0])
    texts = call("list_transform", array, exp.Lambda(this=text, expressions=[element]))
    return call("array_to_string", texts, separator)


FUNCTIONS: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
    "array_join": _array_join,
    "map_filter": _map_filter,
    "map_from_entries": _map_from_entries,
    "match": _match,
    "reduce": _reduce,
    "row": _row,
    "row_field": _row_field,
    "transform_map": _transform_map,
    "zip_with": _zip_with,
}


def concatenate(node: exp.Expr) -> exp.Expr:
    """Rewrite ``||`` of arrays and elements."""
    left, right = node.this, node.args["expression"]
    left_is_array = kind_of(left).startswith("array")
    right_is_array = kind_of(right).startswith("array")
    if left_is_array and right_is_array:
        return call("athena_array_concat", left, right)
    if left_is_array:
        return call("athena_array_append", left, right)
    if right_is_array:
        return call("athena_array_prepend", left, right)
    if not kind_of(left) or not kind_of(right):
        raise unsupported("|| of values whose types cannot be determined")
    if any(isinstance(side.unnest(), exp.Null) for side in (left, right)):
        return cast(exp.Null(), "varchar")
    return node
