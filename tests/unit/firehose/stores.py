"""A delivery stream on fakes, fed by hand.

Belongs here: what the tests of the embedded Firehose share.
"""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from infra.catalog_shapes import table_input
from infra.local.firehose.delivery import Delivery
from infra.local.firehose.records import Taken
from infra.local.firehose.transforming import Invoke, Transforming
from infra.local.firehose.writing import Writer
from infra.local.mappings.batching import Record
from infra.resource_types import DeliveryStream
from infra.topology import build_topology

TOPOLOGY = build_topology("1", delivery="firehose")
(STREAM,) = TOPOLOGY.delivery_streams
SHARD, OTHER = "shardId-000000000000", "shardId-000000000001"
ARRIVED = datetime(2026, 11, 23, 1, 0, tzinfo=UTC).timestamp()


class PowerCutError(RuntimeError):
    """The process died here."""


class FakeS3:
    """Keeps objects; `faults` puts fail first, and after `lives` puts the process dies."""

    def __init__(self, faults: int = 0, lives: int | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.faults = faults
        self.lives = lives

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        if self.faults:
            self.faults -= 1
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")
        self.objects[Key] = Body
        if self.lives is not None:
            self.lives -= 1
            if self.lives <= 0:
                raise PowerCutError

    def rows(self) -> list[dict[str, Any]]:
        """The rows of all raw objects."""
        return [
            row
            for key, body in self.objects.items()
            if key.startswith("raw/")
            for row in pq.read_table(io.BytesIO(body)).to_pylist()
        ]

    def envelopes(self) -> list[dict[str, Any]]:
        """What could not be delivered."""
        return [
            json.loads(line)
            for key, body in self.objects.items()
            if key.startswith("undelivered/")
            for line in body.splitlines()
        ]


class FakeGlue:
    """Has the topology's tables."""

    def get_table(self, DatabaseName: str, Name: str) -> dict[str, Any]:  # noqa: N803
        assert DatabaseName == TOPOLOGY.database
        (table,) = (one for one in TOPOLOGY.glue_tables if one.name == Name)
        return {"Table": table_input(table, "lake")}


class Site:
    """A delivery stream; what it settles is kept by shard."""

    def __init__(self, invoke: Invoke, s3: FakeS3, stream: DeliveryStream = STREAM) -> None:
        self.s3 = s3
        self.settled: dict[str, str] = {}
        glue: Any = FakeGlue()
        bucket: Any = s3
        writer = Writer(stream, TOPOLOGY.database, bucket, glue)
        transforming = Transforming(invoke, "transform", 3, sleep=lambda _: None)
        self.delivery = Delivery(stream, transforming, writer, self.settled.__setitem__)


def taken(number: int, data: bytes, shard_id: str = SHARD) -> Taken:
    return Taken(shard_id, Record(str(number), "key", data, ARRIVED))
