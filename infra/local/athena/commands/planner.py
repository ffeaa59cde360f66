"""From an Athena query to DuckDB SQL over local files.

Belongs here: the order of the steps: expand views, bind tables, infer types, prune partitions,
create temporary views. Does not belong here: the steps themselves.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.schema import MappingSchema

from infra.local.athena.catalog import metatables
from infra.local.athena.catalog.glue import GlueCatalog
from infra.local.athena.catalog.tables import Partition, Table
from infra.local.athena.catalog.views import expand_views
from infra.local.athena.data.scan import Read, TableScanner
from infra.local.athena.data.scanned import columns_read
from infra.local.athena.dialect.translation import to_duckdb
from infra.local.athena.errors import table_not_found
from infra.local.athena.partitions.glue_expression import glue_expression
from infra.local.athena.partitions.projection import is_projected, projected
from infra.local.athena.partitions.pruning import Filters, partition_filters, select_partitions
from infra.local.athena.semantics.analysis import analyse, output_labels, relabel
from infra.local.athena.semantics.assignment import assigned, check_assignable
from infra.local.athena.session import Session
from infra.local.athena.sql.names import TableName, real_tables, resolve
from infra.local.athena.sql.references import as_read, readings
from infra.local.athena.sql.sqltext import identifier


@dataclass(frozen=True)
class _Reference:
    """What one reference to a table needs: its columns, and its conditions on partitions."""

    columns: frozenset[str] | None
    filters: Filters


class Planner:
    """Plans queries against the Glue catalog."""

    def __init__(self, catalog: GlueCatalog, scanner: TableScanner) -> None:
        self._catalog = catalog
        self._scanner = scanner

    def plan(
        self,
        tree: exp.Query,
        session: Session,
        *,
        reads: bool = True,
        into: Sequence[str] | None = None,
    ) -> str:
        """Return DuckDB SQL for a query.

        The SQL reads temporary views of the session's cursor, which in turn read local files.

        Args:
            tree: A parsed query; not changed.
            session: Where the views are created.
            reads: Whether the query will run. If not, its tables have their columns and no rows.
            into: Types of the columns that its rows are stored in; None for those they have.

        Raises:
            QueryError: A table does not exist or cannot be read, or the SQL has no equivalent.
        """
        plan = _Plan(self._catalog, self._scanner, session, reads=reads)
        return plan.sql(tree.copy(), into)


class _Plan:
    """The state of planning one query."""

    def __init__(
        self, catalog: GlueCatalog, scanner: TableScanner, session: Session, *, reads: bool
    ) -> None:
        self._catalog = catalog
        self._scanner = scanner
        self._session = session
        self._reads = reads
        self._known: dict[TableName, Table | None] = {}
        self._tables: dict[str, Table] = {}

    def sql(self, tree: exp.Query, into: Sequence[str] | None) -> str:
        tree = expand_views(tree, self._session.database, self._lookup)
        schema = MappingSchema(dialect="athena")
        for node in list(real_tables(tree)):
            self._bind(node, schema)
        labels = output_labels(tree)
        tree = analyse(tree, schema)
        relabel(tree, labels)
        if into is not None:
            check_assignable(tree, into)
        if self._tables:
            self._create_views(tree)
        return to_duckdb(tree if into is None else assigned(tree, into))

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

    def _create_views(self, tree: exp.Query) -> None:
        """Create a view for each table, over what the query's references to it read."""
        references: dict[str, list[_Reference]] = {name: [] for name in self._tables}
        if self._reads:
            for name, reference in self._references(as_read(tree)):
                references[name].append(reference)
        for bound, table in self._tables.items():
            self._session.check()
            body = self._scanner.relation(
                table, self._session, self._reads_of(table, references[bound])
            )
            view = identifier(bound)
            self._session.cursor.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {body}")

    def _references(self, tree: exp.Query) -> Iterator[tuple[str, _Reference]]:
        partitioned = {name: item for name, item in self._tables.items() if item.partition_keys}
        filters = partition_filters(tree, partitioned) if partitioned else {}
        numbered = list(readings(tree))
        columns = columns_read(tree)  # the last to look: it changes the tree
        for number, node in numbered:
            if node.name in self._tables:
                names = columns.get(number, frozenset())
                yield node.name, _Reference(names, filters.get(number, []))

    def _reads_of(self, table: Table, references: Sequence[_Reference]) -> list[Read]:
        if not table.partition_keys or not references:
            return [Read(item.columns) for item in references]
        filters = [item.filters for item in references]
        if is_projected(table):
            partitions = self._project(table, filters)
        else:
            partitions = self._catalog.partitions(table, glue_expression(filters, table))
        kept = select_partitions(self._session.cursor, table, partitions, filters)
        return [Read(item.columns, chosen) for item, chosen in zip(references, kept, strict=True)]

    def _project(self, table: Table, filters: list[Filters]) -> list[Partition]:
        def keep(name: str, values: Sequence[str]) -> list[str]:
            """Keep what each reference's conditions on this key alone allow."""
            key = next(item for item in table.partition_keys if item.name == name)
            alone = replace(table, partition_keys=(key,))
            conditions = [[item for item in one if _names_only(item, name)] for one in filters]
            candidates = [Partition((value,), "") for value in values]
            kept = select_partitions(self._session.cursor, alone, candidates, conditions)
            needed = {item.values[0] for one in kept for item in one}
            return [value for value in values if value in needed]

        return projected(table, filters, keep, dt.datetime.now(dt.UTC))


def _names_only(condition: exp.Expr, name: str) -> bool:
    return all(column.name.lower() == name for column in condition.find_all(exp.Column))
