"""The binary ``.metadata`` file that Athena leaves beside a result.

Belongs here: its bytes. Does not belong here: where it goes (see `executor`) and the same facts as
JSON (see `rows`).

It is a protobuf message without a published schema. The field numbers are those that the free JDBC
driver of Burt (github.com/burtcorp/athena-jdbc, `AthenaMetaDataParser`) reads; which of them are
present was measured on AWS by github.com/aoyagikouhei/athena-local:

    1 id of the query in the engine        4 columns, each: 1 catalog, 4 name, 5 label, 6 type,
    2 what was changed, like INSERT          7 precision, 8 scale, 9 nullable (3: unknown),
    3 rows that were written                 10 case sensitive
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from infra.local.athena.sql.types import (
    Column,
    api_type,
    base_type,
    is_case_sensitive,
    precision_and_scale,
)

ROWS = (Column("rows", "bigint"),)
"""The column of statements that write rows."""

_VARINT, _BYTES = 0, 2
_UNKNOWN_NULLABLE = 3
_PRECISION, _SCALE, _NULLABLE, _CASE = "Precision", "Scale", "Nullable", "CaseSensitive"
# A figure is present by type, not by value: a scale of 0 is written, that of an array is not.
_ABSENT: Mapping[str, Sequence[str]] = {
    "boolean": (_PRECISION, _SCALE),
    "date": (_PRECISION,),
    "interval day to second": (_PRECISION, _SCALE),
    **dict.fromkeys(("array", "map", "struct", "json"), (_PRECISION, _SCALE, _CASE)),
}


def engine_id(identity: str, now: dt.datetime) -> str:
    """Return an id in the form of Trino's, like ``20260917_085344_00007_k6s5b``.

    Args:
        identity: The query execution id, a UUID.
        now: The time of the query, aware.
    """
    digits = identity.replace("-", "")
    return f"{now:%Y%m%d_%H%M%S}_{int(digits[:8], 16) % 100_000:05d}_{digits[-5:]}"


def metadata_file(
    query_id: str, columns: Iterable[Column], update_type: str = "", update_count: int = 0
) -> bytes:
    """Return the file's content.

    Args:
        query_id: The query's id in the engine.
        columns: Those of the result.
        update_type: ``INSERT`` or ``CREATE TABLE``; empty for a statement that writes no rows.
        update_count: Rows written.
    """
    parts = [_text(1, query_id)]
    if update_type:
        parts += [_text(2, update_type), _number(3, update_count)]
    parts += [_field(4, _BYTES, _sized(_column(column))) for column in columns]
    return b"".join(parts)


def _column(column: Column) -> bytes:
    texts = {1: "hive", 4: column.name, 5: column.name, 6: api_type(column.type)}
    parts = [_text(field, value) for field, value in texts.items()]
    absent = _ABSENT.get(base_type(column.type), ())
    precision, scale = precision_and_scale(column.type)
    figures = {
        _PRECISION: (7, precision),
        _SCALE: (8, scale),
        _NULLABLE: (9, _UNKNOWN_NULLABLE),
        _CASE: (10, int(is_case_sensitive(column.type))),
    }
    parts += [_number(*figure) for name, figure in figures.items() if name not in absent]
    return b"".join(parts)


def _text(field: int, value: str) -> bytes:
    return _field(field, _BYTES, _sized(value.encode()))


def _number(field: int, value: int) -> bytes:
    return _field(field, _VARINT, _varint(value))


def _field(field: int, wire_type: int, content: bytes) -> bytes:
    return _varint(field << 3 | wire_type) + content


def _sized(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Return a number as protobuf does: seven bits a byte, the lowest first."""
    content = bytearray()
    while value >= 1 << 7:
        content.append(value & 0x7F | 0x80)
        value >>= 7
    content.append(value)
    return bytes(content)
