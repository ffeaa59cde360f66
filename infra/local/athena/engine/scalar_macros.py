"""DuckDB macros of Trino's functions on numbers, texts, bytes and addresses.

Belongs here: functions that can be written as a DuckDB expression of their arguments. Does not
belong here: dates, collections and JSON (see `nested_macros`) and Python functions (see `scalars`).
"""

_ARGUMENT = "INVALID_FUNCTION_ARGUMENT"

NUMBERS = (
    "nan() AS 'NaN'::DOUBLE",
    "infinity() AS 'Infinity'::DOUBLE",
    "athena_e() AS 2.718281828459045::DOUBLE",
    "athena_same(x) AS x",
    "athena_zero(x) AS CASE WHEN x IS NOT NULL THEN 0::BIGINT END",
    "athena_divide(a, b) AS CASE WHEN b = 0"
    " THEN athena_fail('DIVISION_BY_ZERO: Division by zero') ELSE a // b END",
    "athena_modulo(a, b) AS CASE WHEN b = 0"
    " THEN athena_fail('DIVISION_BY_ZERO: Division by zero') ELSE a % b END",
    "athena_decimal_divide(a, b, s) AS athena_py_divide(a::VARCHAR, b::VARCHAR, s::INTEGER)",
    "athena_acos(x) AS CASE WHEN abs(x) > 1 THEN nan() ELSE acos(x) END",
    "athena_asin(x) AS CASE WHEN abs(x) > 1 THEN nan() ELSE asin(x) END",
    "athena_sqrt(x) AS CASE WHEN x < 0 THEN nan() ELSE sqrt(x) END",
    "athena_ln(x) AS CASE WHEN x = 0 THEN -infinity() WHEN x < 0 THEN nan() ELSE ln(x) END",
    "athena_log10(x) AS CASE WHEN x = 0 THEN -infinity() WHEN x < 0 THEN nan() ELSE log10(x) END",
    "athena_log2(x) AS CASE WHEN x = 0 THEN -infinity() WHEN x < 0 THEN nan() ELSE log2(x) END",
    "athena_log(b, x) AS athena_ln(x) / athena_ln(b)",
    "athena_sign(x) AS CASE WHEN isnan(x::DOUBLE) THEN nan() ELSE sign(x)::DOUBLE END",
    "athena_round_to(x, n) AS CASE WHEN isfinite(x) THEN round(x * pow(10, n)) / pow(10, n)"
    " ELSE x END",
    "athena_round_integer(x, n) AS CASE WHEN n >= 0 THEN x"
    " ELSE sign(x) * ((abs(x::HUGEINT) + pow(10, -n)::HUGEINT // 2) // pow(10, -n)::HUGEINT)"
    " * pow(10, -n)::HUGEINT END",
    "athena_random(n) AS floor(random() * n)",
    "athena_random_between(a, b) AS a + floor(random() * (b - a))",
    "athena_bitwise_and(a, b) AS (a::BIGINT & b::BIGINT)",
    "athena_bitwise_or(a, b) AS (a::BIGINT | b::BIGINT)",
    "athena_bitwise_xor(a, b) AS xor(a::BIGINT, b::BIGINT)",
    "athena_bitwise_not(a) AS (-1 - a::BIGINT)",
    "athena_left_shift(a, b) AS CASE WHEN a < 0 OR b < 0 OR b > 30"
    " THEN athena_fail('NOT_SUPPORTED: shifts of negative numbers or by more than 30 bits')"
    " ELSE a::BIGINT << b::BIGINT END",
    "athena_right_shift(a, b) AS CASE WHEN a < 0 OR b < 0"
    " THEN athena_fail('NOT_SUPPORTED: a logical shift of a negative number')"
    " WHEN b > 62 THEN 0 ELSE a::BIGINT >> b::BIGINT END",
    "athena_right_shift_arithmetic(a, b) AS floor(a / pow(2, least(b, 63)))::BIGINT",
    "athena_bit_count(x, bits) AS CASE WHEN bits = 64 THEN bit_count(x::BIGINT)"
    " WHEN x >= 0 AND x < pow(2, bits - 1) THEN bit_count(x::BIGINT)"
    " ELSE athena_fail('NOT_SUPPORTED: bit_count of this number in so few bits') END::BIGINT",
    "width_bucket(x, bounds) AS len(list_filter(bounds, lambda e: e <= x)),"
    " (x, low, high, n) AS CASE WHEN n <= 0"
    f" THEN athena_fail('{_ARGUMENT}: bucketCount must be greater than 0')"
    " WHEN x < low THEN 0 WHEN x >= high THEN n::BIGINT + 1"
    " ELSE floor((x - low) * n / (high - low)::DOUBLE)::BIGINT + 1 END",
)

