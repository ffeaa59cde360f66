"""DuckDB macros of Trino's functions on times, collections and JSON.

Belongs here: functions that can be written as a DuckDB expression of their arguments. Does not
belong here: numbers and texts (see `scalar_macros`), and anything that needs the syntax tree, such
as lambdas (see `nested`).
"""

_ARGUMENT = "INVALID_FUNCTION_ARGUMENT"
_MAX_SEQUENCE = 10_000
_ISO = r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?"

TIMES = (
    "athena_now() AS date_trunc('milliseconds', now())",
    "athena_current_timezone() AS 'UTC'",
    "athena_millisecond(t) AS date_part('milliseconds', t) % 1000",
    "athena_from_unixtime(n) AS timezone('UTC', epoch_ms(round(n::DOUBLE * 1000)::BIGINT))",
    "athena_interval_milliseconds(i) AS round(epoch(i) * 1000)::BIGINT",
    "athena_text_of_moment(t, digits) AS CASE WHEN digits = 0 THEN"
    " strftime(t, '%Y-%m-%d %H:%M:%S') ELSE left(strftime(t, '%Y-%m-%d %H:%M:%S.%g'),"
    " 20 + digits) END",
    "athena_iso_of_moment(t) AS strftime(t, '%Y-%m-%dT%H:%M:%S.%g')",
    "athena_iso_date(s) AS CASE"
    r" WHEN regexp_full_match(s, '\d{4}-\d{2}-\d{2}') THEN s::DATE"
    r" WHEN regexp_matches(s, '^\d{4}(-?W?\d|$)')"
    " THEN athena_fail('NOT_SUPPORTED: the ISO 8601 date ' || s)"
    f" ELSE athena_fail('{_ARGUMENT}: Invalid format: \"' || s || '\"') END",
    r"athena_iso_padded(s) AS regexp_replace(regexp_replace(s, '(T\d{2}:\d{2})(Z|[+-]|$)',"
    r" '\1:00\2'), '([+-]\d{2})(\d{2})$', '\1:\2')",
    rf"athena_iso_instant(s) AS CASE WHEN regexp_full_match(s, '{_ISO}') THEN"
    " date_trunc('milliseconds', athena_iso_padded(s)::TIMESTAMPTZ)"
    r" WHEN regexp_matches(s, '^\d{4}(-?W?\d|T|$)')"
    " THEN athena_fail('NOT_SUPPORTED: the ISO 8601 timestamp ' || s)"
    f" WHEN s IS NOT NULL THEN athena_fail('{_ARGUMENT}: Invalid format: \"' || s || '\"') END",
    # The engine keeps the moment, not the zone: the fields of another zone would be wrong.
    r"athena_iso_utc(s) AS CASE WHEN regexp_matches(s, 'T.*[+-]\d') AND NOT"
    r" regexp_matches(s, '[+-]00(?::?00)?$')"
    " THEN athena_fail('NOT_SUPPORTED: from_iso8601_timestamp of a zone other than UTC; use AT TIME"
    " ZONE on it, or to_unixtime') ELSE athena_iso_instant(s) END",
)

_NULLS = "list_count({0}) < len({0})"

