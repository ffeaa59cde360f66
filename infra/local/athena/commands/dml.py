"""CREATE TABLE AS and UNLOAD: rows that are written to a place of their own.

Belongs here: their rules (locations, column order, partitions) and what Glue is told. Does not
belong here: INSERT (see `inserting`) and the files (see `writer`).
"""

from sqlglot import exp

from infra.local.athena.catalog.glue import GlueCatalog
from infra.local.athena.catalog.locations import as_folder
from infra.local.athena.commands.planner import Planner
from infra.local.athena.commands.writing import partitions_of, query_of, written_outcome
from infra.local.athena.data.formats import (
    format_named,
    glue_column,
    storage_descriptor,
)
from infra.local.athena.data.serdes import FileFormat
from infra.local.athena.data.storage import ObjectStore
from infra.local.athena.data.writer import Target, Writer, Written, describe, storable
from infra.local.athena.errors import QueryError
from infra.local.athena.results.rows import Outcome
from infra.local.athena.session import Session
from infra.local.athena.sql.names import TableName, output_name, resolve
from infra.local.athena.sql.parsing import parse_query
from infra.local.athena.sql.properties import WriteOptions, write_options
from infra.local.athena.sql.statements import Unload
from infra.local.athena.sql.types import Column, require_storable


class RowWriter:
    """Runs CREATE TABLE AS and UNLOAD."""

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
        query = query_of(tree.expression)
        _require_named_columns(query)
        planned = self._planner.plan(query, session)
        columns = [_lowered(column) for column in describe(planned, session)]
        _check_columns(columns, options.partitioned_by)
        target = _target(options, location, "\x01")
        written = self._writer.write(storable(planned, session), target, session)
        self._register(name, columns, target, written)
        return written_outcome(self._store, written, session, "CREATE TABLE")

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
            self._catalog.add_partitions(table, partitions_of(written))

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
        return written_outcome(self._store, written, session)


def _target(options: WriteOptions, location: str, delimiter: str) -> Target:
    """Where and how rows are written; `delimiter` is what the statement uses when it names none."""
    return Target(
        location=location,
        kind=format_named(options.format),
        codec=options.codec,
        partitioned_by=options.partitioned_by,
        delimiter=options.delimiter or delimiter,
    )


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
