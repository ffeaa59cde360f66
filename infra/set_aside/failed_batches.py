"""Batches that a function gave up: the messages about them.

Belongs here: the on-failure queue. What is done with the records belongs in `redrive`.
Source: AWS Lambda Developer Guide, "Retaining discarded batch records".
"""

from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

HIDDEN_S = 300
_AT_ONCE = 10


class FailedBatch(NamedTuple):
    """A range of a shard that a function gave up.

    Attributes:
        function: The function's name.
        shard_id: The shard.
        first: Sequence number of the first record given up.
        last: Sequence number of the last one.
        size: How many there are.
        stream: The stream's name.
        condition: Why it was given up, in Lambda's words.
    """

    function: str
    shard_id: str
    first: str
    last: str
    size: int
    stream: str
    condition: str


class Message(NamedTuple):
    """A message of the on-failure queue.

    Attributes:
        id: Its id.
        receipt: What it is deleted by.
        body: Its text.
        batch: What it says, or None when it is no message of Lambda's about a stream.
    """

    id: str
    receipt: str
    body: str
    batch: FailedBatch | None


class _Info(msgspec.Struct, rename="camel"):
    shard_id: str
    start_sequence_number: str
    end_sequence_number: str
    batch_size: int
    stream_arn: str


class _Context(msgspec.Struct, rename="camel"):
    function_arn: str
    condition: str = "unknown"


class _Body(msgspec.Struct):
    KinesisBatchInfo: _Info
    request_context: _Context = msgspec.field(name="requestContext")


def read_message(body: str) -> FailedBatch | None:
    """The batch a message is about, or None when it says nothing of the kind."""
    try:
        found = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    info, context = found.KinesisBatchInfo, found.request_context
    if not (info.start_sequence_number.isdecimal() and info.end_sequence_number.isdecimal()):
        return None
    return FailedBatch(
        # arn:aws:lambda:REGION:ACCOUNT:function:NAME[:ALIAS]; the local runner gives the name
        context.function_arn.rpartition(":function:")[2].partition(":")[0],
        info.shard_id,
        info.start_sequence_number,
        info.end_sequence_number,
        info.batch_size,
        info.stream_arn.rpartition("/")[2],
        context.condition,
    )


class FailureQueue:
    """The on-failure queue."""

    def __init__(self, sqs: "SQSClient", name: str) -> None:
        self._sqs = sqs
        self._url = sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def take(self) -> list[Message]:
        """Every message that is there, each once, in the order of the stream.

        Nobody else sees them for `HIDDEN_S` seconds, or until they are given back.
        """
        found: dict[str, Message] = {}
        while answer := self._receive():
            found.update((message.id, message) for message in answer)
        return sorted(found.values(), key=_place)

    def delete(self, message: Message) -> None:
        """Ends a message."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)

    def give_back(self, messages: list[Message]) -> None:
        """Lets messages be seen again at once."""
        for start in range(0, len(messages), _AT_ONCE):
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
                    for number, message in enumerate(messages[start : start + _AT_ONCE])
                ],
            )

    def hidden(self) -> int:
        """How many messages somebody else holds: another redrive, or one that was cut off."""
        found = self._sqs.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        return int(found["Attributes"]["ApproximateNumberOfMessagesNotVisible"])

    def _receive(self) -> list[Message]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_AT_ONCE,
            VisibilityTimeout=HIDDEN_S,
            WaitTimeSeconds=1,  # without waiting, SQS asks only some of its servers
        )
        return [
            Message(one["MessageId"], one["ReceiptHandle"], one["Body"], read_message(one["Body"]))
            for one in answer.get("Messages", [])
        ]


def _place(message: Message) -> tuple[str, int, str]:
    batch = message.batch
    return ("", 0, message.id) if batch is None else (batch.shard_id, int(batch.first), message.id)