COLLECTIONS = (
    "athena_subscript(a, i) AS CASE WHEN i > len(a) THEN athena_fail("
    f"'{_ARGUMENT}: Array subscript must be less than or equal to array length: '"
    " || i || ' > ' || len(a))"
    f" WHEN i = 0 THEN athena_fail('{_ARGUMENT}: SQL array indices start at 1')"
    f" WHEN i < 0 THEN athena_fail('{_ARGUMENT}: Array subscript is negative: ' || i)"
    " ELSE list_extract(a, i) END",
    "athena_map_subscript(m, k) AS CASE WHEN m IS NOT NULL AND NOT map_contains(m, k)"
    f" THEN athena_fail('{_ARGUMENT}: Key not present in map: ' || k)"
    " ELSE map_extract_value(m, k) END",
    "athena_array_element(a, i) AS CASE WHEN i = 0"
    f" THEN athena_fail('{_ARGUMENT}: SQL array indices start at 1')"
    " ELSE list_extract(a, i) END",
    "athena_map_element(m, k) AS map_extract_value(m, k)",
    "athena_empty_map() AS MAP {}",
    "athena_map_entries(m) AS list_transform(map_entries(m), lambda e:"
    " {'field0': e.key, 'field1': e.value})",
    "athena_contains(a, x) AS CASE WHEN a IS NULL OR x IS NULL THEN NULL"
    f" WHEN list_contains(a, x) THEN true WHEN {_NULLS.format('a')} THEN NULL ELSE false END",
    "athena_array_position(a, x) AS CASE WHEN a IS NULL OR x IS NULL THEN NULL"
    " ELSE coalesce(list_position(a, x), 0)::BIGINT END",
    "athena_array_distinct(a) AS list_filter(a, lambda e, i: list_position(a, e) = i)",
    "athena_array_union(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL"
    " ELSE athena_array_distinct(list_concat(a, b)) END",
    "athena_array_except(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL"
    " ELSE athena_array_distinct(list_filter(a, lambda e: list_position(b, e) IS NULL)) END",
    "athena_array_intersect(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL"
    " ELSE athena_array_distinct(list_filter(a, lambda e: list_position(b, e) IS NOT NULL)) END",
    "athena_array_remove(a, x) AS CASE WHEN x IS NULL THEN NULL"
    " ELSE list_filter(a, lambda e: e IS NULL OR e <> x) END",
    "athena_array_sort(a) AS list_sort(a, 'ASC', 'NULLS LAST')",
    f"athena_array_min(a) AS CASE WHEN {_NULLS.format('a')} THEN NULL ELSE list_min(a) END",
    f"athena_array_max(a) AS CASE WHEN {_NULLS.format('a')} THEN NULL ELSE list_max(a) END",
    "athena_arrays_overlap(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL"
    " WHEN list_has_any(a, b) THEN true"
    " WHEN len(a) = 0 OR len(b) = 0 THEN false"
    f" WHEN {_NULLS.format('a')} OR {_NULLS.format('b')} THEN NULL ELSE false END",
    "athena_array_concat(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL"
    " ELSE list_concat(a, b) END",
    "athena_concat_ws(s, a) AS CASE WHEN a IS NOT NULL THEN"
    " coalesce(array_to_string(list_filter(a, lambda x: x IS NOT NULL), s), '') END",
    # Unequal where two elements are; else unknown where one is NULL; else equal.
    "athena_array_equal(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL"
    " WHEN len(a) <> len(b) OR len(list_filter(a, lambda e, i: e <> b[i])) > 0 THEN false"
    f" WHEN {_NULLS.format('a')} OR {_NULLS.format('b')} THEN NULL ELSE true END",
    f"athena_without_nulls(a) AS CASE WHEN {_NULLS.format('a')} THEN"
    " athena_fail('NOT_SUPPORTED: the order of arrays with NULLs') ELSE a END",
    "athena_array_append(a, x) AS CASE WHEN a IS NOT NULL THEN list_append(a, x) END",
    "athena_array_prepend(x, a) AS CASE WHEN a IS NOT NULL THEN list_prepend(x, a) END",
    "athena_trim_array(a, n) AS CASE WHEN n < 0 OR n > len(a)"
    f" THEN athena_fail('{_ARGUMENT}: size must not exceed array cardinality')"
    " ELSE a[:len(a) - n] END",
    "athena_repeat(x, n) AS list_transform(range(n), lambda i: x)",
    "athena_slice(a, first, size) AS CASE"
    f" WHEN first = 0 THEN athena_fail('{_ARGUMENT}: SQL array indices start at 1')"
    f" WHEN size < 0 THEN athena_fail('{_ARGUMENT}: length must be greater than or equal to 0')"
    " WHEN abs(first) > len(a) OR size = 0 THEN a[1:0]"
    " WHEN first > 0 THEN a[first:first + size - 1]"
    " ELSE a[len(a) + first + 1:least(len(a), len(a) + first + size)] END",
    "athena_steps(a, b, step) AS CASE"
    f" WHEN step = 0 OR (b - a > 0) <> (step > 0) AND b <> a THEN athena_fail('{_ARGUMENT}:"
    " sequence stop value should be greater than or equal to start value if step is greater than"
    " zero otherwise stop should be less than or equal to start')"
    f" WHEN abs((b::BIGINT - a::BIGINT) // step) >= {_MAX_SEQUENCE} THEN athena_fail('{_ARGUMENT}:"
    f" result of sequence function must not have more than {_MAX_SEQUENCE} entries')"
    " ELSE generate_series(a::BIGINT, b::BIGINT, step::BIGINT) END",
    "athena_sequence(a, b) AS athena_steps(a, b, CASE WHEN a <= b THEN 1 ELSE -1 END),"
    " (a, b, step) AS athena_steps(a, b, step)",
    "athena_limited_sequence(s) AS CASE WHEN len(s) = 0 THEN"
    f" athena_fail('{_ARGUMENT}: sequence stop value should be greater than or equal to start value"
    " if step is greater than zero otherwise stop should be less than or equal to start')"
    f" WHEN len(s) > {_MAX_SEQUENCE} THEN athena_fail('{_ARGUMENT}:"
    f" result of sequence function must not have more than {_MAX_SEQUENCE} entries') ELSE s END",
    "athena_date_sequence(a, b) AS athena_limited_sequence("
    "generate_series(a, b, CASE WHEN a <= b THEN INTERVAL 1 DAY ELSE INTERVAL (-1) DAY END))",
    "athena_unique_entries(e) AS list_filter(e, lambda x, i:"
    " list_position(list_transform(e, lambda y: y.k), x.k) = i)",
    "athena_map_agg(k, v) AS map_from_entries(athena_unique_entries("
    "list({'k': k, 'v': v}) FILTER (k IS NOT NULL)))",
    "athena_grouped(e) AS map_from_entries(list_transform(athena_unique_entries(e), lambda x:"
    " {'k': x.k, 'v': list_transform(list_filter(e, lambda y: y.k = x.k), lambda y: y.v)}))",
    "athena_multimap_agg(k, v) AS athena_grouped(list({'k': k, 'v': v}) FILTER (k IS NOT NULL))",
)

