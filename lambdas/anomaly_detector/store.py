"""Alerts, published once.

Belongs here: the alert items and SNS. An alert is written as pending, published, then marked as
published: after a crash in between it is published again rather than lost.
"""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from lambdas.anomaly_detector.rules import Alert
from lambdas.shared.items import read_items
from lambdas.shared.statements import StatementWriter, insert, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

TTL_S = 30 * 24 * 3600
_PUBLISH_BATCH = 10
_PENDING = {"S": "pending"}


class PublishFailed(RuntimeError):  # noqa: N818 - named for what happened
    """SNS refused an alert; the batch must be delivered again."""


class AlertStore:
    """Stores and publishes alerts."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        sns: "SNSClient",
        table_prefix: str,
        topic_arn: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._dynamodb = dynamodb
        self._writer = StatementWriter(dynamodb)
        self._sns = sns
        self._table = f"{table_prefix}-alerts"
        self._topic_arn = topic_arn
        self._now = now

    def raise_alerts(self, alerts: list[Alert]) -> int:
        """Publishes those alerts that were not published yet.

        Returns:
            How many were published now.

        Raises:
            botocore.exceptions.ClientError: On a fault; the batch must be delivered again.
            StatementError: On a fault of single items; the same.
            PublishFailed: If SNS refused some.
        """
        return self._send(self._claim(list({alert.alert_id: alert for alert in alerts}.values())))

    def raise_pending(self, alert_ids: list[str]) -> int:
        """Publishes those of some alerts that an earlier attempt has found and not published.

        Returns:
            How many were published now.

        Raises:
            botocore.exceptions.ClientError: As `raise_alerts`; so the others.
        """
        keys = [{"alert_id": {"S": alert_id}} for alert_id in dict.fromkeys(alert_ids)]
        items = read_items(self._dynamodb, self._table, keys)
        return self._send([_alert_of(item) for item in items if item["state"] == _PENDING])

    def _send(self, due: list[Alert]) -> int:
        for start in range(0, len(due), _PUBLISH_BATCH):
            chunk = due[start : start + _PUBLISH_BATCH]
            refused = self._publish(chunk)
            self._mark_published([alert for i, alert in enumerate(chunk) if str(i) not in refused])
            if refused:
                raise PublishFailed(f"SNS refused {len(refused)} of {len(chunk)} alerts")
        return len(due)

    def _claim(self, alerts: list[Alert]) -> list[Alert]:
        """Writes alerts as pending; returns those that were not published before."""
        ttl = {"N": str(int(self._now()) + TTL_S)}
        outcomes = self._writer.execute(
            [
                insert(self._table, {**_item_of(alert), "state": _PENDING, "ttl": ttl})
                for alert in alerts
            ]
        )
        old = [alert for alert, done in zip(alerts, outcomes, strict=True) if not done.applied]
        published = self._published(old)
        return [alert for alert in alerts if alert.alert_id not in published]

    def _published(self, alerts: list[Alert]) -> set[str]:
        """Which of these are published, by what is stored."""
        keys = [{"alert_id": {"S": alert.alert_id}} for alert in alerts]
        items = read_items(self._dynamodb, self._table, keys)
        return {item["alert_id"]["S"] for item in items if item["state"] != _PENDING}

    def _publish(self, alerts: list[Alert]) -> set[str]:
        """Publishes alerts; returns the positions of those that SNS refused."""
        response = self._sns.publish_batch(
            TopicArn=self._topic_arn,
            PublishBatchRequestEntries=[
                {
                    "Id": str(index),
                    "Subject": f"Clickstream alert: {alert.rule}",
                    "Message": json.dumps(alert._asdict()),
                }
                for index, alert in enumerate(alerts)
            ],
        )
        return {failure["Id"] for failure in response.get("Failed", [])}

    def _mark_published(self, alerts: list[Alert]) -> None:
        """Marks alerts; one that is no longer pending was marked by a delivery before."""
        self._writer.execute(
            [
                update(
                    self._table,
                    {"alert_id": {"S": alert.alert_id}},
                    {"state": {"S": "published"}},
                    {},
                    ("state =", _PENDING),
                )
                for alert in alerts
            ]
        )


def _item_of(alert: Alert) -> dict[str, Any]:
    """An alert as it is stored: its evidence as JSON text."""
    fields = {**alert._asdict(), "evidence": msgspec.json.encode(alert.evidence).decode()}
    return {name: {"S": value} for name, value in fields.items() if value is not None}


def _alert_of(item: dict[str, Any]) -> Alert:
    session = item.get("session_id")
    return Alert(
        item["alert_id"]["S"],
        item["rule"]["S"],
        None if session is None else session["S"],
        item["detected_at"]["S"],
        msgspec.json.decode(item["evidence"]["S"]),
    )
