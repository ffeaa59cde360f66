"""`clickstream alerts`: what the anomaly detector has raised.

Belongs here: reading the stored alerts and printing them. Raising them belongs in
`lambdas.anomaly_detector`.
"""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.markup import escape
from rich.table import Column, Table

from infra.presentation import one_line
from lambdas.anomaly_detector import rules

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_COLUMNS = ("time (UTC)", "rule", "session", "evidence")


class Rule(StrEnum):
    """The rules there are."""

    HIGH_FREQUENCY = rules.HIGH_FREQUENCY
    SUSPICIOUS_AGENT = rules.SUSPICIOUS_AGENT
    UNUSUAL_SEQUENCE = rules.UNUSUAL_SEQUENCE
    SPIKE = rules.SPIKE
    DROP = rules.DROP


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


def read_alerts(dynamodb: "DynamoDBClient", stack: str, rule: str | None) -> list[StoredAlert]:
    """The stored alerts, those about the latest time first.

    Args:
        dynamodb: The client.
        stack: The platform's name.
        rule: Only those of one rule, if given.

    Raises:
        botocore.exceptions.ClientError: If a call fails.
    """
    pages = dynamodb.get_paginator("scan").paginate(TableName=f"{stack}-alerts")
    found = [_alert_of(item) for page in pages for item in page["Items"]]
    chosen = [alert for alert in found if rule in {None, alert.rule}]
    return sorted(chosen, key=lambda alert: (alert.detected_at, alert.rule), reverse=True)


def alerts_table(alerts: list[StoredAlert], limit: int) -> Table:
    """The first alerts, as a table."""
    table = Table(*(Column(name, overflow="fold") for name in _COLUMNS))
    for alert in alerts[:limit]:
        evidence = ", ".join(f"{name} {value}" for name, value in alert.evidence.items())
        pending = "" if alert.state == "published" else " (not published yet)"
        table.add_row(
            *(
                escape(one_line(text))
                for text in (
                    alert.detected_at[:19],
                    alert.rule,
                    alert.session_id or "-",
                    f"{evidence}{pending}",
                )
            )
        )
    return table


def alerts_json(alerts: list[StoredAlert], limit: int) -> str:
    """The first alerts, as a JSON list."""
    return json.dumps([alert._asdict() for alert in alerts[:limit]], indent=2)


def _alert_of(item: dict[str, Any]) -> StoredAlert:
    session = item.get("session_id")
    return StoredAlert(
        item["detected_at"]["S"],
        item["rule"]["S"],
        None if session is None else session["S"],
        json.loads(item["evidence"]["S"]),
        item["state"]["S"],
    )
