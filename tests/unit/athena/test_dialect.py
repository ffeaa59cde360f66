"""Athena SQL gives Athena's answers. Expected texts are what Trino (engine version 3) prints."""

from collections.abc import Callable

import duckdb
import pytest

from infra.local.athena.errors import QueryError, from_duckdb

Run = Callable[[str], list[list[str | None]]]

EVENTS = (
    "(VALUES (1, 'a', TIMESTAMP '2024-01-01 00:00:00', 10.0),"
    " (1, 'b', TIMESTAMP '2024-01-01 00:10:00', 20.0),"
    " (1, 'c', TIMESTAMP '2024-01-01 01:30:00', 5.0),"
    " (2, 'a', TIMESTAMP '2024-01-01 00:05:00', 7.0)) AS e(u, k, ts, v)"
)

SCALARS = [
    ("date_parse('2024-01-02 03:04:05', '%Y-%m-%d %H:%i:%s')", "2024-01-02 03:04:05.000"),
    ("date_parse('02/Jan/2024:03:04:05', '%d/%b/%Y:%T')", "2024-01-02 03:04:05.000"),
    ("date_parse('2024-01-02 03:04:05.123', '%Y-%m-%d %H:%i:%s.%f')", "2024-01-02 03:04:05.123"),
    ("date_format(TIMESTAMP '2024-01-02 13:04:05', '%Y-%m-%d-%H %i')", "2024-01-02-13 04"),
    ("format_datetime(TIMESTAMP '2024-01-02 03:04:05', 'yyyy-MM-dd HH:mm')", "2024-01-02 03:04"),
    (
        "cast(parse_datetime('2024-01-02 03', 'yyyy-MM-dd HH') as timestamp)",
        "2024-01-02 03:00:00.000",
    ),
    ("from_iso8601_timestamp('2024-01-02T03:04:05.678Z')", "2024-01-02 03:04:05.678 UTC"),
    ("to_unixtime(from_iso8601_timestamp('2024-01-02T03:04:05+02:00'))", "1.704157445E9"),
    ("from_iso8601_date('2024-01-02')", "2024-01-02"),
    ("to_iso8601(TIMESTAMP '2024-01-02 03:04:05')", "2024-01-02T03:04:05.000"),
    ("cast(from_unixtime(1704164645) as timestamp)", "2024-01-02 03:04:05.000"),
    ("date_trunc('hour', TIMESTAMP '2024-01-02 03:04:05')", "2024-01-02 03:00:00.000"),
    ("date_trunc('week', DATE '2024-01-04')", "2024-01-01"),
    ("date_diff('hour', TIMESTAMP '2024-01-01 00:59:00', TIMESTAMP '2024-01-01 01:01:00')", "0"),
    (
        "date_diff('second', TIMESTAMP '2024-01-01 00:00:00', TIMESTAMP '2024-01-01 00:30:30')",
        "1830",
    ),
    ("date_add('day', 1, DATE '2024-02-28')", "2024-02-29"),
    ("date_add('minute', -30, TIMESTAMP '2024-01-01 00:00:00')", "2023-12-31 23:30:00.000"),
    ("day_of_week(DATE '2024-01-07')", "7"),
    ("extract(dow from DATE '2024-01-07')", "7"),
    (
        "cardinality(sequence(TIMESTAMP '2024-01-01 00:00:00', TIMESTAMP '2024-01-01 05:00:00',"
        " interval '1' hour))",
        "6",
    ),
    ("7 / 2", "3"),
    ("-7 / 2", "-3"),
    ("cast(2.5e0 as integer)", "3"),
    ("cast(-2.5e0 as integer)", "-3"),
    ("cast(1e10 as varchar)", "1.0E10"),
    ("cast(0.001e0 as varchar)", "1.0E-3"),
    ("cast(true as varchar)", "true"),
    ("cast(TIMESTAMP '2024-01-02 03:04:05' as varchar)", "2024-01-02 03:04:05"),
    ("element_at(array[1, 2, 3], -1)", "3"),
    ("element_at(array[1], 5)", None),
    ("element_at(map(array['a'], array[1]), 'z')", None),
    ("map_filter(map(array['a', 'b'], array[1, 2]), (k, v) -> v > 1)", "{b=2}"),
    ("transform_values(map(array['a'], array[1]), (k, v) -> v + 1)", "{a=2}"),
    ("transform_keys(map(array['a'], array[1]), (k, v) -> concat(k, 'x'))", "{ax=1}"),
    ("transform(array[1, 2], x -> x + 1)", "[2, 3]"),
    ("reduce(array[1, 2, 3], 0, (s, x) -> s + x, s -> s * 10)", "60"),
    ("any_match(array[1, 2], x -> x > 1)", "true"),
    ("all_match(array[1, 2], x -> x > 1)", "false"),
    ("none_match(array[1], x -> x > 1)", "true"),
    ("zip_with(array[1, 2], array[3, 4], (x, y) -> x + y)", "[4, 6]"),
    ("array[1] || array[2]", "[1, 2]"),
    ("array[1] || 2", "[1, 2]"),
    ("array_join(array['a', null, 'b'], ',', '-')", "a,-,b"),
    ("slice(array[1, 2, 3], 2, 2)", "[2, 3]"),
    ("reverse(array[1, 2])", "[2, 1]"),
    ("reverse('abc')", "cba"),
    ("split('a,b,c', ',', 2)", "[a, b,c]"),
    ("split_to_map('a=1&b=2', '&', '=')", "{a=1, b=2}"),
    ('json_extract_scalar(\'{"a": {"b": "x"}}\', \'$.a.b\')', "x"),
    ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a')", None),
    ("json_extract_scalar('not json', '$.a')", None),
    ("json_value('{\"a\": 1}', 'lax $.a')", "1"),
    ("json_format(json_extract('{\"a\": {\"b\": 1}}', '$.a'))", '{"b":1}'),
    ("regexp_like('checkout/step2', 'step\\d')", "true"),
    ("regexp_extract('utm_source=google&x', 'utm_source=([^&]+)', 1)", "google"),
    ("regexp_extract('abc', 'z')", None),
    ("regexp_replace('a1b2', '(\\d)', '<$1>')", "a<1>b<2>"),
    ("format('%s-%05d', 'a', 7)", "a-00007"),
    ("url_extract_host('https://shop.example.com:8080/p/1?x=1#f')", "shop.example.com"),
    ("url_extract_path('https://shop.example.com/p/1?x=1#f')", "/p/1"),
    ("url_extract_port('https://shop.example.com:8080/p')", "8080"),
    ("url_extract_parameter('https://e.com/p?x=1&y=a%20b', 'y')", "a b"),
    ("url_decode('a%20b+c')", "a b c"),
    ("width_bucket(5.5, 0, 10, 5)", "3"),
    ("try_cast('x' as integer)", None),
    ("if(1 > 2, 'a')", None),
    ("greatest(1, null)", None),
    ("lower(to_hex(md5(to_utf8('a'))))", "0cc175b9c0f1b6a831c399e269772661"),
    ("crc32(to_utf8('a'))", "3904355907"),
    ("row(1, 'x')", "{field0=1, field1=x}"),
    ("cast(row(1, 'x') as row(a integer, b varchar))", "{a=1, b=x}"),
    ("cast(1.10 as decimal(5, 2))", "1.10"),
    ("nan()", "NaN"),
    ("1e0 / 0e0", "Infinity"),
]

