"""The file formats of Hive tables: how DuckDB reads them and how Glue describes them.

Belongs here: SerDe names and the DuckDB reader call each one means. Does not belong here: the
SerDes' options and values (see `serdes`), which files are read (see `scan`) and writing (see
`writer`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.local.athena.catalog.tables import Table
from infra.local.athena.data.serdes import FileFormat, csv_options, json_options
from infra.local.athena.errors import unsupported
from infra.local.athena.sql.sqltext import literal
from infra.local.athena.sql.types import Column

FILE_COLUMN = "athena$file"
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


_DESCRIPTORS: Mapping[FileFormat, tuple[str, str, str]] = {
    FileFormat.PARQUET: (
        f"{_PARQUET}.MapredParquetInputFormat",
        f"{_PARQUET}.MapredParquetOutputFormat",
        f"{_PARQUET}.serde.ParquetHiveSerDe",
    ),
    FileFormat.JSON: (_TEXT_INPUT, _TEXT_OUTPUT, "org.openx.data.jsonserde.JsonSerDe"),
    FileFormat.TEXT: (
        _TEXT_INPUT,
        _TEXT_OUTPUT,
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    ),
    FileFormat.CSV: (_TEXT_INPUT, _TEXT_OUTPUT, "org.apache.hadoop.hive.serde2.OpenCSVSerde"),
}


def format_named(name: str) -> FileFormat:
    """Return the format a CTAS, UNLOAD or STORED AS clause names.

    Raises:
        QueryError: Athena has it, this emulator does not.
    """
    try:
        return FileFormat(name.lower())
    except ValueError as error:
        raise unsupported(f"The {name.upper()} file format") from error


def format_of(table: Table) -> FileFormat:
    """Return the format of a table's files.

    Raises:
        QueryError: The format cannot be read here.
    """
    serde = table.serde.lower()
    if "parquet" in serde or "parquet" in table.input_format.lower():
        return FileFormat.PARQUET
    if "json" in serde:
        return FileFormat.JSON
    if "opencsv" in serde:
        return FileFormat.CSV
    if "lazysimple" in serde:
        return FileFormat.TEXT
    raise unsupported(f"Reading {table.database}.{table.name} with {table.serde or 'no SerDe'}")


def require_readable(table: Table) -> None:
    """Refuse tables that would be read wrongly: Iceberg and symlinks.

    Raises:
        QueryError: NOT_SUPPORTED.
    """
    parameters = {key.lower(): value.lower() for key, value in table.parameters.items()}
    name = f"{table.database}.{table.name}"
    if parameters.get("table_type") == "iceberg":
        raise unsupported(f"ICEBERG table {name}")
    if "symlink" in table.input_format.lower():
        raise unsupported(f"Symlink table {name}")


def storage_descriptor(
    columns: Sequence[Column],
    location: str,
    kind: FileFormat,
    serde_parameters: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Return Glue's description of files in a format.

    Args:
        columns: Data columns, without partition keys.
        location: S3 address of the folder.
        kind: The format of the files.
        serde_parameters: SerDe properties, if any were declared.
    """
    input_format, output_format, serde = _DESCRIPTORS[kind]
    return {
        "Columns": [glue_column(column) for column in columns],
        "Location": location,
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "SerdeInfo": {
            "SerializationLibrary": serde,
            "Parameters": dict(serde_parameters or {"serialization.format": "1"}),
        },
    }


def glue_column(column: Column) -> dict[str, str]:
    """Return a column as Glue stores it."""
    described = {"Name": column.name, "Type": column.type}
    return described | ({"Comment": column.comment} if column.comment else {})


def reader(
    table: Table,
    files: Sequence[Path],
    schema_file: Path | None = None,
    keys: Mapping[str, str] | None = None,
) -> str:
    """Return the DuckDB table function call that reads a table's files.

    Its result has at least the table's data columns (NULL where a file lacks one) and
    `FILE_COLUMN`, the local path of each row's file.

    Args:
        table: Whose format and columns apply.
        files: Local paths, not empty.
        schema_file: For Parquet: an empty file with all of the table's columns.
        keys: For JSON: the keys in the files by columns' names, where they differ.
    """
    kind = format_of(table)
    paths = [str(path) for path in files]
    common = f"filename = {literal(FILE_COLUMN)}, hive_partitioning = false"
    if kind is FileFormat.PARQUET:
        paths = ([str(schema_file)] if schema_file else []) + paths
        return f"read_parquet({_list(paths)}, {common}, union_by_name = true)"
    if kind is FileFormat.JSON:
        options = json_options(table, keys or {})
        return f"read_json({_list(paths)}, {common}, {options})"
    return f"read_csv({_list(paths)}, {common}, {csv_options(table, kind)})"


def _list(paths: Sequence[str]) -> str:
    return "[" + ", ".join(map(literal, paths)) + "]"
