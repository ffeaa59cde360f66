"""The two ways this service says no, and the translation of DuckDB's errors into Athena's words.

Belongs here: exception types and error texts shared by several modules. Does not belong here: HTTP
(see `application`) and the decision whether something is an error (each module decides for itself).
"""

import re

import duckdb


class QueryError(Exception):
    """A statement failed; the message becomes the execution's `StateChangeReason`.

    Attributes:
        reason: Athena's wording, e.g. ``TABLE_NOT_FOUND: line 1:1: Table 'x' does not exist``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class QueryCancelledError(QueryError):
    """The statement noticed, between two steps, that it had been stopped."""

    def __init__(self, reason: str = "Query cancelled by user") -> None:
        super().__init__(reason)


class ApiError(Exception):
    """A request was refused before (or without) running a statement.

    Attributes:
        code: The exception name boto3 raises, e.g. ``InvalidRequestException``.
        message: What was wrong with the request.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid_request(message: str) -> ApiError:
    """Return the error Athena gives for a malformed or unserviceable request."""
    return ApiError("InvalidRequestException", message)


def unsupported(what: str) -> QueryError:
    """Return the failure for SQL that is valid on Athena but not served by this emulator."""
    return QueryError(f"NOT_SUPPORTED: line 1:1: {what} is not supported by the embedded Athena")


def table_not_found(database: str, name: str) -> QueryError:
    """Return Athena's failure for a table or view that Glue does not know."""
    return QueryError(
        f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{database}.{name}' does not exist"
    )


def schema_not_found(database: str) -> QueryError:
    """Return Athena's failure for a database that Glue does not know."""
    return QueryError(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{database}' does not exist")


def function_not_found(name: str) -> QueryError:
    """Return Athena's failure for a function it does not have."""
    return QueryError(f"FUNCTION_NOT_FOUND: line 1:1: Function '{name.lower()}' not registered")


def type_mismatch(what: str) -> QueryError:
    """Return Athena's failure for operands or arguments of the wrong types."""
    return QueryError(f"TYPE_MISMATCH: line 1:1: {what}")


# DuckDB says the same thing in several ways; the first pattern that matches wins.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"Referenced column \"([^\"]+)\" (?:was )?not found"),
        "COLUMN_NOT_FOUND: line 1:1: Column '{0}' cannot be resolved",
    ),
    (
        re.compile(r"Column \"([^\"]+)\" referenced that exists in the SELECT clause"),
        "COLUMN_NOT_FOUND: line 1:1: Column '{0}' cannot be resolved",
    ),
    (
        re.compile(r"Table \"([^\"]*)\" does not have a column named \"([^\"]+)\""),
        "COLUMN_NOT_FOUND: line 1:1: Column '{0}.{1}' cannot be resolved",
    ),
    (
        re.compile(r"Referenced table \"([^\"]+)\" not found"),
        "COLUMN_NOT_FOUND: line 1:1: Column prefix '{0}' cannot be resolved",
    ),
    (
        re.compile(r"(?:Scalar|Aggregate|Table)? ?Function with name \"?(\w+)\"? "),
        "FUNCTION_NOT_FOUND: line 1:1: Function '{0}' not registered",
    ),
    (
        re.compile(r"Table with name ([\w.$]+) does not exist"),
        "TABLE_NOT_FOUND: line 1:1: Table '{0}' does not exist",
    ),
    (
        re.compile(r"column \"([^\"]+)\" must appear in the GROUP BY clause"),
        "EXPRESSION_NOT_AGGREGATE: line 1:1: '{0}' must be an aggregate expression or appear in"
        " GROUP BY clause",
    ),
    (
        re.compile(r"Ambiguous reference to column name \"([^\"]+)\""),
        "AMBIGUOUS_NAME: line 1:1: Column '{0}' is ambiguous",
    ),
    (
        re.compile(
            r"Malformed JSON in file .*?, ([^\n]*)|JSON transform error in file .*?, ([^\n]*)"
        ),
        "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException",
    ),
    (
        re.compile(r"CSV Error on Line: (\d+)"),
        "HIVE_BAD_DATA: Error parsing line {0} of a text file",
    ),
    # What a function of ours said, in SQL or in Python.
    (re.compile(r"(?:ScalarError|Invalid Input Error): ([A-Z_]{8,}: [^\n]*)"), "{0}"),
    (
        re.compile(r"More than one row returned by a subquery"),
        "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows",
    ),
    (
        re.compile(r"Map keys must be unique"),
        "INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed",
    ),
    (
        re.compile(r"Values list \"([^\"]*)\" does not have a column named \"([^\"]+)\""),
        "COLUMN_NOT_FOUND: line 1:1: Column '{0}.{1}' cannot be resolved",
    ),
    (
        re.compile(r"Function \"athena_(\w+)\" is a Macro Function"),
        "NOT_SUPPORTED: {0} with DISTINCT, FILTER or ORDER BY",
    ),
    (
        re.compile(r"(invalid perl operator|invalid escape sequence)"),
        "NOT_SUPPORTED: this regular expression ({0})",
    ),
    (
        re.compile(r"Type (?:U?INT\d+|HUGEINT) with value (\S+) can't be cast"),
        "NUMERIC_VALUE_OUT_OF_RANGE: Out of range: {0}",
    ),
)

_CLASSES: tuple[tuple[type[duckdb.Error], str], ...] = (
    (duckdb.ConversionException, "INVALID_CAST_ARGUMENT: "),
    (duckdb.OutOfRangeException, "NUMERIC_VALUE_OUT_OF_RANGE: "),
    (duckdb.OutOfMemoryException, "EXCEEDED_LOCAL_MEMORY_LIMIT: "),
    (duckdb.ParserException, "SYNTAX_ERROR: line 1:1: "),
    (duckdb.BinderException, "TYPE_MISMATCH: line 1:1: "),
    (duckdb.InvalidInputException, "INVALID_FUNCTION_ARGUMENT: "),
    (duckdb.IOException, "HIVE_CANNOT_OPEN_SPLIT: "),
)


def from_duckdb(error: duckdb.Error) -> QueryError:
    """Translate an engine error into the closest Athena failure.

    Args:
        error: What DuckDB raised while binding or running a statement.

    Returns:
        A failure whose text starts with Athena's error name where one is known, and with
        ``GENERIC_INTERNAL_ERROR`` otherwise.
    """
    text = str(error)
    for pattern, template in _PATTERNS:
        if match := pattern.search(text):
            return QueryError(template.format(*match.groups()))
    first_line = text.split("\n", 1)[0]
    for kind, prefix in _CLASSES:
        if isinstance(error, kind):
            return QueryError(prefix + first_line)
    return QueryError(f"GENERIC_INTERNAL_ERROR: {first_line}")
