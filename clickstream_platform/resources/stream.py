"""The stream, read once more from a time on.

Belongs here: reading shards at a pace that leaves room for the functions. What the records are
compared with belongs in `core.stream_audit`. Nothing is ever written here.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

import boto3
import dagster as dg
from botocore.config import Config
from botocore.exceptions import ClientError

from clickstream_platform.core.stream_audit import Position, Record
from lambdas.shared.redriven import unwrap

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import RecordTypeDef

_GONE = "ResourceNotFoundException"
# Throttling is answered by waiting, up to 20 s between two tries. Standard mode knows Kinesis'
# ProvisionedThroughputExceededException.
_PATIENT = Config(retries={"mode": "standard", "max_attempts": 12})


class StreamResource(dg.ConfigurableResource[None]):
    """The stream of accepted events.

    A shard gives all of its readers together 2 MB and 5 reads a second, and whoever takes more
    makes the others wait: those are the three functions, which keep up with at most 1 MB/s each.

    Attributes:
        name: The stream's name.
        page_records: Records of one read at most. 10,000 would be allowed, but 5 MB taken at once
            use up a shard's next seconds.
        bytes_per_s: How much is read of a shard in a second, on average.
        reads_per_s: How often a shard is read in a second at most.
    """

    name: str
    page_records: int = 2000
    bytes_per_s: float = 1_000_000
    reads_per_s: float = 2

    def retention(self) -> timedelta:
        """How long the stream keeps a record."""
        summary = self._client.describe_stream_summary(StreamName=self.name)
        return timedelta(hours=summary["StreamDescriptionSummary"]["RetentionPeriodHours"])

    def shards(self) -> list[str]:
        """Every shard that may still hold records, closed ones included."""
        pages = self._client.get_paginator("list_shards").paginate(StreamName=self.name)
        return sorted(shard["ShardId"] for page in pages for shard in page["Shards"])

    def read(self, shard_id: str, start: datetime, end: datetime) -> Iterator[list[Record]]:
        """The records that arrived in a window, in the order of their shard.

        Args:
            shard_id: The shard.
            start: Begin of the window; aware.
            end: Its end, itself not included. The times of arrival are approximate: reading stops
                at the first record at or after the end.

        Yields:
            One or more records at a time.

        Raises:
            botocore.exceptions.ClientError: If a call fails, or stays throttled for minutes.
        """
        iterator = self._begin(shard_id, start)
        while iterator is not None:
            answer = self._client.get_records(ShardIterator=iterator, Limit=self.page_records)
            # Up to the first one at the end, not without those at the end: nothing may be left out
            # between two records of a page.
            inside = takewhile(
                lambda one: one["ApproximateArrivalTimestamp"] < end, answer["Records"]
            )
            page = [_as_read(shard_id, record) for record in inside]
            if page:
                yield page
            is_past = len(page) < len(answer["Records"])
            if is_past or not (answer["Records"] or answer.get("MillisBehindLatest")):
                return
            iterator = answer.get("NextShardIterator")
            size = sum(len(record["Data"]) for record in answer["Records"])
            time.sleep(max(1 / self.reads_per_s, size / self.bytes_per_s))

    def _begin(self, shard_id: str, start: datetime) -> str | None:
        """Where reading begins; None when the shard is gone."""
        try:
            return self._client.get_shard_iterator(
                StreamName=self.name,
                ShardId=shard_id,
                ShardIteratorType="AT_TIMESTAMP",
                Timestamp=start,
            )["ShardIterator"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _GONE:
                return None
            raise

    @cached_property
    def _client(self) -> "KinesisClient":
        return boto3.client("kinesis", config=_PATIENT)


def _as_read(shard_id: str, record: "RecordTypeDef") -> Record:
    _, redriven = unwrap(record["Data"])
    position = Position(shard_id, int(record["SequenceNumber"]))
    return Record(position, record["ApproximateArrivalTimestamp"], redriven)