# What Trino trims: Unicode's white space.
_SPACES = " || ".join(
    f"chr({code})"
    for code in (
        *(9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 0x1680, 0x2028, 0x2029, 0x205F, 0x3000),
        *range(0x2000, 0x2007),
        *range(0x2008, 0x200B),
    )
)

STRINGS = (
    f"athena_spaces() AS {_SPACES}",
    "athena_trim(s) AS trim(s, athena_spaces())",
    "athena_ltrim(s) AS ltrim(s, athena_spaces())",
    "athena_rtrim(s) AS rtrim(s, athena_spaces())",
    # Trino changes code points one by one; a sharp s has no single capital.
    "athena_upper(s) AS CASE WHEN contains(s, 'ß') THEN replace(upper(s), 'ẞ', 'ß')"
    " ELSE upper(s) END",
    "athena_remove(s, part) AS replace(s, part, '')",
    "athena_reverse(s) AS CASE WHEN length(s) = strlen(s) THEN reverse(s)"
    " ELSE athena_py_reverse(s) END",
    "athena_substr(s, start) AS CASE WHEN start = 0 OR abs(start) > length(s) THEN ''"
    " ELSE substr(s, start) END,"
    " (s, start, size) AS CASE WHEN start = 0 OR abs(start) > length(s) OR size <= 0 THEN ''"
    " ELSE substr(s, start, size) END",
    f"athena_lpad(s, n, p) AS CASE WHEN n < 0 OR p = ''"
    f" THEN athena_fail('{_ARGUMENT}: Target length must be in the range [0..2147483647]"
    " and the padding not empty') ELSE lpad(s, n::INTEGER, p) END",
    f"athena_rpad(s, n, p) AS CASE WHEN n < 0 OR p = ''"
    f" THEN athena_fail('{_ARGUMENT}: Target length must be in the range [0..2147483647]"
    " and the padding not empty') ELSE rpad(s, n::INTEGER, p) END",
    f"athena_split(s, d) AS CASE WHEN d = ''"
    f" THEN athena_fail('{_ARGUMENT}: The delimiter may not be the empty string')"
    " ELSE string_split(s, d) END",
    "athena_split_limit(s, d, n) AS CASE WHEN n <= 0"
    f" THEN athena_fail('{_ARGUMENT}: Limit must be positive')"
    " WHEN len(athena_split(s, d)) <= n THEN athena_split(s, d)"
    " ELSE list_append(athena_split(s, d)[:n - 1], array_to_string(athena_split(s, d)[n:], d)) END",
    f"athena_split_part(s, d, n) AS CASE WHEN n <= 0"
    f" THEN athena_fail('{_ARGUMENT}: Index must be greater than zero')"
    " ELSE list_extract(athena_split(s, d), n) END",
    "split_to_map(s, e, k) AS map_from_entries(list_transform(string_split(s, e), lambda x:"
    " {'key': split_part(x, k, 1), 'value': substr(x, length(split_part(x, k, 1)) + length(k) + 1)}"
    "))",
    f"athena_codepoint(s) AS CASE WHEN length(s) = 1 THEN unicode(s)"
    f" ELSE athena_fail('{_ARGUMENT}: Input string must be a single character string') END",
    "athena_levenshtein(a, b) AS CASE WHEN length(a) = strlen(a) AND length(b) = strlen(b)"
    " THEN levenshtein(a, b) ELSE athena_py_levenshtein(a, b) END",
    "athena_from_utf8(b) AS coalesce(TRY(decode(b)), athena_py_decode(b))",
    # An empty group may be one that took no part in the match, which is NULL on Trino.
    "athena_regexp_extract(s, p) AS"
    " CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, 0) END",
    "athena_without_backslash(s) AS CASE WHEN contains(s, chr(92)) THEN"
    " athena_fail('NOT_SUPPORTED: a backslash, which is the escape character of OpenCSVSerde')"
    " ELSE s END",
    "athena_literal_replacement(r) AS CASE WHEN contains(r, '$') OR contains(r, chr(92))"
    " THEN athena_fail('NOT_SUPPORTED: a computed replacement with groups') ELSE r END",
)

