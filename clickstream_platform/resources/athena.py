"""Athena: one query, one small answer.

Belongs here: starting a query, waiting for it, reading a few rows. Questions belong to whoever
asks them; large results belong in tables that dbt builds.
"""

import time
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
import dagster as dg

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

_FIRST_POLL_S = 0.05
_LAST_POLL_S = 2.0


class AthenaQueryError(RuntimeError):
    """A query that failed, was cancelled or did not end in time; says why and which."""


class AthenaResource(dg.ConfigurableResource[None]):
    """A work group and the database its queries speak of.

    Attributes:
        database: The Glue database.
        workgroup: The work group.
        output_location: Where results are written, unless the work group enforces its own.
        timeout_s: How long a query may take.
    """

    database: str
    workgroup: str
    output_location: str
    timeout_s: float = 1800

    def query(self, sql: str) -> list[dict[str, str | None]]:
        """Asks a question whose answer is small.

        Args:
            sql: A SELECT.

        Returns:
            The rows, each column's value as the text Athena sends, NULL as None.

        Raises:
            AthenaQueryError: If the query does not succeed in time.
        """
        return self._rows(self.run(sql))

    def run(self, sql: str) -> str:
        """Runs a statement to its end.

        Args:
            sql: Any statement.

        Returns:
            The id of the execution.

        Raises:
            AthenaQueryError: If it does not succeed in time.
        """
        query_id = self._client.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            WorkGroup=self.workgroup,
            ResultConfiguration={"OutputLocation": self.output_location},
        )["QueryExecutionId"]
        self._wait_for(query_id)
        return query_id

    def _wait_for(self, query_id: str) -> None:
        deadline = time.monotonic() + self.timeout_s
        pause = _FIRST_POLL_S
        while True:
            answer = self._client.get_query_execution(QueryExecutionId=query_id)
            status = answer["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                return
            if status["State"] in {"FAILED", "CANCELLED"}:
                reason = status.get("StateChangeReason", "no reason given")
                raise AthenaQueryError(f"query {query_id} {status['State']}: {reason}")
            if time.monotonic() > deadline:
                self._client.stop_query_execution(QueryExecutionId=query_id)
                raise AthenaQueryError(f"query {query_id} took more than {self.timeout_s:g} s")
            time.sleep(pause)
            pause = min(pause * 2, _LAST_POLL_S)

    def _rows(self, query_id: str) -> list[dict[str, str | None]]:
        names: list[str] = []
        rows: list[dict[str, str | None]] = []
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
        for page in pages:
            for row in page["ResultSet"]["Rows"]:
                values = [cell.get("VarCharValue") for cell in row["Data"]]
                if not names:  # the first row of the first page names the columns
                    names = [str(value) for value in values]
                    continue
                rows.append(dict(zip(names, values, strict=True)))
        return rows

    @cached_property
    def _client(self) -> "AthenaClient":
        return boto3.client("athena")
