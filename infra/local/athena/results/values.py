"""One value as Athena prints it.

Belongs here: text forms of numbers, times and nested values. Does not belong here: rows, files and
column descriptions (see `rows`).
"""

import datetime as dt
import math
import struct
from collections.abc import Callable, Mapping
from decimal import Decimal

from infra.local.athena.sql.types import base_type

Formatter = Callable[[object], str]

# Between these Double.toString writes no exponent.
_PLAIN_FROM, _PLAIN_BELOW = 1e-3, 1e7


def java_double(value: float) -> str:
    """Return a double as Java prints it: ``1.0``, ``1.0E10``, ``NaN``, ``-Infinity``."""
    return _java_number(value, repr(value))


def java_float(value: float) -> str:
    """Return a single-precision number as Java prints it.

    Args:
        value: A float32 widened to a Python float; the shortest text that gives it back is used.
    """
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if math.isfinite(value) and struct.pack("f", float(text)) == struct.pack("f", value):
            return _java_number(value, repr(float(text)))
    return _java_number(value, repr(value))


def _java_number(value: float, shortest: str) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return shortest
    sign, digits, exponent = Decimal(shortest).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = len(text) - 1 + int(exponent)
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def _boolean(value: object) -> str:
    return "true" if value else "false"


def _timestamp(value: object) -> str:
    return _moment(value) if isinstance(value, dt.datetime) else str(value)


def _moment(value: dt.datetime) -> str:
    milliseconds = value.microsecond // 1000
    # strftime does not pad years before 1000.
    return f"{value.year:04d}-{value:%m-%d %H:%M:%S}.{milliseconds:03d}"


def _timestamp_with_zone(value: object) -> str:
    if not isinstance(value, dt.datetime):
        return str(value)
    return _moment(value.astimezone(dt.UTC)) + " UTC"


def _time(value: object) -> str:
    if not isinstance(value, dt.time):
        return str(value)
    return f"{value:%H:%M:%S}.{value.microsecond // 1000:03d}"


def _interval(value: object) -> str:
    if not isinstance(value, dt.timedelta):
        return str(value)
    milliseconds = value // dt.timedelta(milliseconds=1)
    sign, milliseconds = ("-" if milliseconds < 0 else ""), abs(milliseconds)
    seconds, milliseconds = divmod(milliseconds, 1000)
    hours, seconds = divmod(seconds, 3600)
    days, hours = divmod(hours, 24)
    return f"{sign}{days} {hours:02d}:{seconds // 60:02d}:{seconds % 60:02d}.{milliseconds:03d}"


def _binary(value: object) -> str:
    return (
        bytes(value).hex(" ") if isinstance(value, bytes | bytearray | memoryview) else str(value)
    )


def _decimal(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _float(value: object) -> str:
    return java_float(value) if isinstance(value, float) else str(value)


def _double(value: object) -> str:
    return java_double(value) if isinstance(value, float) else str(value)


def _nested(value: object) -> str:
    """Render a nested value by its Python type: ``[1, null]``, ``{a=1, b=x}``."""
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_nested, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_nested(k)}={_nested(v)}" for k, v in value.items()) + "}"
    if isinstance(value, dt.datetime):
        return _timestamp_with_zone(value) if value.tzinfo else _moment(value)
    for kind, formatter in _BY_PYTHON_TYPE:
        if isinstance(value, kind):
            return formatter(value)
    return str(value)


_BY_PYTHON_TYPE: tuple[tuple[type, Formatter], ...] = (
    (bool, _boolean),
    (float, _double),
    (Decimal, _decimal),
    (bytes, _binary),
    (dt.time, _time),
    (dt.timedelta, _interval),
)

_BY_HIVE_TYPE: Mapping[str, Formatter] = {
    "boolean": _boolean,
    "float": _float,
    "double": _double,
    "decimal": _decimal,
    "timestamp": _timestamp,
    "timestamp with time zone": _timestamp_with_zone,
    "time": _time,
    "interval day to second": _interval,
    "binary": _binary,
    "array": _nested,
    "map": _nested,
    "struct": _nested,
}


def formatter(hive: str) -> Formatter:
    """Return the function that renders non-null values of a Hive type."""
    return _BY_HIVE_TYPE.get(base_type(hive), str)
