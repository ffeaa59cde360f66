"""How partition values are written: in addresses, and as text that gets its type back.

Belongs here: Hive's folders and its spelling of NULL. Does not belong here: calls to S3 (see
`storage`) and which partitions there are (see `glue`).
"""

from collections.abc import Sequence
from urllib.parse import quote

from infra.local.athena.sql.sqltext import literal
from infra.local.athena.sql.types import duckdb_type

NULL_VALUE = "__HIVE_DEFAULT_PARTITION__"


def as_folder(uri: str) -> str:
    """Return the location with exactly one trailing slash."""
    return uri.rstrip("/") + "/"


def partition_path(keys: Sequence[str], values: Sequence[str]) -> str:
    """Return Hive's folder for a partition: ``dt=2024-01-01/hr=05/``, or nothing without keys."""
    pairs = zip(keys, values, strict=True)
    return "".join(f"{key}={quote(value, safe=' -_.,@~!()')}/" for key, value in pairs)


def typed_value(source: str, hive: str) -> str:
    """Return the expression that gives a partition value's text its type (and NULL its meaning).

    Args:
        source: SQL of the text.
        hive: The partition key's type.
    """
    return f"CAST(nullif({source}::VARCHAR, {literal(NULL_VALUE)}) AS {duckdb_type(hive)})"
