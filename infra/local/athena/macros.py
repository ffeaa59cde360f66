"""DuckDB macros with the names and meanings of Trino's functions.

Belongs here: functions that can be written as a DuckDB expression of their arguments, and the
engine settings they rely on. Does not belong here: anything that needs the syntax tree, such as
lambdas or argument types (see `dialect`).

Names that start with ``athena_`` are targets of rewrites; users call the others by name.
"""

import zlib

import duckdb
from duckdb.sqltypes import BIGINT, BLOB, DOUBLE, VARCHAR

from infra.local.athena.values import java_double

_SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL integer_division = true",  # 7 / 2 = 3, as in Trino
    "SET GLOBAL parquet_metadata_cache = true",  # cached files never change
)

_NUMBERS = (
    "nan() AS 'NaN'::DOUBLE",
    "infinity() AS 'Infinity'::DOUBLE",
    "athena_divide(a, b) AS CASE WHEN b = 0 AND typeof(a) NOT IN ('DOUBLE', 'FLOAT')"
    " AND typeof(b) NOT IN ('DOUBLE', 'FLOAT')"
    " THEN error('DIVISION_BY_ZERO: Division by zero') ELSE a / b END",
    # The Python function is only called for numbers Java writes in scientific notation.
    "athena_double_text(x) AS CASE WHEN abs(x) >= 1e-3 AND abs(x) < 1e7 THEN x::VARCHAR"
    " ELSE athena_java_double(x) END",
    "width_bucket(x, bounds) AS len(list_filter(bounds, lambda e: e <= x)),"
    " (x, low, high, n) AS CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1"
    " ELSE CAST(floor((x - low) * n / (high - low)::DOUBLE) AS BIGINT) + 1 END",
    "bitwise_left_shift(a, b) AS (a::BIGINT << b::BIGINT)",
    "bitwise_right_shift(a, b) AS (a::BIGINT >> b::BIGINT)",
)

_AUTHORITY = r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/:?#]*)"

_URLS = (
    "url_extract_protocol(u) AS nullif(regexp_extract(u, '^([A-Za-z][A-Za-z0-9+.-]*):', 1), '')",
    f"url_extract_host(u) AS nullif(regexp_extract(u, '^{_AUTHORITY}', 1), '')",
    f"url_extract_port(u) AS"
    rf" try_cast(nullif(regexp_extract(u, '^{_AUTHORITY}:(\d+)', 2), '') AS BIGINT)",
    "url_extract_path(u) AS"
    " regexp_extract(u, '^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?([^?#]*)', 1)",
    r"url_extract_query(u) AS regexp_extract(u, '^[^?#]*(?:\?([^#]*))?', 1)",
    "url_extract_fragment(u) AS regexp_extract(u, '#(.*)$', 1)",
    "athena_url_decode(s) AS url_decode(replace(s, '+', ' '))",
    "athena_url_encode(s) AS replace(url_encode(s), '%20', '+')",
    "url_extract_parameter(u, p) AS athena_url_decode(substr(list_filter("
    "string_split(url_extract_query(u), '&'), lambda x: x = p OR starts_with(x, p || '='))[1],"
    " length(p) + 2))",
)

_TIMES = (
    "to_iso8601(t) AS CASE WHEN typeof(t) = 'DATE' THEN strftime(t, '%Y-%m-%d')"
    " WHEN typeof(t) = 'TIMESTAMP WITH TIME ZONE' THEN strftime(t, '%Y-%m-%dT%H:%M:%S.%gZ')"
    " ELSE strftime(t, '%Y-%m-%dT%H:%M:%S.%g') END",
    "with_timezone(t, zone) AS timezone(zone, t)",
    "at_timezone(t, zone) AS timezone(zone, t)",
    "to_milliseconds(i) AS CAST(epoch_ms(i) AS BIGINT)",
)

_COLLECTIONS = (
    "every(x) AS bool_and(x)",
    "map_agg(k, v) AS map(list(k), list(v))",
    "array_union(a, b) AS list_distinct(list_concat(a, b))",
    "arrays_overlap(a, b) AS list_has_any(a, b)",
    "athena_slice(a, first, size) AS a[first:first + size - 1]",
    "athena_split_limit(s, d, n) AS CASE WHEN len(string_split(s, d)) <= n THEN string_split(s, d)"
    " ELSE list_append(string_split(s, d)[:n - 1],"
    " array_to_string(string_split(s, d)[n:], d)) END",
    "split_to_map(s, e, k) AS map_from_entries(list_transform(string_split(s, e), lambda x:"
    " {'key': split_part(x, k, 1), 'value': substr(x, length(split_part(x, k, 1)) + length(k) + 1)}"
    "))",
)

_STRINGS = (
    "athena_json_scalar(j, p) AS CASE WHEN json_valid(j::VARCHAR) THEN"
    " CASE WHEN json_type(j::JSON, p) IN ('OBJECT', 'ARRAY') THEN NULL"
    " ELSE json_extract_string(j::JSON, p) END END",
    "json_array_get(j, i) AS json_extract_string(j::JSON, '$[' || i || ']')",
    "json_size(j, p) AS CASE json_type(j::JSON, p)"
    " WHEN 'ARRAY' THEN json_array_length(j::JSON, p)"
    " WHEN 'OBJECT' THEN len(json_keys(j::JSON, p)) ELSE 0 END",
    "json_array_contains(j, v) AS list_contains(json_extract_string(j::JSON, '$[*]'), v::VARCHAR)",
    "athena_regexp_extract(s, p, g) AS"
    " CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END",
)

MACROS = _NUMBERS + _URLS + _TIMES + _COLLECTIONS + _STRINGS


def _crc32(data: bytes) -> int:
    return zlib.crc32(data)


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a DuckDB instance Athena's settings and functions.

    Args:
        connection: Any connection to the instance; every cursor of it sees the result.
    """
    for setting in _SETTINGS:
        connection.execute(setting)
    connection.create_function("crc32", _crc32, [BLOB], BIGINT)
    connection.create_function("athena_java_double", java_double, [DOUBLE], VARCHAR)
    for macro in MACROS:
        connection.execute(f"CREATE OR REPLACE MACRO {macro}")
