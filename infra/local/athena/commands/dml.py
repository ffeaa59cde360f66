"""Statements that write rows: CREATE TABLE AS, INSERT and UNLOAD.

Belongs here: their rules (locations, column order, partitions) and what Glue is told. Does not
belong here: the files (see `writer`).
"""

from functools import partial

from sqlglot import exp

from infra.local.athena.catalog.glue import GlueCatalog
from infra.local.athena.catalog.locations import as_folder
from infra.local.athena.catalog.tables import Partition, Table
from infra.local.athena.commands.planner import Planner
from infra.local.athena.data.formats import (
    format_named,
    format_of,
    glue_column,
    require_readable,
    storage_descriptor,
)
from infra.local.athena.data.serdes import FileFormat
from infra.local.athena.data.storage import ObjectStore
from infra.local.athena.data.writer import Target, Writer, Written, describe, storable
from infra.local.athena.errors import QueryError, unsupported
from infra.local.athena.partitions.projection import is_projected, location_of
from infra.local.athena.results.metadata_file import ROWS
from infra.local.athena.results.rows import Outcome
from infra.local.athena.session import Session
from infra.local.athena.sql.names import TableName, output_name, resolve
from infra.local.athena.sql.parsing import as_query, parse_query
from infra.local.athena.sql.properties import WriteOptions, write_options
from infra.local.athena.sql.sqltext import identifier, identifiers, select
from infra.local.athena.sql.statements import Unload
from infra.local.athena.sql.types import Column, duckdb_type, require_storable


class RowWriter:
    """Runs the statements that write rows."""

    def __init__(
        self, catalog: GlueCatalog, planner: Planner, store: ObjectStore, writer: Writer
    ) -> None:
        self._catalog = catalog
        self._planner = planner
        self._store = store
        self._writer = writer

    def create_table_as(self, tree: exp.Create, session: Session) -> Outcome:
        """Run ``CREATE TABLE … AS SELECT``.

        Raises:
            QueryError: The table or its folder exists, the query fails, or the result has columns
                that cannot be stored.
        """
        node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        name = resolve(node, session.database)
        if self._catalog.find_table(name.database, name.name) is not None:
            if tree.args.get("exists"):
                return Outcome()
            raise QueryError(
                f"TABLE_ALREADY_EXISTS: line 1:1: Table 'awsdatacatalog.{name}' already exists"
            )
        options = write_options(tree)
        location = as_folder(options.location or session.output_prefix)
        self._require_empty(location, str(name))
        query = _query_of(tree.expression)
        _require_named_columns(query)
        planned = self._planner.plan(query, session)
        columns = [_lowered(column) for column in describe(planned, session)]
        _check_columns(columns, options.partitioned_by)
        target = _target(options, location, "\x01")
        written = self._writer.write(storable(planned, session), target, session)
        self._register(name, columns, target, written)
        return self._outcome(written, session, "CREATE TABLE")

    def _require_empty(self, location: str, name: str) -> None:
        if self._store.list_location(location):
            raise QueryError(
                f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{name}' already exists:"
                f" {location}. You may need to manually clean the data at location '{location}'"
                " before retrying."
            )

    def _register(
        self, name: TableName, columns: list[Column], target: Target, written: Written
    ) -> None:
        """Create the table; if Glue refuses, delete what was written."""
        keys = [column for column in columns if column.name in target.partitioned_by]
        data = [column for column in columns if column.name not in target.partitioned_by]
        serde = {"field.delim": target.delimiter} if target.kind is FileFormat.TEXT else None
        parameters = {"EXTERNAL": "TRUE", "has_encrypted_data": "false"}
        if target.kind is FileFormat.PARQUET:
            parameters["parquet.compression"] = target.codec.upper()
        definition = {
            "Name": name.name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": [glue_column(key) for key in keys],
            "StorageDescriptor": storage_descriptor(data, target.location, target.kind, serde),
        }
        try:
            self._catalog.create_table(name.database, definition)
        except QueryError:
            self._writer.undo(written)
            raise
        if written.partitions:
            table = self._catalog.table(name.database, name.name)
            self._catalog.add_partitions(table, _partitions(written))

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
        planned = self._planner.plan(_query_of(tree.expression), session)
        sql = _insert_sql(table, given, planned, session)
        target = self._insert_target(table)
        written = self._writer.write(sql, target, session)
        added = [item for item in _partitions(written) if item.values not in target.existing]
        if added and not is_projected(table):
            self._catalog.add_partitions(table, added)
        return self._outcome(written, session, "INSERT")

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

    def unload(self, statement: Unload, session: Session) -> Outcome:
        """Run ``UNLOAD (…) TO``.

        Raises:
            QueryError: The folder is not empty, or the query fails.
        """
        options = write_options(statement.options)
        location = as_folder(statement.location)
        self._require_empty(location, location)
        planned = self._planner.plan(parse_query(statement.sql), session)
        columns = describe(planned, session)
        _check_columns(columns, options.partitioned_by)
        target = _target(options, location, ",")
        written = self._writer.write(storable(planned, session), target, session)
        return self._outcome(written, session)

    def _outcome(self, written: Written, session: Session, update_type: str = "") -> Outcome:
        manifest = f"{session.output_prefix}-manifest.csv"
        self._store.put(manifest, "".join(f"{uri}\n" for uri in written.uris).encode())
        return Outcome(ROWS, update_type=update_type, update_count=written.rows, manifest=manifest)


