"""INSERT INTO.

Belongs here: which columns of a table get which of a query, and where their rows go. Does not
belong here: which types fit (see `assignment`) and the files (see `writer`).
"""

from functools import partial

from sqlglot import exp

from infra.local.athena.catalog.glue import GlueCatalog
from infra.local.athena.catalog.tables import Table
from infra.local.athena.commands.planner import Planner
from infra.local.athena.commands.writing import partitions_of, query_of, written_outcome
from infra.local.athena.data.formats import format_of, require_readable
from infra.local.athena.data.serdes import FileFormat
from infra.local.athena.data.storage import ObjectStore
from infra.local.athena.data.writer import Target, Writer
from infra.local.athena.errors import QueryError, unsupported
from infra.local.athena.partitions.projection import is_projected, location_of
from infra.local.athena.results.rows import Outcome
from infra.local.athena.session import Session
from infra.local.athena.sql.names import resolve
from infra.local.athena.sql.sqltext import identifier, identifiers, literal, select
from infra.local.athena.sql.types import duckdb_type, length_limit, trino_type


class Inserter:
    """Runs INSERT INTO."""

    def __init__(
        self, catalog: GlueCatalog, planner: Planner, store: ObjectStore, writer: Writer
    ) -> None:
        self._catalog = catalog
        self._planner = planner
        self._store = store
        self._writer = writer

    def insert(self, tree: exp.Insert, session: Session) -> Outcome:
        """Run ``INSERT INTO``.

        Rows of a partition that exists go to that partition's own location.

        Raises:
            QueryError: The table does not exist or cannot be written, or the columns do not match.
        """
        if tree.args.get("overwrite"):
            raise unsupported("INSERT OVERWRITE")
        has_columns = isinstance(tree.this, exp.Schema)
        name = resolve(tree.this.this if has_columns else tree.this, session.database)
        table = self._catalog.table(name.database, name.name)
        if table.is_view:
            raise QueryError("NOT_SUPPORTED: line 1:1: Inserting into views is not supported")
        require_readable(table)
        given = [item.name.lower() for item in tree.this.expressions] if has_columns else []
        names = _names_of(table, given)
        types = {column.name: trino_type(column.type) for column in table.all_columns}
        query = query_of(tree.expression)
        planned = self._planner.plan(query, session, into=[types[name] for name in names])
        sql = _insert_sql(table, names, planned)
        target = self._insert_target(table)
        written = self._writer.write(sql, target, session)
        added = [item for item in partitions_of(written) if item.values not in target.existing]
        if added and not is_projected(table):
            self._catalog.add_partitions(table, added)
        return written_outcome(self._store, written, session, "INSERT")

    def _insert_target(self, table: Table) -> Target:
        kind = format_of(table)
        existing = {}
        place = partial(location_of, table) if is_projected(table) else None
        if table.partition_keys and place is None:
            existing = {item.values: item.location for item in self._catalog.partitions(table)}
        codec = table.parameters.get("parquet.compression") or table.parameters.get(
            "write.compression", "SNAPPY" if kind is FileFormat.PARQUET else "NONE"
        )
        return Target(
            location=table.location,
            kind=kind,
            codec=codec,
            partitioned_by=tuple(key.name for key in table.partition_keys),
            delimiter=table.serde_parameters.get("field.delim", "\x01"),
            existing=existing,
            place=place,
        )


def _names_of(table: Table, given: list[str]) -> list[str]:
    """Return the columns that are written.

    Raises:
        QueryError: One is not the table's, or is named twice.
    """
    known = [column.name for column in table.all_columns]
    for position, name in enumerate(given):
        if name not in known:
            what = "Insert column name does not exist in target table"
            raise QueryError(f"COLUMN_NOT_FOUND: line 1:1: {what}: {name}")
        if name in given[:position]:
            what = "Insert column name is specified more than once"
            raise QueryError(f"DUPLICATE_COLUMN_NAME: line 1:1: {what}: {name}")
    return given or known


def _insert_sql(table: Table, names: list[str], planned: str) -> str:
    """Return SQL with the table's columns, in its order and types, NULL where none was given."""
    values = []
    for column in table.all_columns:
        value = _fitting(column.name, column.type) if column.name in names else "NULL"
        kind = duckdb_type(column.type)
        values.append(f"CAST({value} AS {kind}) AS {identifier(column.name)}")
    return select(values, f"({planned}) AS athena_source({identifiers(names)})")


def _fitting(name: str, hive: str) -> str:
    """Return a column whose text is no longer than its type: only spaces may be cut off."""
    column, limit = identifier(name), length_limit(hive)
    if limit is None:
        return column
    failure = (
        "INVALID_CAST_ARGUMENT: Cannot truncate non-space characters when casting from varchar to"
        f" {hive} on INSERT"
    )
    fits = f"{column} IS NULL OR length(rtrim({column}, ' ')) <= {limit}"
    return f"CASE WHEN {fits} THEN left({column}, {limit}) ELSE error({literal(failure)}) END"
