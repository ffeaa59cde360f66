"""`clickstream alerts`: what the anomaly detector has raised.

Belongs here: choosing among the stored alerts and printing them. Raising them belongs in
`lambdas.anomaly_detector`.
"""

import json
from enum import StrEnum
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Column, Table

from clickstream_platform.resources.alert_store import StoredAlert, stored_alerts
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


def read_alerts(dynamodb: "DynamoDBClient", stack: str, rule: str | None) -> list[StoredAlert]:
    """The stored alerts, those about the latest time first.

    Args:
        dynamodb: The client.
        stack: The platform's name.
        rule: Only those of one rule, if given.

    Raises:
        botocore.exceptions.ClientError: If a call fails.
    """
    found = stored_alerts(dynamodb, f"{stack}-alerts")
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