JSON = (
    "athena_json_scalar(j, p) AS CASE WHEN json_valid(j::VARCHAR) THEN"
    " CASE json_type(j::JSON, p) WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL"
    " WHEN 'DOUBLE' THEN athena_json_number(j::VARCHAR, p)"
    " ELSE json_extract_string(j::JSON, p) END END",
    "athena_json_extract(j, p) AS CASE WHEN json_valid(j::VARCHAR)"
    " THEN json_extract(j::JSON, p) END",
    "athena_json_size(j, p) AS CASE WHEN json_valid(j::VARCHAR) THEN CASE json_type(j::JSON, p)"
    " WHEN 'ARRAY' THEN json_array_length(j::JSON, p)::BIGINT"
    " WHEN 'OBJECT' THEN len(json_keys(j::JSON, p)) WHEN NULL THEN NULL"
    " ELSE CASE WHEN json_type(j::JSON, p) IS NOT NULL THEN 0 END END END",
    "athena_json_array_length(j) AS CASE WHEN json_valid(j::VARCHAR) AND"
    " json_type(j::JSON) = 'ARRAY' THEN json_array_length(j::JSON)::BIGINT END",
    "athena_is_json_scalar(j) AS CASE WHEN j IS NULL THEN NULL WHEN json_valid(j::VARCHAR)"
    " THEN json_type(j::JSON) NOT IN ('OBJECT', 'ARRAY')"
    f" ELSE athena_fail('{_ARGUMENT}: Invalid JSON value: ' || j::VARCHAR) END",
    "athena_json_format(j) AS CASE WHEN json_valid(j::VARCHAR) THEN json(j)::VARCHAR"
    f" WHEN j IS NOT NULL THEN athena_fail('{_ARGUMENT}: Cannot convert value to JSON') END",
    "athena_json_text(j) AS CASE json_type(j) WHEN 'OBJECT' THEN"
    " athena_fail('INVALID_CAST_ARGUMENT: Cannot cast to varchar: ' || j::VARCHAR)"
    " WHEN 'ARRAY' THEN athena_fail('INVALID_CAST_ARGUMENT: Cannot cast to varchar: ' ||"
    " j::VARCHAR) ELSE json_extract_string(j, '$') END",
)
