"""The alerts that the anomaly detector has stored.

Belongs here: reading them. Raising them belongs in `lambdas.anomaly_detector`, telling people of
failed runs to `alerts`.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import dagster as dg

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class StoredAlert(NamedTuple):
    """An alert as it is stored, for 30 days.

    Attributes:
        detected_at: The time it is about, ISO 8601 in UTC.
        rule: The rule that found it.
        session_id: The session it is about; None when it is about the traffic.
        evidence: What was seen.
        state: `pending` or `published`.
    """

    detected_at: str
    rule: str
    session_id: str | None
    evidence: dict[str, Any]
    state: str


class AlertStoreResource(dg.ConfigurableResource[None]):
    """The table of alerts.

    Attributes:
        table: Its name.
    """

    table: str

    def alerts(self) -> Iterator[StoredAlert]:
        """Every alert, in no order.

        Raises:
            botocore.exceptions.ClientError: If a call fails.
        """
        return stored_alerts(self._client, self.table)

    @cached_property
    def _client(self) -> "DynamoDBClient":
        return boto3.client("dynamodb")


def stored_alerts(dynamodb: "DynamoDBClient", table: str) -> Iterator[StoredAlert]:
    """Every alert of a table, in no order.

    Raises:
        botocore.exceptions.ClientError: If a call fails.
    """
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        yield from map(_alert_of, page["Items"])


def _alert_of(item: Mapping[str, Any]) -> StoredAlert:
    session = item.get("session_id")
    return StoredAlert(
        item["detected_at"]["S"],
        item["rule"]["S"],
        None if session is None else session["S"],
        json.loads(item["evidence"]["S"]),
        item["state"]["S"],
    )
