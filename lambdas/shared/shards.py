"""What Lambda does not tell about a shard: where it comes from, and records from before.

Belongs here: a shard's parents, and the records between two sequence numbers as long as the stream
has them. Reading a shard as it grows belongs to Lambda, and locally to `infra.local.mappings`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.shared.codec import StreamRecord
from lambdas.shared.redriven import unwrap

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import RecordTypeDef

_READ_LIMIT = 10_000
_GONE = {"ResourceNotFoundException", "InvalidArgumentException"}


class Shards:
    """The shards of one stream."""

    def __init__(self, kinesis: "KinesisClient", stream: str) -> None:
        self._kinesis = kinesis
        self.stream = stream

    def read(self, shard_id: str, first: str, last: str) -> list[StreamRecord]:
        """The records between two sequence numbers, both included, in order.

        Args:
            shard_id: The shard.
            first: The number of a record as Kinesis gives it; not padded.
            last: Any number.

        Returns:
            Fewer than there were, or none, once the stream has begun to forget them.

        Raises:
            botocore.exceptions.ClientError: If a call fails.
        """
        return list(self._records(shard_id, first, int(last)))

    def parents(self, shard_id: str) -> list[str]:
        """The shards a shard was made from, whether the stream still has them or not."""
        request: dict[str, Any] = {"StreamName": self.stream}
        while True:
            answer = self._kinesis.list_shards(**request)
            for shard in answer["Shards"]:
                if shard["ShardId"] == shard_id:
                    parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
                    return [parent for parent in parents if parent is not None]
            if "NextToken" not in answer:
                return []
            request = {"NextToken": answer["NextToken"]}  # and, as AWS has it, nothing else

    def _records(self, shard_id: str, first: str, last: int) -> Iterator[StreamRecord]:
        try:
            iterator: str | None = self._kinesis.get_shard_iterator(
                StreamName=self.stream,
                ShardId=shard_id,
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                StartingSequenceNumber=first,
            )["ShardIterator"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:  # the shard, after a reshard
                return
            raise
        while iterator is not None:
            answer = self._kinesis.get_records(ShardIterator=iterator, Limit=_READ_LIMIT)
            for record in answer["Records"]:
                if int(record["SequenceNumber"]) > last:
                    return
                if int(record["SequenceNumber"]) >= int(first):
                    yield as_read(shard_id, record)
            if not answer["Records"] and not answer.get("MillisBehindLatest"):
                return
            iterator = answer.get("NextShardIterator")


def as_read(shard_id: str, record: "RecordTypeDef") -> StreamRecord:
    """A record of the stream as the functions are given it."""
    data, redriven = unwrap(record["Data"])
    return StreamRecord(
        shard_id,
        record["SequenceNumber"],
        record["ApproximateArrivalTimestamp"],
        data,
        record["PartitionKey"],
        redriven,
    )
