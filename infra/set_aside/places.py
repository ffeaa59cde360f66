"""Where on the stream a record lies of which only the payload is known.

Belongs here: looking for payloads around the time they arrived. It serves records that Firehose
kept without telling their place.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from clickstream_platform.core.undelivered import Undelivered
from lambdas.shared.codec import StreamRecord
from lambdas.shared.shards import as_read

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

# Firehose takes a record seconds after the stream has; after a fault it may be behind for longer.
_BEHIND = timedelta(hours=1)
_CLOCKS = timedelta(minutes=1)
_READ_LIMIT = 10_000


class Places:
    """Looks for records on one stream."""

    def __init__(self, kinesis: "KinesisClient", stream: str) -> None:
        self._kinesis = kinesis
        self._stream = stream

    def find(self, sought: Sequence[Undelivered]) -> list[StreamRecord | None]:
        """The records of the stream with these payloads, in this order.

        Of records that are alike each is found once.

        Returns:
            None for one that the stream has forgotten, or that came more than an hour before
            Firehose took it.

        Raises:
            botocore.exceptions.ClientError: If a call fails.
        """
        if not sought:
            return []
        start = min(one.arrived_at for one in sought) - _BEHIND
        end = max(one.arrived_at for one in sought) + _CLOCKS
        payloads = {one.data for one in sought}
        found: defaultdict[bytes, list[StreamRecord]] = defaultdict(list)
        for shard_id in self._shards():
            for payload, record in self._read(shard_id, start, end):
                if payload in payloads:
                    found[payload].append(record)
        waiting = {payload: iter(records) for payload, records in found.items()}
        return [next(waiting.get(one.data, iter(())), None) for one in sought]

    def _shards(self) -> list[str]:
        pages = self._kinesis.get_paginator("list_shards").paginate(StreamName=self._stream)
        return sorted(shard["ShardId"] for page in pages for shard in page["Shards"])

    def _read(
        self, shard_id: str, start: datetime, end: datetime
    ) -> Iterator[tuple[bytes, StreamRecord]]:
        """The records of a shard that arrived in a window, each with its payload as it lies there.

        Records are compared as they lie there: of one that was redriven, its mark is a part.
        """
        iterator: str | None = self._kinesis.get_shard_iterator(
            StreamName=self._stream,
            ShardId=shard_id,
            ShardIteratorType="AT_TIMESTAMP",
            Timestamp=start,
        )["ShardIterator"]
        while iterator is not None:
            answer = self._kinesis.get_records(ShardIterator=iterator, Limit=_READ_LIMIT)
            for record in answer["Records"]:
                if record["ApproximateArrivalTimestamp"] >= end:
                    return
                yield record["Data"], as_read(shard_id, record)
            if not answer["Records"] and not answer.get("MillisBehindLatest"):
                return
            iterator = answer.get("NextShardIterator")
