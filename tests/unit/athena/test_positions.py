"""Positions in failures: Trino's where they are certain, `line 1:1` where they are not."""

import pytest

from infra.local.athena.sql.positions import located

COLUMN = "COLUMN_NOT_FOUND: {}: Column 'x' cannot be resolved"
QUALIFIED = "COLUMN_NOT_FOUND: {}: Column 't.x' cannot be resolved"
TABLE = "TABLE_NOT_FOUND: {}: Table 'awsdatacatalog.db.t' does not exist"
SCHEMA = "SCHEMA_NOT_FOUND: {}: Schema 'nope' does not exist"
FUNCTION = "FUNCTION_NOT_FOUND: {}: Function 'nope' not registered"
PARAMETERS = (
    "TYPE_MISMATCH: {}: Unexpected parameters (integer) for function upper. Expected: upper(text)"
)
EQUAL = "TYPE_MISMATCH: {}: Cannot apply operator: varchar = integer"
UNEQUAL = "TYPE_MISMATCH: {}: Cannot apply operator: timestamp(3) with time zone <> integer"
LESS = "TYPE_MISMATCH: {}: Cannot apply operator: varchar <= integer"


@pytest.mark.parametrize(
    ("sql", "reason", "position"),
    [
        ("select x from t", COLUMN, "line 1:8"),
        ("select a,\n  X\nfrom t", COLUMN, "line 2:3"),
        ("-- x\n/* x */ select 'x', x from t", COLUMN, "line 2:21"),
        ('select "x" from t', COLUMN, "line 1:8"),
        ("select x.y from t", COLUMN, "line 1:8"),
        ("select x(1), x from t", COLUMN, "line 1:14"),
        ("select t.x, u.x, x from t", QUALIFIED, "line 1:8"),
        ("select 1 from t", TABLE, "line 1:15"),
        ("select t.a from db.t", TABLE, "line 1:17"),
        ("select 1 from awsdatacatalog.db.t", TABLE, "line 1:15"),
        ("select 1 from other.t, t", TABLE, "line 1:24"),
        ("drop table t", TABLE, "line 1:12"),
        ("select 1 from nope.t", SCHEMA, "line 1:15"),
        ("select 'é', nope(1)", FUNCTION, "line 1:13"),
        ("select nope, nope (1)", FUNCTION, "line 1:14"),
        ("select upper(1)", PARAMETERS, "line 1:8"),
        ("select 1 from t where a = 1", EQUAL, "line 1:25"),
        ("select '=' from t where a <= 2 and b = 1", EQUAL, "line 1:38"),
        ("select a != 1", UNEQUAL, "line 1:10"),
        ("select a <= 1", LESS, "line 1:10"),
        # Which of them is meant is not known, or none is there: a view has it.
        ("select x from t where x = 1", COLUMN, "line 1:1"),
        ("select y as x, x from t", COLUMN, "line 1:1"),
        ("select a = 1, b = 2", EQUAL, "line 1:1"),
        ("select * from a_view", COLUMN, "line 1:1"),
        ("select 'unfinished", COLUMN, "line 1:1"),
    ],
)
def test_position(sql: str, reason: str, position: str) -> None:
    assert located(reason.format("line 1:1"), sql) == reason.format(position)


@pytest.mark.parametrize(
    "reason",
    [
        "SYNTAX_ERROR: line 3:7: mismatched input 'x'",
        "NOT_SUPPORTED: line 1:1: MERGE on a Hive table",
        "INVALID_CAST_ARGUMENT: Cannot cast 'x' to INTEGER",
    ],
)
def test_other_failures_stay_as_they_are(reason: str) -> None:
    assert located(reason, "select x") == reason
