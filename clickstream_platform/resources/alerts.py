"""The topic on which people are told that something needs them.

Belongs here: publishing one message. What is worth a message belongs in `defs/alerting`, what it
says in `core`; the detector's alerts about visitors belong to `lambdas.anomaly_detector`.
"""

from functools import cached_property
from typing import TYPE_CHECKING

import boto3
import dagster as dg

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class AlertsResource(dg.ConfigurableResource[None]):
    """An SNS topic.

    Attributes:
        topic_arn: Its ARN; None when nobody is to be told this way.
    """

    topic_arn: str | None = None

    def publish(self, subject: str, message: str) -> None:
        """Publishes one message.

        Args:
            subject: A line of at most 99 ASCII characters.
            message: The message, at most 256 KB.

        Raises:
            ValueError: If there is no topic: the caller has to say so in another way.
            botocore.exceptions.ClientError: If SNS refuses it.
            botocore.exceptions.BotoCoreError: If SNS cannot be reached.
        """
        if self.topic_arn is None:
            raise ValueError("no topic is set: CLICKSTREAM_ALERT_TOPIC_ARN names one")
        self._client.publish(TopicArn=self.topic_arn, Subject=subject, Message=message)

    @cached_property
    def _client(self) -> "SNSClient":
        return boto3.client("sns")
