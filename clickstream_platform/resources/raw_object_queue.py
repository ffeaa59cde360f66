"""The queue on which S3 announces new raw objects.

Belongs here: bounded receiving and deleting. What a message means belongs in
`core.notifications`, when it may be deleted to the sensor.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
import dagster as dg

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_SQS_BATCH = 10  # the most SQS gives or takes in one call


@dataclass(frozen=True)
class QueueMessage:
    """One message as it was received.

    Attributes:
        receipt: What deletes it; valid for this delivery only.
        body: Its text.
    """

    receipt: str
    body: str


class RawObjectQueueResource(dg.ConfigurableResource[None]):
    """The queue, and how much of it one tick takes.

    Attributes:
        name: Its name.
        max_messages: Messages one drain receives at most.
        max_seconds: How long one drain receives at most. Far below the queue's visibility timeout,
            so that a message is deleted before it is delivered again.
        wait_seconds: How long a receive waits for a message. Zero would ask only some of SQS's
            servers and could find nothing in a queue that is not empty.
    """

    name: str
    max_messages: int = 5000
    max_seconds: float = 20
    wait_seconds: int = 1

    def receive(self) -> Iterator[QueueMessage]:
        """Receives messages until the queue is empty or a bound of this drain is reached."""
        deadline = time.monotonic() + self.max_seconds
        received = 0
        while received < self.max_messages and time.monotonic() < deadline:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(_SQS_BATCH, self.max_messages - received),
                WaitTimeSeconds=self.wait_seconds,
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            received += len(messages)
            for message in messages:
                yield QueueMessage(message["ReceiptHandle"], message["Body"])

    def delete(self, messages: Sequence[QueueMessage]) -> int:
        """Deletes messages.

        Args:
            messages: Messages whose effect has been recorded.

        Returns:
            How many could not be deleted. They are delivered again, which does no harm.
        """
        failed = 0
        for start in range(0, len(messages), _SQS_BATCH):
            answer = self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message.receipt}
                    for index, message in enumerate(messages[start : start + _SQS_BATCH])
                ],
            )
            failed += len(answer.get("Failed", []))
        return failed

    @cached_property
    def _client(self) -> "SQSClient":
        return boto3.client("sqs")

    @cached_property
    def _url(self) -> str:
        return self._client.get_queue_url(QueueName=self.name)["QueueUrl"]
