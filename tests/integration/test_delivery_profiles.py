"""The sample log through both profiles: the same hours, rows, duplicates and quarantine.

Both read one stream of two shards, each into a lake of its own; then each lake is compacted and
audited by the batch side's own code.
"""

import json
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream_platform.core.audit_window import AuditWindow
from clickstream_platform.core.compaction import Sources
from clickstream_platform.core.duckdb_sql import Portions
from clickstream_platform.core.hours import HourRange
from clickstream_platform.defs.lake.duckdb_engine import DuckdbEngine, database_of
from clickstream_platform.defs.quality.stream_audit import audit
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.stream import StreamResource
from infra.cli import SAMPLE
from infra.clients.access_log import read_access_log
from infra.local.firehose.delivery import Delivery
from infra.local.firehose.runner import Runner
from infra.local.firehose.transforming import Transforming
from infra.local.firehose.writing import Writer
from infra.local.launcher import Platform
from infra.local.mappings.checkpoints import Checkpoints
from infra.local.mappings.invocation import Context, kinesis_event
from infra.local.mappings.shards import Shard, list_shards
from infra.local.progress import is_drained, stream_end
from infra.set_aside.places import Places
from infra.set_aside.quarantine import Chosen, Quarantine
from infra.set_aside.undelivered import UndeliveredObjects
from infra.topology import build_topology
from lambdas.event_processor.logic import sort_batch
from lambdas.event_processor.store import Archive
from lambdas.firehose_transform import handler as transform
from lambdas.firehose_transform.store import Quarantine as TransformQuarantine
from lambdas.shared.codec import stream_records
from lambdas.shared.limits import Limits

pytestmark = pytest.mark.integration

STREAM = "profiles-events"
OURS, FIREHOSE = "profiles-lambda-lake", "profiles-firehose-lake"
HOURS = HourRange("2015-05-17-00", "2015-05-20-23")
REPEATED = 500
SHARE = 4  # each so many-th event: all the hours, in a quarter of the time
BAD = (b'{"event_type":', b"null", b'{"event_type": "click"}', b'{"session_id": "s"}')
(DELIVERY,) = build_topology(delivery="firehose").delivery_streams
PACKAGE = "firehose_transform"


class Lake:
    """One profile's lake."""

    def __init__(self, bucket: str) -> None:
        boto3.client("s3").create_bucket(Bucket=bucket)
        self.bucket, self.lake = bucket, LakeResource(bucket=bucket)

    def compact(self, name: str) -> dict[str, tuple[int, pa.Table]]:
        """The duplicates and the compacted rows of each hour."""
        found = {}
        with database_of("300MB") as database:
            engine = DuckdbEngine(self.lake, database, Portions())
            for hour, objects in self.lake.list_raw(HOURS).items():
                done = engine.compact(Sources(hour, tuple(objects)), f"{name}/{hour}/")
                found[hour] = (done.counts.duplicates, self._rows(done.prefix))
        return found

    def _rows(self, prefix: str) -> pa.Table:
        keys = [one.key for one in self.lake.list_objects(prefix)]
        return pa.concat_tables(pq.read_table(pa.BufferReader(self.lake.read(key))) for key in keys)

    def reasons(self) -> Counter[str]:
        quarantine = Quarantine(boto3.client("s3"), self.bucket)
        return Counter(one.reason for one in quarantine.newest_first(Chosen()))

    def raw_rows(self) -> int:
        return sum(
            pq.ParquetFile(pa.BufferReader(self.lake.read(one.key))).metadata.num_rows
            for objects in self.lake.list_raw(HOURS).values()
            for one in objects
        )


