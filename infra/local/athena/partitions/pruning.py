"""Which partitions can hold rows a query returns.

Belongs here: finding the conditions a query puts on partition keys alone, and evaluating them for
each partition. Does not belong here: reading partitions (see `scan`).

Everything here is conservative: a condition that is not certainly safe is ignored, which reads more
and never loses a row. The query itself always applies all of its conditions again.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates

from infra.local.athena.catalog.locations import typed_value
from infra.local.athena.catalog.tables import Partition, Table
from infra.local.athena.dialect.translation import to_duckdb
from infra.local.athena.errors import QueryError
from infra.local.athena.sql.references import readings
from infra.local.athena.sql.sqltext import identifier, row, select

LOG = logging.getLogger(__name__)

Filters = list[exp.Expr]
"""Conditions on one reference to a table, all of which its rows must meet."""

# Rows are chosen, numbered or merged here: a condition from outside must not move below it.
_BARRIERS = ("limit", "offset", "fetch", "distinct", "group", "having", "qualify", "windows")
_POSITION = "athena_position"
_VOLATILE = {"rand", "random", "uuid"}


def partition_filters(tree: exp.Query, tables: Mapping[str, Table]) -> dict[int, Filters]:
    """Find the partition conditions of each reference to a partitioned table.

    Args:
        tree: What `as_read` returned; stars are expanded, and tables have their bound names.
        tables: The partitioned tables by bound name.

    Returns:
        Conditions by the reference's number; an empty list, or a missing one, means that the
        reference reads every partition.
    """
    original = _conditions_of_barriers(tree)
    pushed = tree.copy()
    _hide_calls(pushed)
    # The copy has the same shape, so selects correspond by position.
    barriers = dict(zip(map(id, pushed.find_all(exp.Select)), original, strict=True))
    try:
        pushed = pushdown_predicates(pushed, dialect="athena")
    except (SqlglotError, ValueError) as error:
        LOG.warning("conditions were not pushed down, reading more: %s", error)
        return {}
    found: dict[int, Filters] = {}
    for number, node in readings(pushed):
        if node.name in tables:
            keys = {key.name for key in tables[node.name].partition_keys}
            found[number] = [_with_calls(item) for item in _filters_of(node, keys, barriers)]
    return found


def _hide_calls(tree: exp.Expr) -> None:
    """Put calls by name into a node of another kind; changes the tree in place.

    sqlglot takes a call it does not know for one that may return several rows, and then moves no
    condition past it. Athena has no such functions.
    """
    for node in list(tree.find_all(exp.Anonymous)):
        hidden = exp.Format(this=exp.Literal.string(node.name), expressions=node.expressions)
        hidden.type = node.type
        node.replace(hidden)


def _with_calls(condition: exp.Expr) -> exp.Expr:
    holder = exp.Paren(this=condition.copy())
    for node in list(holder.find_all(exp.Format)):
        call = exp.Anonymous(this=node.name, expressions=node.expressions)
        call.type = node.type
        node.replace(call)
    shown: exp.Expr = holder.this
    return shown


def _conditions_of_barriers(tree: exp.Expr) -> list[Filters | None]:
    """Return, for each SELECT that is a barrier, its own WHERE as it was written."""
    result: list[Filters | None] = []
    for query in tree.find_all(exp.Select):
        where = query.args.get("where")
        conditions = _conjuncts(where.this) if where else []
        result.append([item.copy() for item in conditions] if _is_barrier(query) else None)
    return result


def _is_barrier(query: exp.Select) -> bool:
    return any(query.args.get(name) for name in _BARRIERS) or any(
        item.find(exp.Window) for item in query.selects
    )


def _conjuncts(condition: exp.Expr) -> Filters:
    return list(condition.flatten()) if isinstance(condition, exp.And) else [condition]


def _filters_of(node: exp.Table, keys: set[str], barriers: Mapping[int, Filters | None]) -> Filters:
    query = node.find_ancestor(exp.Select)
    if query is None or not isinstance(node.parent, exp.From | exp.Join):
        return []
    conditions = barriers.get(id(query))
    if conditions is None:
        where = query.args.get("where")
        conditions = _conjuncts(where.this) if where else []
    joins: list[exp.Join] = query.args.get("joins") or []
    own = node.parent if isinstance(node.parent, exp.Join) else None
    position = joins.index(own) if own is not None else -1
    for index, join in enumerate(joins):
        # ON limits the joined side of LEFT and inner joins, and both sides of inner ones.
        limits = (index == position and join.side in ("", "LEFT")) or (
            index > position and not join.side
        )
        if limits and join.args.get("on") is not None and join.kind in ("", "INNER", "CROSS"):
            conditions = conditions + _conjuncts(join.args["on"])
    return [
        item for item in map(_unwrapped, conditions) if _is_about(item, node.alias_or_name, keys)
    ]


def _unwrapped(condition: exp.Expr) -> exp.Expr:
    return condition.unnest()


def _is_about(condition: exp.Expr, alias: str, keys: set[str]) -> bool:
    columns = list(condition.find_all(exp.Column))
    if not columns or condition.find(exp.Query, exp.Window, exp.AggFunc):
        return False
    calls = condition.find_all(exp.Format, exp.Anonymous)
    if any(item.name.lower() in _VOLATILE for item in calls):
        return False
    return all(item.table == alias and item.name.lower() in keys for item in columns)


def select_partitions(
    cursor: duckdb.DuckDBPyConnection,
    table: Table,
    partitions: Sequence[Partition],
    references: Sequence[Filters],
) -> list[list[Partition]]:
    """Return the partitions that each reference to the table can use.

    Args:
        cursor: Evaluates the conditions.
        table: A partitioned table.
        partitions: All of its partitions.
        references: Conditions per reference, from `partition_filters`.
    """
    everything = [list(partitions) for _ in references]
    if not partitions or not any(references):
        return everything
    flat = [condition for reference in references for condition in reference]
    try:
        texts = [to_duckdb(_bare(condition)) for condition in flat]
        verdicts = _evaluate(cursor, table, partitions, texts)
    except (duckdb.Error, QueryError) as error:
        # For example a cast that fails for one value: the query will say so itself.
        LOG.warning("partitions of %s.%s not pruned: %s", table.database, table.name, error)
        return everything
    # With an outer join a missing row is a row of NULLs. A condition that NULLs meet says nothing
    # about which stored rows matter: dropping some would turn matches into such rows.
    usable = [verdict is not True for verdict in verdicts[0]]
    return [
        [
            partition
            for partition, verdict in zip(partitions, verdicts[1:], strict=True)
            if all(verdict[i] is True for i in range(start, end) if usable[i])
        ]
        for start, end in _spans(references)
    ]


def _spans(references: Sequence[Filters]) -> Iterable[tuple[int, int]]:
    start = 0
    for reference in references:
        yield start, start + len(reference)
        start += len(reference)


def _bare(condition: exp.Expr) -> exp.Expr:
    copy = condition.copy()
    for column in copy.find_all(exp.Column):
        for part in ("table", "db", "catalog"):
            column.set(part, None)
    return copy


def _evaluate(
    cursor: duckdb.DuckDBPyConnection,
    table: Table,
    partitions: Sequence[Partition],
    conditions: Sequence[str],
) -> list[tuple[bool | None, ...]]:
    """Return the conditions' values: first for a row of NULLs, then for each partition."""
    keys = table.partition_keys
    names = [identifier(key.name) for key in keys]
    rows = [row(["0", *(None for _ in keys)])]
    rows += [row([str(position), *item.values]) for position, item in enumerate(partitions, 1)]
    typed = [
        f"{typed_value(identifier(key.name), key.type)} AS {identifier(key.name)}" for key in keys
    ]
    values = f"(VALUES {', '.join(rows)}) AS v({', '.join([_POSITION, *names])})"
    inner = select([f"{_POSITION}::INTEGER AS {_POSITION}", *typed], values)
    verdicts = [f"({condition})::BOOLEAN" for condition in conditions]
    statement = select(verdicts, f"({inner}) ORDER BY {_POSITION}")
    return cursor.execute(statement).fetchall()