def _target(options: WriteOptions, location: str, delimiter: str) -> Target:
    """Where and how rows are written; `delimiter` is what the statement uses when it names none."""
    return Target(
        location=location,
        kind=format_named(options.format),
        codec=options.codec,
        partitioned_by=options.partitioned_by,
        delimiter=options.delimiter or delimiter,
    )


def _query_of(tree: exp.Expr) -> exp.Query:
    if isinstance(tree, exp.Values):
        return as_query(tree)
    if not isinstance(tree, exp.Query):
        raise QueryError("SYNTAX_ERROR: line 1:1: a query was expected")
    return tree


def _lowered(column: Column) -> Column:
    return Column(column.name.lower(), column.type)


def _require_named_columns(query: exp.Query) -> None:
    for position, item in enumerate(query.selects, start=1):
        if not item.is_star and not output_name(item):
            raise QueryError(
                f"MISSING_COLUMN_NAME: line 1:1: Column name not specified at position {position}"
            )


def _check_columns(columns: list[Column], partitioned_by: tuple[str, ...]) -> None:
    names = [column.name for column in columns]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated:
        raise QueryError(
            f"DUPLICATE_COLUMN_NAME: line 1:1: Column name '{repeated}' specified more than once"
        )
    for column in columns:
        require_storable(column)
    if partitioned_by and tuple(names[-len(partitioned_by) :]) != partitioned_by:
        raise QueryError(
            "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and"
            f" in the same order as the table properties: [{', '.join(partitioned_by)}]"
        )
    if len(partitioned_by) == len(columns):
        raise QueryError("INVALID_TABLE_PROPERTY: Table contains only partition columns")


def _partitions(written: Written) -> list[Partition]:
    return [Partition(values, location) for values, location in written.partitions.items()]


def _insert_sql(table: Table, given: list[str], planned: str, session: Session) -> str:
    """Return SQL with the table's columns, in its order and types, NULL where none was given."""
    wanted = {column.name: column.type for column in table.all_columns}
    names = given or list(wanted)
    unknown = [name for name in names if name not in wanted]
    if unknown:
        what = "Insert column name does not exist in target table"
        raise QueryError(f"COLUMN_NOT_FOUND: line 1:1: {what}: {unknown[0]}")
    found = describe(planned, session)
    if len(found) != len(names):
        raise QueryError(
            "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table has"
            f" {len(names)} columns, query has {len(found)}"
        )
    casts = [
        f"CAST({identifier(name) if name in names else 'NULL'} AS {duckdb_type(kind)})"
        f" AS {identifier(name)}"
        for name, kind in wanted.items()
    ]
    return select(casts, f"({planned}) AS athena_source({identifiers(names)})")
