"""Alerts, published once.

Belongs here: the alert items and SNS. An alert is written as pending, published, then marked as
published: after a crash in between it is published again rather than lost.
"""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

from lambdas.anomaly_detector.rules import Alert

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

TTL_S = 30 * 24 * 3600
_PUBLISH_BATCH = 10
_WRITERS = 4


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
        self._sns = sns
        self._table = f"{table_prefix}-alerts"
        self._topic_arn = topic_arn
        self._now = now
        self._pool = ThreadPoolExecutor(_WRITERS)

    def raise_alerts(self, alerts: list[Alert]) -> int:
        """Publishes those alerts that were not published yet.

        Returns:
            How many were published now.

        Raises:
            botocore.exceptions.ClientError: On a fault; the batch must be delivered again.
            PublishFailed: If SNS refused some.
        """
        wanted = [
            alert
            for alert, is_due in zip(alerts, self._pool.map(self._claim, alerts), strict=True)
            if is_due
        ]
        for start in range(0, len(wanted), _PUBLISH_BATCH):
            chunk = wanted[start : start + _PUBLISH_BATCH]
            refused = self._publish(chunk)
            published = [alert for i, alert in enumerate(chunk) if str(i) not in refused]
            list(self._pool.map(self._mark_published, published))
            if refused:
                raise PublishFailed(f"SNS refused {len(refused)} of {len(chunk)} alerts")
        return len(wanted)

    def _claim(self, alert: Alert) -> bool:
        """Writes the alert as pending; False when it was published before."""
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item={
                    **{name: {"S": value} for name, value in alert._asdict().items()},
                    "state": {"S": "pending"},
                    "ttl": {"N": str(int(self._now()) + TTL_S)},
                },
                ConditionExpression="attribute_not_exists(alert_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            old = cast("dict[str, Any]", error.response)["Item"]
            return bool(old["state"]["S"] == "pending")
        return True

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

    def _mark_published(self, alert: Alert) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key={"alert_id": {"S": alert.alert_id}},
            UpdateExpression="SET #state = :published",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":published": {"S": "published"}},
        )
