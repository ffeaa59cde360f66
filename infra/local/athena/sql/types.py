"""The three type vocabularies: DuckDB's, Hive's (Glue and DDL) and the one of Athena's API.

Belongs here: pure conversions between them. Does not belong here: formatting of values (see
`rows`) or casts inside a user's SQL (sqlglot and `translation` do those).
"""

import re
from dataclasses import dataclass

from duckdb.sqltypes import DuckDBPyType
from sqlglot import exp

from infra.local.athena.errors import QueryError
from infra.local.athena.sql.sqltext import identifier

_HIVE_OF_DUCKDB = {
    "boolean": "boolean",
    "tinyint": "tinyint",
    "smallint": "smallint",
    "integer": "int",
    "bigint": "bigint",
    "utinyint": "smallint",
    "usmallint": "int",
    "uinteger": "bigint",
    "ubigint": "bigint",
    "hugeint": "bigint",
    "uhugeint": "bigint",
    "float": "float",
    "double": "double",
    "varchar": "string",
    "blob": "binary",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "timestamp_s": "timestamp",
    "timestamp_ms": "timestamp",
    "timestamp_ns": "timestamp",
    "timestamp with time zone": "timestamp with time zone",
    "interval": "interval day to second",
    "json": "json",
    "uuid": "string",
    "enum": "string",
    '"null"': "string",
}

_DUCKDB_OF_HIVE = {
    "string": "VARCHAR",
    "binary": "BLOB",
    "varbinary": "BLOB",
    "float": "FLOAT",
    "real": "FLOAT",
    "int": "INTEGER",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "interval day to second": "INTERVAL",
}

_API_OF_HIVE = {"string": "varchar", "int": "integer", "binary": "varbinary", "struct": "row"}

# Precision as GetQueryResults reports it for types whose declaration carries none.
_PRECISION = {
    "boolean": 0,
    "tinyint": 3,
    "smallint": 5,
    "int": 10,
    "bigint": 19,
    "float": 17,
    "double": 17,
    "date": 0,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "time": 3,
    "array": 0,
    "map": 0,
    "struct": 0,
    "json": 0,
    "interval day to second": 0,
    "binary": 1073741824,
}

_NOT_STORABLE = {
    "timestamp with time zone": "timestamp(3) with time zone",
    "time": "time(3)",
    "json": "json",
    "interval day to second": "interval day to second",
}


@dataclass(frozen=True)
class Column:
    """A column and its Hive type, the vocabulary Glue stores (plus the types Hive lacks)."""

    name: str
    type: str
    comment: str = ""


def split_arguments(text: str, separator: str = ",") -> list[str]:
    """Split at separators that are outside every pair of brackets.

    Args:
        text: For example ``a:int,b:map<string,int>``.
        separator: One character.
    """
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        if char in "<(":
            depth += 1
        elif char in ">)":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [*parts, text[start:].strip()]


def _children(duckdb_type: DuckDBPyType) -> list[tuple[str, str]]:
    """Return the names and Hive types of a nested type's parts (arrays also have a length)."""
    return [
        (name, hive_type(child))
        for name, child in duckdb_type.children
        if isinstance(child, DuckDBPyType)
    ]


def hive_type(duckdb_type: DuckDBPyType) -> str:
    """Return the Hive type a DuckDB column is reported (and stored) as."""
    kind = duckdb_type.id
    if str(duckdb_type) == "JSON":
        return "json"
    if kind in ("list", "array"):
        return f"array<{_children(duckdb_type)[0][1]}>"
    if kind == "map":
        return f"map<{','.join(child for _, child in _children(duckdb_type))}>"
    if kind == "struct":
        fields = ",".join(f"{name}:{child}" for name, child in _children(duckdb_type))
        return f"struct<{fields}>"
    if kind == "decimal":
        return str(duckdb_type).lower()
    return _HIVE_OF_DUCKDB.get(kind, "string")