BYTES = (
    "athena_md5(b) AS unhex(md5(b))",
    "athena_sha1(b) AS unhex(sha1(b))",
    "athena_sha256(b) AS unhex(sha256(b))",
)

_AUTHORITY = r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/:?#]*)"

URLS = (
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

_INTEGER = r"[+-]?\d+"
_DOUBLE = r"\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity|NaN)\s*"
_DATE = r"\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}\s*"
_MOMENT = r"\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?)?"


def _cast(name: str, pattern: str, kind: str, trino: str, value: str = "s") -> str:
    refusal = f"'INVALID_CAST_ARGUMENT: Cannot cast ''' || s || ''' to {trino}'"
    return (
        f"athena_to_{name}(s) AS CASE WHEN regexp_full_match(s, '{pattern}')"
        f" THEN coalesce(TRY_CAST({value} AS {kind}), athena_fail({refusal}))"
        f" WHEN s IS NOT NULL THEN athena_fail({refusal}) END"
    )


CASTS = (
    _cast("tinyint", _INTEGER, "TINYINT", "TINYINT"),
    _cast("smallint", _INTEGER, "SMALLINT", "SMALLINT"),
    _cast("integer", _INTEGER, "INTEGER", "INT"),
    _cast("bigint", _INTEGER, "BIGINT", "BIGINT"),
    _cast("double", _DOUBLE, "DOUBLE", "DOUBLE", "trim(s)"),
    _cast("real", _DOUBLE, "FLOAT", "REAL", "trim(s)"),
    _cast("date", _DATE, "DATE", "date", "trim(s)"),
    _cast("timestamp", rf"{_MOMENT}\s*", "TIMESTAMP_MS", "timestamp", "athena_padded(s)"),
    _cast(
        "zoned",
        rf"{_MOMENT}(?: ?UTC| ?Z)?\s*",
        "TIMESTAMPTZ",
        "timestamp with time zone",
        "athena_padded(regexp_replace(s, ' *(UTC|Z) *$', '')) || '+00'",
    ),
    "athena_to_boolean(s) AS CASE WHEN lower(s) IN ('t', 'true', '1') THEN true"
    " WHEN lower(s) IN ('f', 'false', '0') THEN false WHEN s IS NOT NULL"
    " THEN athena_fail('INVALID_CAST_ARGUMENT: Cannot cast ''' || s || ''' to BOOLEAN') END",
    "athena_limited(s, n) AS CASE WHEN length(s) <= n THEN s"
    " ELSE athena_fail('INVALID_CAST_ARGUMENT: Value ' || s || ' cannot be represented as"
    " varchar(' || n || ')') END",
    "athena_whole(x) AS CASE WHEN isfinite(x) THEN round(x)"
    " ELSE athena_fail('INVALID_CAST_ARGUMENT: Unable to cast ' || x || ' to a whole number') END",
    # DuckDB wants minutes and seconds where Trino does not.
    r"athena_padded(s) AS CASE WHEN regexp_full_match(trim(s), '\S+ \d{1,2}:\d{1,2}')"
    r" THEN trim(s) || ':00' WHEN regexp_full_match(trim(s), '\S+') THEN trim(s) || ' 00:00:00'"
    " ELSE trim(s) END",
)
