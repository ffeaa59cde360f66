"""JSON rows to Parquet, as Firehose converts them.

Belongs here: what the OpenX JSON SerDe makes of a value, by the column's type in Glue, and the
Parquet file. Source: Data Firehose Developer Guide, "Convert input data format in Amazon Data
Firehose". Timestamps become INT96, as Hive's writer has them, not the INT64 of our own archive:
what reads raw objects has to read both.
"""

import io
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

_TYPES = {
    "string": pa.string(),
    "timestamp": pa.timestamp("us"),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "bigint": pa.int64(),
    "map<string,string>": pa.map_(pa.string(), pa.string()),
}
_TIME = re.compile(
    r"\d{4}-\d\d?-\d\d?(T\d\d:\d\d:\d\d(\.\d{1,9})?Z| \d\d:\d\d:\d\d(\.\d{1,9})?)", re.ASCII
)
_MICROSECOND_DIGITS = 26  # of `yyyy-MM-dd HH:mm:ss.SSSSSS`
_MILLISECONDS_FROM = 10**11  # as seconds, a number as large would be of the year 5138

_decoder = msgspec.json.Decoder()


class ConversionError(ValueError):
    """A row does not fit the table."""


class SchemaColumn(NamedTuple):
    """A column of the Glue table."""

    name: str
    hive_type: str


def read_row(
    data: bytes, columns: Sequence[SchemaColumn], *, lowercase_keys: bool
) -> tuple[Any, ...]:
    """The values of one row, in the order of the columns.

    Raises:
        ConversionError: If it is no JSON object, or a value is none of its column's type.
    """
    try:
        row = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConversionError(f"the data is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise ConversionError("the data is no JSON object")
    if lowercase_keys:
        row = _lowered(row)
    return tuple(_value(row.get(column.name), column) for column in columns)


def to_parquet(
    rows: Sequence[tuple[Any, ...]], columns: Sequence[SchemaColumn], compression: str
) -> bytes:
    """Rows as one Parquet file."""
    schema = pa.schema([(column.name, _TYPES[column.hive_type]) for column in columns])
    arrays = [
        pa.array(values, field.type)
        for values, field in zip(zip(*rows, strict=True), schema, strict=True)
    ]
    sink = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=schema),
        sink,
        compression="NONE" if compression == "UNCOMPRESSED" else compression,
        use_deprecated_int96_timestamps=True,
        store_schema=False,  # Hive's writer knows no Arrow
    )
    return sink.getvalue()


def _lowered(value: Any) -> Any:
    """A JSON value with the keys of all of its objects in lower case."""
    if isinstance(value, dict):
        return {key.lower(): _lowered(one) for key, one in value.items()}
    return value


def _value(value: Any, column: SchemaColumn) -> Any:
    if value is None:
        return None
    try:
        return _READERS[column.hive_type](value)
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise ConversionError(
            f"column {column.name} of type {column.hive_type} has {value!r:.80}"
        ) from error


def _text(value: Any) -> str:
    """A text; of another JSON value, its JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _time(value: Any) -> datetime:
    """A time without a zone, which is UTC: a text, or seconds or milliseconds since 1970."""
    if isinstance(value, str):
        if not _TIME.fullmatch(value):
            raise ValueError(value)
        text = value.removesuffix("Z").replace("T", " ")[:_MICROSECOND_DIGITS]
        return datetime.fromisoformat(text)
    if isinstance(value, bool):
        raise TypeError(value)
    seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(value)
    return float(value)


def _map(value: Any) -> list[tuple[str, str | None]]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return [(key, None if one is None else _text(one)) for key, one in value.items()]


_READERS: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "timestamp": _time,
    "double": _number,
    "boolean": _boolean,
    "bigint": int,
    "map<string,string>": _map,
}
