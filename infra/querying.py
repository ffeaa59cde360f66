"""Questions to Athena, asked and answered.

Belongs here: running one statement and reading its rows. Which statements there are belongs to
whoever asks.
"""

import re
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

_POLL_S = 0.1


_QUESTIONS = ("select", "with", "show", "describe", "desc", "explain", "values", "table")
_COMMENT = re.compile(r"\s*(--[^\n]*(\n|$)|/\*.*?\*/)", re.DOTALL)


def is_question(sql: str) -> bool:
    """Whether a statement only reads, by its first word."""
    while match := _COMMENT.match(sql):
        sql = sql[match.end() :]
    words = sql.lstrip(" \t\r\n(").split(maxsplit=1)
    return not words or words[0].lower() in _QUESTIONS


class QueryError(RuntimeError):
    """Athena refused or failed the statement; the message is Athena's."""


class Answer(NamedTuple):
    """The result of one statement.

    Attributes:
        columns: Names of its columns.
        rows: Its rows, as text; None for NULL.
        scanned_bytes: Bytes it read.
        seconds: How long Athena worked on it.
        is_cut: Whether there are more rows than these.
    """

    columns: list[str]
    rows: list[list[str | None]]
    scanned_bytes: int
    seconds: float
    is_cut: bool = False


class Querying:
    """Runs statements in one database and work group."""

    def __init__(self, athena: "AthenaClient", database: str, workgroup: str) -> None:
        self._athena = athena
        self._database = database
        self._workgroup = workgroup

    def ask(self, sql: str, limit: int | None = None) -> Answer:
        """Runs a statement to its end.

        Args:
            sql: Any statement Athena takes.
            limit: The most rows to read back, or None for all.

        Raises:
            QueryError: If Athena fails it.
        """
        started = self._athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self._database},
            WorkGroup=self._workgroup,
        )
        query = started["QueryExecutionId"]
        while True:
            execution = self._athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            status = execution["Status"]
            if status["State"] == "SUCCEEDED":
                break
            if status["State"] in {"FAILED", "CANCELLED"}:
                raise QueryError(status.get("StateChangeReason") or status["State"])
            time.sleep(_POLL_S)
        statistics = execution["Statistics"]
        columns, rows = self._read(query, execution.get("StatementType") == "DML", limit)
        return Answer(
            columns,
            rows[:limit],
            statistics.get("DataScannedInBytes", 0),
            statistics.get("EngineExecutionTimeInMillis", 0) / 1000,
            is_cut=limit is not None and len(rows) > limit,
        )

    def number(self, sql: str) -> int:
        """The single number a statement answers; 0 for NULL."""
        return int(self.ask(sql).rows[0][0] or 0)

    def _read(
        self, query: str, has_header: bool, limit: int | None
    ) -> tuple[list[str], list[list[str | None]]]:
        columns: list[str] = []
        rows: list[list[str | None]] = []
        for page in self._athena.get_paginator("get_query_results").paginate(
            QueryExecutionId=query
        ):
            result = page["ResultSet"]
            if not columns:
                columns = [column["Name"] for column in result["ResultSetMetadata"]["ColumnInfo"]]
            rows.extend(
                [cell.get("VarCharValue") for cell in row["Data"]] for row in result["Rows"]
            )
            if limit is not None and len(rows) > limit + 1:
                break
        if has_header and rows and rows[0] == columns:
            rows = rows[1:]
        return columns, rows