QUERIES = [
    ("select approx_distinct(u) from @events", [["2"]]),
    ("select approx_percentile(x, 0.5) from unnest(sequence(1, 101)) t(x)", [["51"]]),
    (
        "select approx_percentile(x, array[0.5, 0.95]) from unnest(sequence(1, 101)) t(x)",
        [["[51, 96]"]],
    ),
    ("select max_by(k, ts), min_by(k, v) from @events", [["c", "c"]]),
    ("select count_if(v > 6), count(*) filter (where u = 1) from @events", [["3", "3"]]),
    ("select array_agg(k order by ts desc) from @events where u = 1", [["[c, b, a]"]]),
    ("select listagg(k, ',') within group (order by ts) from @events where u = 1", [["a,b,c"]]),
    ("select k, v from unnest(map(array['a'], array[1])) as t(k, v)", [["a", "1"]]),
    ("select sum(a * b) from unnest(array[1, 2], array[10, 20]) as t(a, b)", [["50"]]),
    ("select a, b from unnest(array[row(1, 'x')]) as t(a, b)", [["1", "x"]]),
    (
        "select x, o from unnest(array['a', 'b']) with ordinality as u(x, o) order by o desc",
        [["b", "2"], ["a", "1"]],
    ),
    (
        "select sum(x) from (select array[1, 2] arr union all select array[3]) t"
        " cross join unnest(arr) as u(x)",
        [["6"]],
    ),
    ("select * from (values row(1, 'a')) t(x, y)", [["1", "a"]]),
    ("values (1, 'a'), (2, null)", [["1", "a"], ["2", None]]),
    ("select x from (values 1, null, 2) t(x) order by x desc", [["2"], ["1"], [None]]),
    (
        "select max(s) from (select sum(n) over (partition by u order by ts) s from (select u, ts,"
        " case when date_diff('second', lag(ts) over (partition by u order by ts), ts) <= 1800"
        " then 0 else 1 end n from @events))",
        [["2"]],
    ),
    ("select sum(cast(u as bigint)) from @events", [["5"]]),
]