class Site:
    """A stream with the log, part of it sent twice, and bad records."""

    def __init__(self) -> None:
        self.started_at = datetime.now(UTC) - timedelta(seconds=1)
        self.kinesis = boto3.client("kinesis")
        self.kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        self.kinesis.get_waiter("stream_exists").wait(
            StreamName=STREAM, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        with SAMPLE.open("rb") as file:
            log = read_access_log(file)
        events = [json.dumps(one.event, default=str).encode() for one in log.events()][::SHARE]
        self.events = len(events)
        self.send([*events, *BAD, *events[:REPEATED]])
        self.end = stream_end(self.kinesis, STREAM)

    def send(self, payloads: list[bytes]) -> None:
        records = iter(
            {"Data": data, "PartitionKey": str(number % 7)} for number, data in enumerate(payloads)
        )
        while batch := list(islice(records, 500)):
            answer = self.kinesis.put_records(StreamName=STREAM, Records=batch)
            assert not answer["FailedRecordCount"]

    def archive(self, bucket: str) -> None:
        """Archives the stream as the mapping has our own function do it."""
        archive = Archive(boto3.client("s3"), bucket)
        for shard_id in list_shards(self.kinesis, STREAM):
            shard = Shard(self.kinesis, STREAM, shard_id, after=None)
            while records := shard.read().records:
                event = kinesis_event(records, shard_id, "arn")
                archive.write(sort_batch(stream_records(event), Limits()))

    def deliver(self, bucket: str, folder: Path, **changes: Any) -> None:
        """Archives the stream as the embedded Firehose does, to the end."""
        s3 = boto3.client("s3")
        stream = replace(DELIVERY, stream=STREAM, bucket=bucket, **changes)
        checkpoints = Checkpoints(folder / f"{PACKAGE}.checkpoints.json")
        writer = Writer(stream, build_topology().database, s3, boto3.client("glue"))
        context = Context("transform", 512, 60, "transform")
        transforming = Transforming(
            lambda event: transform.handler(event, context), "transform", stream.transform_retries
        )
        delivery = Delivery(stream, transforming, writer, checkpoints.set)
        runner = Runner(self.kinesis, STREAM, delivery, checkpoints, folder / "status.json")
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("LAKE_BUCKET", bucket)
            transform._environment.cache_clear()
            store = TransformQuarantine(s3, bucket, transform.logger)
            patched.setattr(transform, "_quarantine", lambda: store)
            thread = threading.Thread(target=runner.run)
            thread.start()
            deadline = time.monotonic() + 60
            while not is_drained(folder, PACKAGE, self.end) and time.monotonic() < deadline:
                time.sleep(0.1)
            runner.stop()
            thread.join()
        transform._environment.cache_clear()
        assert is_drained(folder, PACKAGE, self.end)


@pytest.fixture(scope="module")
def site(embedded_aws: Platform) -> Site:
    return Site()


@pytest.fixture(scope="module")
def ours(site: Site) -> Lake:
    lake = Lake(OURS)
    site.archive(OURS)
    return lake


@pytest.fixture(scope="module")
def firehose(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(FIREHOSE)
    folder = tmp_path_factory.mktemp("firehose")
    site.deliver(FIREHOSE, folder, buffer_s=2.0, transform_buffer_s=0.5)
    return lake


@pytest.fixture(scope="module")
def compacted(ours: Lake) -> dict[str, tuple[int, pa.Table]]:
    return ours.compact("events")


def test_both_land_the_same(
    site: Site, ours: Lake, firehose: Lake, compacted: dict[str, tuple[int, pa.Table]]
) -> None:
    found = firehose.compact("events")
    assert list(found) == list(compacted)
    assert sum(duplicates for duplicates, _ in found.values()) == REPEATED
    assert sum(rows.num_rows for _, rows in found.values()) == site.events
    for hour, (duplicates, rows) in compacted.items():
        assert found[hour][0] == duplicates
        assert found[hour][1].equals(rows), hour
    assert firehose.reasons() == ours.reasons()
    assert ours.reasons().total() == len(BAD)


def test_every_record_is_found_at_its_place_in_either_lake(
    site: Site, ours: Lake, firehose: Lake
) -> None:
    now = datetime.now(UTC) + timedelta(seconds=1)
    stream = StreamResource(name=STREAM, reads_per_s=1000, bytes_per_s=1e9, page_records=10_000)
    for one in (ours, firehose):
        found = audit(stream, one.lake, AuditWindow(site.started_at, now), [], now)
        assert found.is_conserved, found
        assert (found.records, found.quarantined) == (site.end.records, len(BAD))


def test_a_death_before_the_checkpoint_adds_nothing_but_duplicates(
    site: Site,
    firehose: Lake,
    compacted: dict[str, tuple[int, pa.Table]],
    tmp_path: Path,
) -> None:
    """Everything was written and nothing noted: all is delivered again, in other objects."""
    before, rows = set(firehose.reasons().items()), firehose.raw_rows()
    site.deliver(FIREHOSE, tmp_path, buffer_s=2.0, transform_buffer_s=0.5)
    assert firehose.raw_rows() == 2 * rows
    found = firehose.compact("again")
    assert all(found[hour][1].equals(rows) for hour, (_, rows) in compacted.items())
    assert set(firehose.reasons().items()) == before


def test_hours_beyond_its_partitions_come_in_by_redrive(
    site: Site, compacted: dict[str, tuple[int, pa.Table]], tmp_path: Path
) -> None:
    """A replay of more hours than Firehose gathers at once: none of its events is lost."""
    lake = Lake("profiles-narrow-lake")
    site.deliver(lake.bucket, tmp_path, buffer_s=2.0, transform_buffer_s=0.5, max_partitions=40)
    objects = UndeliveredObjects(
        boto3.client("s3"), lake.bucket, Places(site.kinesis, STREAM), Limits()
    )
    waiting = objects.waiting()
    assert waiting
    assert len(lake.lake.list_raw(HOURS)) < len(compacted)
    for key in waiting:
        assert not objects.archive(key).placeless
    found = lake.compact("after")
    assert all(found[hour][1].equals(rows) for hour, (_, rows) in compacted.items())
    assert not objects.waiting()
