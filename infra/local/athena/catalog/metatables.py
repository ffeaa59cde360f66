"""Tables that describe tables: ``information_schema`` and ``"name$partitions"``.

Belongs here: answering them from Glue. Does not belong here: SHOW and DESCRIBE (see `utility`).
"""

from collections.abc import Iterable, Sequence

from sqlglot import exp

from infra.local.athena.catalog.glue import GlueCatalog
from infra.local.athena.catalog.tables import Table
from infra.local.athena.errors import QueryError, unsupported
from infra.local.athena.session import Session
from infra.local.athena.sql.names import TableName
from infra.local.athena.sql.sqltext import identifier, identifiers, row, select
from infra.local.athena.sql.types import api_type

_PARTITIONS = "$partitions"
_CATALOG = "awsdatacatalog"
_INFORMATION_SCHEMA = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": (
        "table_catalog",
        "table_schema",
        "table_name",
        "column_name",
        "ordinal_position",
        "column_default",
        "is_nullable",
        "data_type",
        "comment",
        "extra_info",
    ),
}

Records = Iterable[Sequence[str | None]]


def is_metatable(name: TableName) -> bool:
    """Return whether a name is served from the catalog instead of from files."""
    return name.database == "information_schema" or name.name.endswith(_PARTITIONS)


def create_view(
    catalog: GlueCatalog, name: TableName, view: str, session: Session
) -> dict[str, exp.DataType]:
    """Create a temporary view with a metatable's rows.

    Args:
        catalog: Source of the rows.
        name: The metatable.
        view: What to call the view.
        session: Owns the view.

    Returns:
        The view's columns and types.

    Raises:
        QueryError: There is no such metatable, or no such table.
    """
    if name.database == "information_schema":
        columns = _INFORMATION_SCHEMA.get(name.name)
        if columns is None:
            raise unsupported(f"information_schema.{name.name}")
        records = _information(catalog, name.name)
    else:
        table = catalog.table(name.database, name.name.removesuffix(_PARTITIONS))
        columns = tuple(key.name for key in table.partition_keys)
        if not columns:
            raise QueryError(f"TABLE_NOT_FOUND: line 1:1: Table '{name}' does not exist")
        records = (item.values for item in catalog.partitions(table))
    body = _values(columns, list(records))
    session.cursor.execute(f"CREATE OR REPLACE TEMP VIEW {identifier(view)} AS {body}")
    return {
        column: exp.DataType.build("bigint" if column == "ordinal_position" else "varchar")
        for column in columns
    }


def _values(columns: Sequence[str], records: list[Sequence[str | None]]) -> str:
    casts = [
        f"CAST({identifier(c)} AS {'BIGINT' if c == 'ordinal_position' else 'VARCHAR'})"
        f" AS {identifier(c)}"
        for c in columns
    ]
    rows = ", ".join(map(row, records)) or row([None] * len(columns))
    limit = "" if records else " LIMIT 0"
    return select(casts, f"(VALUES {rows}) AS v({identifiers(columns)}){limit}")


def _information(catalog: GlueCatalog, kind: str) -> Records:
    for database in catalog.databases():
        schema = database["Name"]
        if kind == "schemata":
            yield _CATALOG, schema
            continue
        for table in catalog.tables(schema):
            yield from _describe(table, kind)


def _describe(table: Table, kind: str) -> Records:
    start = (_CATALOG, table.database, table.name)
    if kind == "tables":
        yield *start, "VIEW" if table.is_view else "BASE TABLE"
    elif kind == "views" and table.is_view:
        yield *start, table.view_text
    elif kind == "columns":
        keys = {key.name for key in table.partition_keys}
        for position, column in enumerate(table.all_columns, start=1):
            extra = "partition key" if column.name in keys else None
            kind_name = api_type(column.type)
            yield *start, column.name, str(position), None, "YES", kind_name, column.comment, extra
