"""Rewrites of UNNEST into DuckDB's.

Belongs here: relations made of arrays, maps and rows. Does not belong here: tables (see `planner`).
"""

from sqlglot import exp

from infra.local.athena.dialect.calls import call, cast, number
from infra.local.athena.errors import unsupported
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of


def rewrite_unnest(tree: exp.Expr) -> None:
    """Replace the UNNESTs DuckDB cannot express as such; changes the typed tree in place.

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


def _is_plain(kind: str) -> bool:
    return kind.startswith("array") and not kind.startswith("array(row")


def _unnested(source: exp.Unnest) -> exp.Subquery | None:
    """Return a subquery equal to an UNNEST of a map, of rows or of several arrays."""
    alias = source.args.get("alias")
    columns = [column.name for column in alias.columns] if alias else []
    offset = source.args.get("offset")
    kinds = [kind_of(item) for item in source.expressions]
    if not all(kinds):
        raise unsupported("UNNEST of a value whose type cannot be determined")
    if len(kinds) == 1 and _is_plain(kinds[0]):
        return None
    inner, outer = _columns(source.expressions, kinds)
    if offset:
        inner.append(exp.alias_(_ordinals(source.expressions, kinds), "athena_ordinal"))
        outer.append(exp.column("athena_ordinal"))
        columns = [*columns, offset.name if isinstance(offset, exp.Identifier) else "ordinality"]
    named = [exp.alias_(item, f"c{position}") for position, item in enumerate(outer)]
    if columns and len(columns) != len(named):
        raise unsupported(f"UNNEST of {len(named)} columns with {len(columns)} names")
    quoted = [exp.to_identifier(name, quoted=True) for name in columns]
    table = exp.TableAlias(this=alias.this if alias else None, columns=quoted)
    unpacked = exp.select(*named).from_(exp.select(*inner).subquery("athena_rows"))
    return exp.Subquery(this=unpacked, alias=table)


def _columns(sources: list[exp.Expr], kinds: list[str]) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """Return what is unnested side by side, and the columns taken from it."""
    inner: list[exp.Expr] = []
    outer: list[exp.Expr] = []
    for source, kind in zip(sources, kinds, strict=True):
        if kind.startswith("map"):
            for function in ("map_keys", "map_values"):
                item = call("unnest", call(function, source.copy()))
                inner.append(exp.alias_(item, f"s{len(inner)}"))
                outer.append(exp.column(f"s{len(inner) - 1}"))
            continue
        name = f"s{len(inner)}"
        inner.append(exp.alias_(call("unnest", source.copy()), name))
        if _is_plain(kind):
            outer.append(exp.column(name))
            continue
        fields = names.parts(names.parts(kind)[0])
        outer += [
            call("struct_extract_at", exp.column(name), number(position))
            for position in range(1, len(fields) + 1)
        ]
    return inner, outer


def _ordinals(sources: list[exp.Expr], kinds: list[str]) -> exp.Expr:
    lengths = [
        call(
            "coalesce",
            call("cardinality" if kind.startswith("map") else "len", item.copy()),
            number(0),
        )
        for item, kind in zip(sources, kinds, strict=True)
    ]
    longest = call("greatest", *lengths) if len(lengths) > 1 else lengths[0]
    return call("unnest", call("generate_series", number(1), cast(longest, "bigint")))
