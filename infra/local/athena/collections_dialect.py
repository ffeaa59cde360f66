"""Rewrites of Trino's arrays, maps, rows, lambdas and UNNEST into DuckDB's.

Belongs here: syntax-tree rewrites about collections. Does not belong here: scalars (see `dialect`)
and functions that need no rewriting (see `macros`).
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

from infra.local.athena.errors import unsupported

_ENTRY = "athena_entry"
_MAP_COLUMNS = 2  # UNNEST of a map yields keys and values


def call(name: str, *arguments: exp.Expr | None) -> exp.Anonymous:
    """Return a call of a DuckDB function that sqlglot should not interpret."""
    return exp.Anonymous(this=name, expressions=[item for item in arguments if item is not None])


def has_type(node: exp.Expr | None, *kinds: exp.DType) -> bool:
    """Return whether type inference found one of these types for an expression."""
    return node is not None and node.type is not None and node.type.this in kinds


def _parameters(function: exp.Expr) -> list[str]:
    if not isinstance(function, exp.Lambda):
        raise unsupported("A function name in the place of a lambda")
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


def _lambda_over_entry(function: exp.Expr, fields: tuple[str, ...]) -> exp.Lambda:
    """Turn ``(k, v) -> f`` into ``entry -> f`` with the parameters read from a struct's fields."""
    entry = exp.to_identifier(_ENTRY)
    values: dict[str, exp.Expr] = {
        name: exp.Dot(this=entry.copy(), expression=exp.to_identifier(field))
        for name, field in zip(_parameters(function), fields, strict=True)
    }
    return exp.Lambda(this=inline(function, values), expressions=[entry])


def _any_match(node: exp.Anonymous) -> exp.Expr:
    array, function = node.expressions
    matching = call("len", call("list_filter", array, function))
    kind = node.name.upper()
    if kind == "ANY_MATCH":
        result: exp.Expr = exp.GT(this=matching, expression=exp.Literal.number(0))
    elif kind == "NONE_MATCH":
        result = exp.EQ(this=matching, expression=exp.Literal.number(0))
    else:
        result = exp.EQ(this=matching, expression=call("len", array.copy()))
    return exp.paren(result)


def _map_filter(node: exp.Anonymous) -> exp.Expr:
    entries, function = call("map_entries", node.expressions[0]), node.expressions[1]
    kept = call("list_filter", entries, _lambda_over_entry(function, ("key", "value")))
    return call("map_from_entries", kept)


def _transform_map(node: exp.Anonymous) -> exp.Expr:
    source, function = node.expressions
    changed = _lambda_over_entry(function, ("key", "value"))
    entry = exp.to_identifier(_ENTRY)
    parts: dict[str, exp.Expr] = {
        field: exp.Dot(this=entry.copy(), expression=exp.to_identifier(field))
        for field in ("key", "value")
    }
    parts["value" if node.name.upper() == "TRANSFORM_VALUES" else "key"] = changed.this
    body = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(field), expression=part)
            for field, part in parts.items()
        ]
    )
    function = exp.Lambda(this=body, expressions=[entry])
    return call("map_from_entries", call("list_transform", call("map_entries", source), function))


def _zip_with(node: exp.Anonymous) -> exp.Expr:
    left, right, function = node.expressions
    entry = exp.to_identifier(_ENTRY)
    values: dict[str, exp.Expr] = {
        name: call("struct_extract", entry.copy(), exp.Literal.number(position))
        for position, name in enumerate(_parameters(function), start=1)
    }
    body = exp.Lambda(this=inline(function, values), expressions=[entry])
    return call("list_transform", call("list_zip", left, right), body)


FUNCTIONS: Mapping[str, Callable[[exp.Anonymous], exp.Expr]] = {
    "ANY_MATCH": _any_match,
    "ALL_MATCH": _any_match,
    "NONE_MATCH": _any_match,
    "MAP_FILTER": _map_filter,
    "TRANSFORM_VALUES": _transform_map,
    "TRANSFORM_KEYS": _transform_map,
    "ZIP_WITH": _zip_with,
}


def reduce(node: exp.Expr) -> exp.Expr:
    """Rewrite ``reduce(a, s, step, finish)``: DuckDB has no finishing function."""
    finish = node.args.pop("finish", None)
    if finish is None:
        return node
    (parameter,) = _parameters(finish)
    return inline(finish, {parameter: node})


def row(node: exp.Expr) -> exp.Expr:
    """Name the fields of a ROW: as its cast declares, else ``field0, field1, …`` as Athena does."""
    declared = node.parent.args["to"].expressions if isinstance(node.parent, exp.Cast) else []
    names = [item.name for item in declared]
    if len(names) != len(node.expressions):
        names = [f"field{position}" for position in range(len(node.expressions))]
    named = [
        item
        if isinstance(item, exp.PropertyEQ | exp.Alias)
        else exp.PropertyEQ(this=exp.to_identifier(name), expression=item.copy())
        for name, item in zip(names, node.expressions, strict=True)
    ]
    return exp.Struct(expressions=named)


def values_of_rows(values: exp.Values) -> None:
    """Turn ``VALUES ROW(1, 'a')`` into ``VALUES (1, 'a')``; changes the tree in place."""
    for item in values.expressions:
        single = item.expressions if isinstance(item, exp.Tuple) else [item]
        if len(single) == 1 and isinstance(single[0], exp.Struct):
            item.replace(exp.Tuple(expressions=[field.copy() for field in single[0].expressions]))


def _unnested(source: exp.Unnest) -> exp.Subquery | None:
    """Return a subquery equal to an UNNEST of a map, of rows or of several arrays."""
    alias = source.args.get("alias")
    names = [column.name for column in alias.columns] if alias else []
    sources = source.expressions
    with_offset = bool(source.args.get("offset"))
    if len(sources) == 1 and (len(names) < _MAP_COLUMNS or with_offset):
        return None
    if with_offset:
        raise unsupported("UNNEST of several arrays WITH ORDINALITY")
    table = exp.TableAlias(
        this=alias.this if alias else None,
        columns=[exp.to_identifier(n, quoted=True) for n in names],
    )
    if len(sources) > 1:
        columns = [call("unnest", item.copy()) for item in sources]
    elif _is_map(sources[0]):
        columns = [
            call("unnest", call("map_keys", sources[0].copy())),
            call("unnest", call("map_values", sources[0].copy())),
        ]
    else:
        rows = exp.select(exp.alias_(call("unnest", sources[0].copy()), "athena_row"))
        expanded = exp.select(call("unnest", exp.column("athena_row")))
        return exp.Subquery(this=expanded.from_(rows.subquery("athena_rows")), alias=table)
    named = [exp.alias_(item, f"c{position}") for position, item in enumerate(columns)]
    return exp.Subquery(this=exp.select(*named), alias=table)


def _is_map(node: exp.Expr) -> bool:
    return has_type(node, exp.DataType.Type.MAP) or isinstance(
        node, exp.Map | exp.VarMap | exp.MapFromEntries
    )


def rewrite_unnest(tree: exp.Expr) -> None:
    """Replace the UNNESTs DuckDB cannot express as such; changes the tree in place.

    Raises:
        QueryError: One of them has no equivalent.
    """
    for source in list(tree.find_all(exp.Unnest)):
        subquery = _unnested(source)
        if subquery is None:
            continue
        alias = subquery.args["alias"]
        if isinstance(source.parent, exp.Join):
            subquery.set("alias", None)
            source.replace(exp.Lateral(this=subquery, alias=alias))
        else:
            source.replace(subquery)
