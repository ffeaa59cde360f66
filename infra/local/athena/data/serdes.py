"""How rows of text become values: the options and conversions of Hive's SerDes.

Belongs here: delimiters, quotes, NULLs, and what becomes of a text that does not fit its column's
type. Does not belong here: which SerDe a table has (see `formats`).
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from infra.local.athena.catalog.tables import Table
from infra.local.athena.errors import QueryError, unsupported
from infra.local.athena.sql.sqltext import identifier, literal
from infra.local.athena.sql.types import Column, base_type, duckdb_type, split_arguments


class FileFormat(StrEnum):
    """A way to store rows in files."""

    PARQUET = "parquet"
    JSON = "json"
    TEXT = "textfile"
    CSV = "csv"


_NEVER = "\ue000"  # a NULL text where there is none: OpenCSV knows no NULL
_INTEGERS = ("tinyint", "smallint", "int", "integer", "bigint")


def _struct(columns: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{literal(n)}: {literal(t)}" for n, t in columns.items()) + "}"


def json_key(table: Table, column: Column, keys: Mapping[str, str]) -> str:
    """Return a column's key in JSON files.

    Args:
        table: The openx SerDe can rename columns.
        column: One of its columns.
        keys: The keys in the files by their lower case, where they differ.
    """
    name = table.serde_parameters.get(f"mapping.{column.name}", column.name)
    return keys.get(name.lower(), name)


def json_options(table: Table, keys: Mapping[str, str]) -> str:
    """Return the arguments of ``read_json``."""
    columns = {json_key(table, item, keys): duckdb_type(item.type) for item in table.columns}
    lenient = table.serde_parameters.get("ignore.malformed.json", "false").lower() == "true"
    return (
        f"format = 'newline_delimited', columns = {_struct(columns)},"
        f" ignore_errors = {str(lenient).lower()}"
    )


def csv_options(table: Table, kind: FileFormat) -> str:
    """Return the arguments of ``read_csv``, which reads every column as text.

    Raises:
        QueryError: The table's properties are wrong or not served.
    """
    serde = table.serde_parameters
    if kind is FileFormat.CSV:
        delimiter, null = serde.get("separatorChar", ","), _NEVER
        quote = serde.get("quoteChar", '"')
        # A doubled quote is an escaped quote to both OpenCSV and DuckDB.
        escape = quote if _escapes_by_backslash(serde) else serde["escapeChar"]
    else:
        if serde.get("escape.delim") or serde.get("line.delim", "\n") != "\n":
            raise unsupported("Text with escapes or other line ends (ESCAPED BY, LINES TERMINATED)")
        delimiter = serde.get("field.delim") or serde.get("serialization.format") or "\x01"
        delimiter = "\x01" if delimiter == "1" else delimiter
        quote, escape, null = "", "", serde.get("serialization.null.format", "\\N")
    declared = table.parameters.get("skip.header.line.count", "0")
    if not declared.isdigit():
        raise QueryError(f"HIVE_INVALID_METADATA: Invalid skip.header.line.count: {declared}")
    columns = dict.fromkeys((item.name for item in table.columns), "VARCHAR")
    return (
        f"columns = {_struct(columns)}, auto_detect = false, header = false, skip = {declared},"
        f" delim = {literal(delimiter)}, quote = {literal(quote)}, escape = {literal(escape)},"
        f" nullstr = {literal(null)}, null_padding = true"
    )


def _escapes_by_backslash(serde: Mapping[str, str]) -> bool:
    return serde.get("escapeChar", "\\").startswith("\\")


def value_of(table: Table, kind: FileFormat, column: Column, keys: Mapping[str, str]) -> str:
    """Return the SQL of a column's value from what was read.

    Raises:
        QueryError: The SerDe has no such type here.
    """
    source = identifier(column.name)
    if kind is FileFormat.JSON:
        source = identifier(json_key(table, column, keys))
    if kind is FileFormat.CSV:
        if _escapes_by_backslash(table.serde_parameters):
            source = f"athena_without_backslash({source})"
        return _open_csv(source, column.type)
    if kind is FileFormat.TEXT:
        return _lazy(source, column.type, table.serde_parameters)
    return f"CAST({source} AS {duckdb_type(column.type)})"


def _open_csv(source: str, hive: str) -> str:
    """OpenCSV reads texts; Athena converts them, times from numbers since 1970."""
    match base_type(hive):
        case "timestamp":
            return f"epoch_ms({source}::BIGINT)"
        case "date":
            return f"(DATE '1970-01-01' + {source}::INTEGER)"
        case "array" | "map" | "struct":
            raise unsupported(f"OpenCSVSerde with a column of type {hive}")
    return f"CAST({source} AS {duckdb_type(hive)})"


def _lazy(source: str, hive: str, serde: Mapping[str, str]) -> str:
    """LazySimpleSerDe reads what does not fit as NULL."""
    kind = base_type(hive)
    if kind in ("array", "map"):
        return _lazy_collection(source, hive, serde)
    if kind == "struct":
        raise unsupported("LazySimpleSerDe with a column of type struct")
    convert = _LAZY.get(kind)
    if convert is not None:
        return convert(source, duckdb_type(hive))
    return f"TRY_CAST({source} AS {duckdb_type(hive)})"


def _lazy_integer(source: str, kind: str) -> str:
    return (
        f"CASE WHEN regexp_full_match({source}, '[+-]?\\d+') THEN TRY_CAST({source} AS {kind}) END"
    )


def _lazy_boolean(source: str, _kind: str) -> str:
    return f"CASE lower({source}) WHEN 'true' THEN true WHEN 'false' THEN false END"


_LAZY: Mapping[str, Callable[[str, str], str]] = {
    **dict.fromkeys(_INTEGERS, _lazy_integer),
    "boolean": _lazy_boolean,
    "string": lambda source, _kind: source,
    "varchar": lambda source, _kind: source,
}


def _lazy_collection(source: str, hive: str, serde: Mapping[str, str]) -> str:
    inner = split_arguments(hive[hive.index("<") + 1 : hive.rindex(">")])
    if any("<" in item for item in inner):
        raise unsupported(f"LazySimpleSerDe with a column of type {hive}")
    items = literal(serde.get("collection.delim", "\x02"))
    parts = f"CASE WHEN {source} = '' THEN [] ELSE string_split({source}, {items}) END"
    if hive.lower().startswith("array"):
        return f"list_transform({parts}, lambda x: {_lazy('x', inner[0], serde)})"
    keys = literal(serde.get("mapkey.delim", "\x03"))
    key = _lazy(f"split_part(x, {keys}, 1)", inner[0], serde)
    value = _lazy(f"split_part(x, {keys}, 2)", inner[1], serde)
    return f"map_from_entries(list_transform({parts}, lambda x: {{'k': {key}, 'v': {value}}}))"