@pytest.mark.parametrize(("expression", "expected"), SCALARS)
def test_scalar(run: Run, expression: str, expected: str | None) -> None:
    assert run(f"select {expression}") == [[expected]]


@pytest.mark.parametrize(("sql", "expected"), QUERIES)
def test_query(run: Run, sql: str, expected: list[list[str | None]]) -> None:
    assert run(sql.replace("@events", EVENTS)) == expected


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select 1 / 0", "DIVISION_BY_ZERO"),
        ("select cast('abc' as integer)", "INVALID_CAST_ARGUMENT"),
        ("select nope from (values 1) t(x)", "COLUMN_NOT_FOUND: line 1:1: Column 'nope'"),
        ("select no_such_function(1)", "FUNCTION_NOT_FOUND: line 1:1: Function 'no_such_function'"),
        ("select x, count(*) from (values 1) t(x)", "EXPRESSION_NOT_AGGREGATE"),
        ("selec 1", "SYNTAX_ERROR: line 1:"),
        ("select from", "SYNTAX_ERROR"),
        ("select 1; select 2", "SYNTAX_ERROR"),
        ("select soundex('a')", "NOT_SUPPORTED"),
        ("select format_datetime(now(), 'QQ')", "INVALID_FUNCTION_ARGUMENT"),
    ],
)
def test_error(run: Run, sql: str, reason: str) -> None:
    def translated() -> None:
        try:
            run(sql)
        except duckdb.Error as error:
            raise from_duckdb(error) from error

    with pytest.raises(QueryError) as caught:
        translated()
    assert caught.value.reason.startswith(reason)


def test_a_subscript_that_is_a_column_counts_from_one(run):
    """Subscripts were shifted: sqlglot moves those that it learns late to be numbers."""
    sql = """
        SELECT i, x.a[i], x.a[i + 1 - 1], element_at(x.a, i), x.a[cast(i AS integer)]
        FROM (VALUES (ARRAY['first', 'second'])) AS x (a)
        CROSS JOIN UNNEST(sequence(1, 2)) AS s (i)
        ORDER BY i
    """
    assert run(sql) == [["1", *["first"] * 4], ["2", *["second"] * 4]]