def duckdb_type(hive: str) -> str:
    """Return DuckDB's spelling of a Hive type such as ``map<string,array<int>>``.

    Raises:
        QueryError: The type is not one Athena has.
    """
    text = hive.strip()
    lowered = text.lower()
    if "<" in text:
        return _nested_duckdb_type(text)
    if lowered.startswith(("varchar", "char")):
        return "VARCHAR"
    if lowered.startswith("decimal"):
        return "DECIMAL(10, 0)" if lowered == "decimal" else lowered.upper()
    if lowered not in _DUCKDB_OF_HIVE and lowered not in _HIVE_OF_DUCKDB:
        raise QueryError(f"HIVE_UNSUPPORTED_FORMAT: Unsupported Hive type: {hive}")
    return _DUCKDB_OF_HIVE.get(lowered, lowered.upper())


def _nested_duckdb_type(hive: str) -> str:
    kind, _, inner = hive.partition("<")
    inner = inner.rstrip().removesuffix(">")
    match kind.lower():
        case "array":
            return duckdb_type(inner) + "[]"
        case "map":
            return f"MAP({', '.join(map(duckdb_type, split_arguments(inner)))})"
        case "struct":
            fields = (field.split(":", 1) for field in split_arguments(inner))
            named = (f"{identifier(name)} {duckdb_type(kind)}" for name, kind in fields)
            return f"STRUCT({', '.join(named)})"
        case _:
            raise QueryError(f"HIVE_UNSUPPORTED_FORMAT: Unsupported Hive type: {hive}")


def base_type(hive: str) -> str:
    """Return a Hive type without its parameters: ``decimal(10,2)`` gives ``decimal``."""
    return hive.lower().split("<", 1)[0].split("(", 1)[0]


def api_type(hive: str) -> str:
    """Return the type name GetQueryResults reports for a Hive type."""
    base = base_type(hive)
    return _API_OF_HIVE.get(base, base)


_TRINO_OF_HIVE = {
    "string": "varchar",
    "int": "integer",
    "float": "real",
    "binary": "varbinary",
    "decimal": "decimal(10,0)",
}
_LENGTH = re.compile(r"(?:var)?char\((\d+)\)", re.IGNORECASE)


def trino_type(hive: str) -> str:
    """Return Trino's spelling of a Hive type: ``array<int>`` gives ``array(integer)``."""
    kind, _, inner = hive.partition("<")
    if not inner:
        lowered = hive.lower().replace(", ", ",")
        return _TRINO_OF_HIVE.get(lowered, lowered)
    parts = split_arguments(inner.rstrip().removesuffix(">"))
    if kind.lower() != "struct":
        return f"{kind.lower()}({', '.join(map(trino_type, parts))})"
    fields = (part.partition(":") for part in parts)
    return "row(" + ", ".join(f"{name} {trino_type(kind)}" for name, _, kind in fields) + ")"


def length_limit(hive: str) -> int | None:
    """Return how many characters a text type holds; None for other and unlimited types."""
    match = _LENGTH.fullmatch(hive.strip())
    return int(match[1]) if match else None


def is_case_sensitive(hive: str) -> bool:
    """Return whether GetQueryResults calls a type case sensitive: texts are."""
    return api_type(hive) in ("varchar", "char")


def precision_and_scale(hive: str) -> tuple[int, int]:
    """Return the Precision and Scale GetQueryResults reports for a Hive type."""
    base = base_type(hive)
    if base == "decimal" and "(" in hive:
        digits, _, scale = hive[hive.index("(") + 1 : -1].partition(",")
        return int(digits), int(scale or 0)
    return _PRECISION.get(base, 2147483647), 0


def require_storable(column: Column) -> None:
    """Refuse a column type that exists in queries but not in Hive tables.

    Raises:
        QueryError: As Athena does for, say, a CTAS over an uncast ``now()``.
    """
    for hive, trino in _NOT_STORABLE.items():
        if hive == column.type or f"<{hive}" in column.type or f",{hive}" in column.type:
            raise QueryError(f"NOT_SUPPORTED: Unsupported Hive type: {trino}")


def hive_type_of_ast(kind: exp.DataType) -> str:
    """Return the Hive spelling of a type parsed from DDL, as Glue stores it."""
    text = kind.sql("hive").lower()
    return text.replace(", ", ",").replace(": ", ":")
