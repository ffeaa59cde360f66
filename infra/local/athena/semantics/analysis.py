"""What a query's names and types are, before it is translated.

Belongs here: sqlglot's qualification and type inference, and the names of output columns. Does not
belong here: which tables there are (see `planner`) and what the types are for (see `translation`).
"""

import re

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from infra.local.athena.errors import QueryError, unsupported
from infra.local.athena.semantics.inference import annotated
from infra.local.athena.sql.names import output_name

_UNKNOWN = re.compile(r"""Unknown (?:column|table): ["'`]?([\w.]+)""")
_POSITION = re.compile(r"Unknown output column: (\d+)")
_NAMED = re.compile(r"""["'`]?([\w.]+)["'`]? """)


def analyse(tree: exp.Query, schema: MappingSchema) -> exp.Query:
    """Qualify columns, expand stars and infer types.

    Args:
        tree: A query over bound tables; its columns lose their database.
        schema: The bound tables' columns.

    Returns:
        A typed copy.

    Raises:
        QueryError: A name or a type is wrong, or the query is too unusual to be understood.
    """
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)
    _values_of_rows(tree)
    _name_values(tree)
    try:
        qualified = qualify(
            tree.copy(),
            schema=schema,
            dialect="athena",
            validate_qualify_columns=False,
            quote_identifiers=False,
            expand_alias_refs=False,
        )
        typed = annotated(qualified, schema)
    except SqlglotError as error:
        raise _refusal(str(error)) from error
    _refuse_aliases(typed)
    return typed


def _refusal(text: str) -> QueryError:
    """Return Athena's failure for names that cannot be resolved."""
    first = text.split("\n", 1)[0].rstrip(".")
    position = _POSITION.search(first)
    if position:
        return QueryError(
            f"INVALID_COLUMN_REFERENCE: line 1:1: ORDER BY or GROUP BY position {position[1]} is"
            " not in select list"
        )
    unknown = _UNKNOWN.search(first)
    if unknown:
        return QueryError(f"COLUMN_NOT_FOUND: line 1:1: Column '{unknown[1]}' cannot be resolved")
    name = _NAMED.search(first)
    if name and "ambiguous" in first.lower():
        return QueryError(f"AMBIGUOUS_NAME: line 1:1: Column '{name[1]}' is ambiguous")
    return unsupported(f"A query whose names cannot be resolved ({first})")


def _values_of_rows(tree: exp.Expr) -> None:
    """Turn ``VALUES ROW(1, 'a')`` into ``VALUES (1, 'a')``; changes the tree in place."""
    for values in list(tree.find_all(exp.Values)):
        for item in list(values.expressions):
            single = item.expressions if isinstance(item, exp.Tuple) else [item]
            is_row = isinstance(single[0], exp.Anonymous) and single[0].name.lower() == "row"
            if len(single) == 1 and is_row:
                item.replace(exp.Tuple(expressions=list(single[0].expressions)))


def _name_values(tree: exp.Expr) -> None:
    """Name the columns of VALUES as Trino prints them; changes the tree in place."""
    for position, values in enumerate(tree.find_all(exp.Values)):
        if not isinstance(values.parent, exp.From | exp.Join) or values.alias_column_names:
            continue
        alias = values.args.get("alias") or exp.TableAlias(this=exp.to_identifier(f"_v{position}"))
        row = values.expressions[0]
        width = len(row.expressions) if isinstance(row, exp.Tuple) else 1
        alias.set("columns", [exp.to_identifier(f"_col{number}") for number in range(width)])
        values.set("alias", alias)


def _refuse_aliases(tree: exp.Expr) -> None:
    """Refuse an output name in WHERE, GROUP BY or HAVING: DuckDB knows it there, Trino does not.

    Raises:
        QueryError: COLUMN_NOT_FOUND.
    """
    for query in tree.find_all(exp.Select):
        aliases = {item.alias for item in query.selects if _is_renamed(item)}
        for clause in ("where", "group", "having"):
            holder = query.args.get(clause)
            for column in holder.find_all(exp.Column) if holder is not None else ():
                # An aggregate's argument is a column of the source, though it shares its name.
                is_source = column.find_ancestor(exp.AggFunc, exp.Having, exp.Select)
                if isinstance(is_source, exp.AggFunc):
                    continue
                if not column.table and column.name in aliases:
                    raise QueryError(
                        f"COLUMN_NOT_FOUND: line 1:1: Column '{column.name}' cannot be resolved"
                    )


def _is_renamed(item: exp.Expr) -> bool:
    """Whether an output name is no name of the source: qualification gives columns their own."""
    is_column = isinstance(item, exp.Alias) and isinstance(item.this, exp.Column)
    return isinstance(item, exp.Alias) and not (is_column and item.this.name == item.alias)


def _outermost_select(tree: exp.Expr) -> exp.Select | None:
    node: exp.Expr = tree
    while isinstance(node, exp.SetOperation | exp.Subquery):
        node = node.this
    return node if isinstance(node, exp.Select) else None


def output_labels(tree: exp.Expr) -> list[str] | None:
    """Return the output column names, ``_col<n>`` for unnamed ones; None if a star hides them."""
    select = _outermost_select(tree)
    if select is None or any(item.is_star for item in select.expressions):
        return None
    return [
        output_name(item) or f"_col{position}" for position, item in enumerate(select.expressions)
    ]


def relabel(tree: exp.Expr, labels: list[str] | None) -> None:
    """Name a query's output columns, in place; nothing happens without labels."""
    select = _outermost_select(tree)
    if labels is None or select is None or len(labels) != len(select.expressions):
        return
    renamed: dict[str, str] = {}
    for item, label in zip(list(select.expressions), labels, strict=True):
        value = item.this if isinstance(item, exp.Alias) else item
        if isinstance(item, exp.Alias) and item.alias != label:
            renamed[item.alias] = label
        named = exp.alias_(value.copy(), exp.to_identifier(label, quoted=True))
        named.type = item.type
        item.replace(named)
    _rename_in_order(tree, select, renamed)


def _rename_in_order(tree: exp.Expr, select: exp.Select, renamed: dict[str, str]) -> None:
    """Follow new names into ORDER BY, where qualification put a name for each position."""
    orders = [holder.args["order"] for holder in (tree, select) if holder.args.get("order")]
    for order in orders:
        for column in list(order.find_all(exp.Column)):
            if not column.table and column.name in renamed:
                column.replace(exp.column(exp.to_identifier(renamed[column.name], quoted=True)))
