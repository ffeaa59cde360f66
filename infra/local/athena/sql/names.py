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
        if node.db or not _names_cte(node):
            yield node


def _names_cte(table: exp.Table) -> bool:
    """Return whether an unqualified name refers to a CTE in scope.

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
        if isinstance(parent, exp.With):
            if name in _visible_before(parent, inside):
                return True
        else:
            with_ = parent.args.get("with_")
            if with_ is not None and with_ is not child and name in _visible_before(with_, None):
                return True
        child, parent = parent, parent.parent
    return False


def _visible_before(with_: exp.With, inside: exp.CTE | None) -> set[str]:
    names: set[str] = set()
    for cte in with_.expressions:
        if cte is inside:
            return names | ({cte.alias.lower()} if with_.recursive else set())
        names.add(cte.alias.lower())
    return names
