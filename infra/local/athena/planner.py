"""From an Athena query to DuckDB SQL over local files.

Belongs here: the order of the steps: expand views, bind tables, infer types, prune partitions,
create temporary views. Does not belong here: the steps themselves.
"""

import logging

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from infra.local.athena import metatables
from infra.local.athena.catalog import GlueCatalog, Table
from infra.local.athena.dialect import to_duckdb
from infra.local.athena.errors import table_not_found
from infra.local.athena.names import TableName, real_tables, resolve
from infra.local.athena.pruning import Filters, partition_filters, select_partitions
from infra.local.athena.scan import TableScanner
from infra.local.athena.session import Session
from infra.local.athena.sqltext import identifier
from infra.local.athena.views import expand_views

LOG = logging.getLogger(__name__)


class Planner:
    """Plans queries against the Glue catalog."""

    def __init__(self, catalog: GlueCatalog, scanner: TableScanner) -> None:
        self._catalog = catalog
        self._scanner = scanner

    def plan(self, tree: exp.Query, session: Session) -> str:
        """Return DuckDB SQL for a query.

        The SQL reads temporary views of the session's cursor, which in turn read local files.

        Args:
            tree: A parsed query; not changed.
            session: Where the views are created.

        Raises:
            QueryError: A table does not exist or cannot be read, or the SQL has no equivalent.
        """
        return _Plan(self._catalog, self._scanner, session).sql(tree.copy())


class _Plan:
    """The state of planning one query."""

    def __init__(self, catalog: GlueCatalog, scanner: TableScanner, session: Session) -> None:
        self._catalog = catalog
        self._scanner = scanner
        self._session = session
        self._known: dict[TableName, Table | None] = {}
        self._tables: dict[str, Table] = {}

    def sql(self, tree: exp.Query) -> str:
        tree = expand_views(tree, self._session.database, self._lookup)
        schema = MappingSchema(dialect="athena")
        for node in list(real_tables(tree)):
            self._bind(node, schema)
        labels = _output_labels(tree)
        tree = _analyse(tree, schema)
        _relabel(tree, labels)
        if self._tables:
            self._create_views(tree)
        return to_duckdb(tree)

    def _lookup(self, name: TableName) -> Table | None:
        if name not in self._known:
            special = metatables.is_metatable(name)
            self._known[name] = (
                None if special else self._catalog.find_table(name.database, name.name)
            )
        return self._known[name]

    def _bind(self, node: exp.Table, schema: MappingSchema) -> None:
        """Point a table reference at the temporary view that will stand for it."""
        name = resolve(node, self._session.database)
        bound = str(name)
        table = self._lookup(name)
        if table is not None:
            self._tables[bound] = table
            columns = {
                item.name: exp.DataType.build(item.type, dialect="hive")
                for item in table.all_columns
            }
        elif metatables.is_metatable(name):
            columns = metatables.create_view(self._catalog, name, bound, self._session)
        else:
            self._catalog.database(name.database)
            raise table_not_found(name.database, name.name)
        schema.add_table(exp.table_(bound, quoted=True), columns, dialect="athena")
        if not node.alias:
            alias = exp.to_identifier(name.name, quoted=True)
            node.set("alias", exp.TableAlias(this=alias))
        node.set("this", exp.to_identifier(bound, quoted=True))
        node.set("db", None)
        node.set("catalog", None)

    def _create_views(self, tree: exp.Expr) -> None:
        partitioned = {name: item for name, item in self._tables.items() if item.partition_keys}
        filters = partition_filters(tree, partitioned) if partitioned else {}
        for bound, table in self._tables.items():
            self._session.check()
            body = self._relation(table, filters.get(bound, []))
            view = identifier(bound)
            self._session.cursor.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {body}")

    def _relation(self, table: Table, filters: list[Filters]) -> str:
        if not table.partition_keys:
            return self._scanner.relation(table, self._session)
        partitions = self._catalog.partitions(table)
        kept = select_partitions(self._session.cursor, table, partitions, filters)
        return self._scanner.relation(table, self._session, kept, len(partitions))


def _analyse(tree: exp.Query, schema: MappingSchema) -> exp.Query:
    """Qualify columns and infer types; on failure the query runs as it was written."""
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)
    try:
        qualified = qualify(
            tree.copy(),
            schema=schema,
            dialect="athena",
            validate_qualify_columns=False,
            quote_identifiers=False,
            expand_alias_refs=False,
        )
        typed: exp.Query = annotate_types(qualified, schema=schema, dialect="athena")
    except SqlglotError as error:
        LOG.warning("types not inferred, some functions may differ from Trino: %s", error)
        return tree
    return typed


def _outermost_select(tree: exp.Expr) -> exp.Select | None:
    node: exp.Expr = tree
    while isinstance(node, exp.SetOperation | exp.Subquery):
        node = node.this
    return node if isinstance(node, exp.Select) else None


def _output_labels(tree: exp.Expr) -> list[str] | None:
    """Return the output column names, ``_col<n>`` for unnamed ones; None if a star hides them."""
    select = _outermost_select(tree)
    if select is None or select.is_star:
        return None
    return [
        item.output_name or f"_col{position}" for position, item in enumerate(select.expressions)
    ]


def _relabel(tree: exp.Expr, labels: list[str] | None) -> None:
    select = _outermost_select(tree)
    if labels is None or select is None or len(labels) != len(select.expressions):
        return
    for item, label in zip(list(select.expressions), labels, strict=True):
        value = item.this if isinstance(item, exp.Alias) else item
        named = exp.alias_(value.copy(), exp.to_identifier(label, quoted=True))
        named.type = item.type
        item.replace(named)
