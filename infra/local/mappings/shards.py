"""Reading one shard from a position on.

Belongs here: Kinesis iterators and the order of shards across a reshard (a child is read after its
parents, so a session's events keep their order).
"""

from typing import TYPE_CHECKING, Literal, NamedTuple

from infra.local.mappings.batching import Record

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

READ_LIMIT = 10_000
STARTING_POSITION: Literal["TRIM_HORIZON"] = "TRIM_HORIZON"


class Reading(NamedTuple):
    """One read of a shard.

    Attributes:
        records: What came next.
        behind_ms: How far the read is behind the end of the shard, in milliseconds.
        ended: Whether the shard is closed and wholly read.
    """

    records: list[Record]
    behind_ms: int
    ended: bool


class Shard:
    """One shard, read forward."""

    def __init__(self, kinesis: "KinesisClient", stream: str, shard_id: str, after: str | None):
        self._kinesis = kinesis
        self._stream = stream
        self.shard_id = shard_id
        self._after = after
        self._iterator: str | None = None

    def read(self) -> Reading:
        """Reads on.

        Raises:
            botocore.exceptions.ClientError: On a fault; the next read goes on from the same place.
        """
        iterator, self._iterator = self._iterator or self._open(), None  # a failed one is not kept
        answer = self._kinesis.get_records(ShardIterator=iterator, Limit=READ_LIMIT)
        records = [
            Record(
                record["SequenceNumber"],
                record["PartitionKey"],
                record["Data"],
                record["ApproximateArrivalTimestamp"].timestamp(),
            )
            for record in answer["Records"]
        ]
        if records:
            self._after = records[-1].sequence_number
        self._iterator = answer.get("NextShardIterator")
        ended = self._iterator is None
        return Reading(records, answer.get("MillisBehindLatest", 0), ended)

    def _open(self) -> str:
        if self._after is None:
            answer = self._kinesis.get_shard_iterator(
                StreamName=self._stream, ShardId=self.shard_id, ShardIteratorType=STARTING_POSITION
            )
        else:
            answer = self._kinesis.get_shard_iterator(
                StreamName=self._stream,
                ShardId=self.shard_id,
                ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                StartingSequenceNumber=self._after,
            )
        return answer["ShardIterator"]


def list_shards(kinesis: "KinesisClient", stream: str) -> dict[str, list[str]]:
    """Every shard of a stream with its parents, as long as those are still there."""
    shards = []
    answer = kinesis.list_shards(StreamName=stream)
    shards.extend(answer["Shards"])
    while token := answer.get("NextToken"):
        answer = kinesis.list_shards(NextToken=token)
        shards.extend(answer["Shards"])
    ids = {shard["ShardId"] for shard in shards}
    return {
        shard["ShardId"]: [
            parent
            for parent in (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
            if parent in ids and parent is not None
        ]
        for shard in shards
    }
