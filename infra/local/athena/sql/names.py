"""Table names in SQL: which of them are real tables, and which table each one means.

Belongs here: name resolution that needs only the syntax tree. Does not belong here: whether such a
table exists (see `glue`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from infra.local.athena.errors import QueryError

_CATALOGS = ("", "awsdatacatalog")


@dataclass(frozen=True)
class TableName:
    """A table's full name, in lower case as Glue stores it."""

    database: str
    name: str

    def __str__(self) -> str:
        return f"{self.database}.{self.name}"


def resolve(node: exp.Table, database: str) -> TableName:
    """Return the table a node names.

    Args:
        node: A table reference.
        database: The default database.

    Raises:
        QueryError: The reference is to another catalog than AwsDataCatalog.
    """
    catalog = node.catalog.lower()
    if catalog not in _CATALOGS:
        raise QueryError(f"CATALOG_NOT_FOUND: line 1:1: Catalog '{catalog}' does not exist")
    return TableName((node.db or database).lower(), node.name.lower())


def output_name(item: exp.Expr) -> str:
    """Return the name Trino gives a selected expression; empty if it has none."""
    named = isinstance(item, exp.Alias | exp.Column | exp.Dot)
    return str(item.output_name) if named else ""


def real_tables(tree: exp.Expr) -> Iterator[exp.Table]:
    """Yield the table references that are neither functions nor names of visible CTEs."""
    for node in tree.find_all(exp.Table):
        if not node.name or isinstance(node.this, exp.Func):
            continue
        if node.db or cte_of(node) is None:
            yield node


def cte_of(table: exp.Table) -> exp.CTE | None:
    """Return the CTE in scope that an unqualified name refers to, if it is one's.

    A CTE sees those before it, and itself only if the WITH is recursive:
    ``with events as (select * from events)`` reads the table.
    """
    name = table.name.lower()
    child: exp.Expr = table
    inside: exp.CTE | None = None
    parent = table.parent
    while parent is not None:
        if isinstance(child, exp.CTE):
            inside = child
        found = None
        if isinstance(parent, exp.With):
            found = _visible_before(parent, inside).get(name)
        else:
            with_ = parent.args.get("with_")
            if with_ is not None and with_ is not child:
                found = _visible_before(with_, None).get(name)
        if found is not None:
            return found
        child, parent = parent, parent.parent
    return None


def _visible_before(with_: exp.With, inside: exp.CTE | None) -> dict[str, exp.CTE]:
    visible: dict[str, exp.CTE] = {}
    for cte in with_.expressions:
        if cte is not inside:
            visible[cte.alias.lower()] = cte
            continue
        return visible | ({cte.alias.lower(): cte} if with_.recursive else {})
    return visible
