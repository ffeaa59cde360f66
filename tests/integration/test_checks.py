"""The checks on the embedded AWS, in a stream, tables and a bucket of their own.

Two shards' events are archived and counted by the functions' own code, batch by batch; the hours
are then compacted as the lake would have them, and judged by the real resources.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import msgspec
import pytest

from clickstream_platform.core.audit_window import AuditWindow
from clickstream_platform.core.generations import RAW_EXPIRED, generation_id
from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.reconciled_counts import RealTimeCount
from clickstream_platform.core.stream_audit import Findings
from clickstream_platform.defs.quality.conserved_hours import build_hour_checks
from clickstream_platform.defs.quality.contract import build_contract_check
from clickstream_platform.defs.quality.stream_audit import audit
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.counters import (
    EVENTS_PER_MINUTE,
    CountersError,
    CountersResource,
)
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.stream import StreamResource
from infra.catalog_shapes import table_input
from infra.local.launcher import Platform
from lambdas.aggregator import keys
from lambdas.aggregator.logic import plan_batch
from lambdas.aggregator.store import CounterStore
from lambdas.event_processor.logic import sort_batch
from lambdas.event_processor.store import Archive, to_parquet
from lambdas.shared import lake as layout
from lambdas.shared.codec import StreamRecord, encode
from lambdas.shared.event import Event
from lambdas.shared.limits import Limits
from lambdas.shared.redriven import Redriven, unwrap, wrap
from lambdas.shared.stream import decode_batch, span_of
from tests.functional.batch.counted import EVENTS, run_checks, told

pytestmark = pytest.mark.integration

STACK = "checks"
BUCKET, STREAM, DATABASE = f"{STACK}-lake", f"{STACK}-events", f"{STACK}_db"
HOURS = HourRange("2015-05-17-10", "2015-05-17-12")
TAGS = {
    "dagster/asset_partition_range_start": HOURS.first,
    "dagster/asset_partition_range_end": HOURS.last,
}
TEN_MINUTES = timedelta(minutes=10)
BAD = b'{"event_type":'
AUDITED = 64  # 2 x 30 events, two bad records, one redriven for the archive, one for the aggregator


def event(number: int, *, event_type: str = "click") -> bytes:
    happened = layout.start_of(HOURS.hours()[number % 2]) + timedelta(seconds=number)
    received = datetime.now(UTC) - TEN_MINUTES
    return encode(
        Event(
            event_id=f"e{number}",
            event_type=event_type,
            event_time=happened,
            received_at=received,
            session_id=f"s{number % 7}",
        )
    )


class Site:
    """What the site has sent, as the functions have left it."""

    def __init__(self, platform: Platform) -> None:
        self.started_at = datetime.now(UTC) - timedelta(seconds=1)
        self.kinesis, self.dynamodb = boto3.client("kinesis"), boto3.client("dynamodb")
        self.stream = StreamResource(name=STREAM, reads_per_s=100, page_records=7)
        self.lake = LakeResource(bucket=BUCKET)
        self.catalog = CatalogResource(database=DATABASE)
        self.counters = CountersResource(table=f"{STACK}-counters")
        topology = platform.topology
        self.athena = AthenaResource(
            database=DATABASE,
            workgroup=topology.workgroup,
            output_location=f"s3://{topology.results_bucket}/checks/",
        )
        self._create(platform)

    def _create(self, platform: Platform) -> None:
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        self.kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        self.kinesis.get_waiter("stream_exists").wait(
            StreamName=STREAM, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        for table in platform.topology.tables:
            names = [name for name in (table.hash_key, table.range_key) if name]
            self.dynamodb.create_table(
                TableName=table.name.replace(platform.topology.stack, STACK),
                AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in names],
                KeySchema=[
                    {"AttributeName": name, "KeyType": kind}
                    for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
                ],
                BillingMode="PAY_PER_REQUEST",
            )
        glue = boto3.client("glue")
        glue.create_database(DatabaseInput={"Name": DATABASE})
        for table in platform.topology.glue_tables[:2]:
            glue.create_table(DatabaseName=DATABASE, TableInput=table_input(table, BUCKET))

    def send(self, *payloads: bytes) -> None:
        """Puts records on the stream, on either shard."""
        self.kinesis.put_records(
            StreamName=STREAM,
            Records=[
                {"Data": data, "PartitionKey": f"key-{number % 9}"}
                for number, data in enumerate(payloads)
            ],
        )

    def shards(self) -> Iterator[list[StreamRecord]]:
        """The records of each shard, read with the plain client."""
        for shard_id in self.stream.shards():
            iterator = self.kinesis.get_shard_iterator(
                StreamName=STREAM, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            found = self.kinesis.get_records(ShardIterator=iterator)["Records"]
            yield [_as_delivered(shard_id, record) for record in found]

    def consume(self) -> None:
        """Archives and counts all of the stream in batches, as if ten minutes ago."""
        archive = Archive(boto3.client("s3"), BUCKET)
        store = CounterStore(
            self.dynamodb, STACK, now=lambda: time.time() - TEN_MINUTES.total_seconds()
        )
        for records in self.shards():
            for first in range(0, len(records), 10):
                archive.write(sort_batch(records[first : first + 10], Limits()))
            # Without its sessions the aggregator counts every record: it has forgotten all ids.
            arrivals, _ = decode_batch(records, Limits(), "aggregator")
            store.apply(plan_batch(_renamed(arrivals), {}, span_of(records)))

    def compact(self) -> None:
        """Registers the raw hours and compacts them."""
        raw = self.lake.list_raw(HOURS)
        places = {hour: self.lake.uri(layout.raw_prefix(hour)) for hour in raw}
        self.catalog.place("raw_events", places)
        # S3 tells the time in whole seconds, and the objects were written within this one.
        generation = generation_id(datetime.now(UTC) + timedelta(seconds=2), "12345678")
        hours: dict[str, dict[str, Event]] = {hour: {} for hour in HOURS.hours()}
        for records in self.shards():
            for hour, events in sort_batch(records, Limits()).hours.items():
                hours[hour].update({one.event_id: one for one in reversed(events)})
        locations = {}
        for hour, events in hours.items():
            if events:
                prefix = layout.generation_prefix(hour, generation)
                self.lake.write(f"{prefix}0.parquet", to_parquet(list(events.values())))
                locations[hour] = self.lake.uri(prefix)
        self.catalog.place("events", locations)

    def audit(self) -> Findings:
        now = datetime.now(UTC) + timedelta(seconds=1)
        return audit(self.stream, self.lake, AuditWindow(self.started_at, now), [], now)

    def check(self) -> dict[str, Any]:
        resources = {
            "athena": self.athena,
            "lake": self.lake,
            "catalog": self.catalog,
            "counters": self.counters,
        }
        checks = build_hour_checks(EVENTS, "events", "raw_events", timedelta(minutes=2))
        return run_checks(checks, resources, tags=TAGS)


def _as_delivered(shard_id: str, record: Any) -> StreamRecord:
    data, redriven = unwrap(record["Data"])
    return StreamRecord(
        shard_id,
        record["SequenceNumber"],
        record["ApproximateArrivalTimestamp"],
        data,
        record["PartitionKey"],
        redriven,
    )


def _renamed(arrivals: list) -> list:
    """The same arrivals, each with an id of its own."""
    rename = partial(msgspec.structs.replace)
    return [
        rename(one, event=rename(one.event, event_id=f"{one.event.event_id}#{number}"))
        for number, one in enumerate(arrivals)
    ]


@pytest.fixture(scope="module")
def site(embedded_aws: Platform) -> Site:
    site = Site(embedded_aws)
    clicks = [event(number) for number in range(30)]
    site.send(*clicks)
    site.send(*clicks, BAD, BAD)  # the client sends all of it again
    position = (site.stream.shards()[0], "1")
    site.send(wrap(event(40), Redriven("event_processor", (position,))))
    site.send(wrap(event(0), Redriven("aggregator", (position,))))
    site.consume()
    site.compact()
    return site


def test_accepted_records_are_archived_or_quarantined(site: Site) -> None:
    found = site.audit()
    assert found.is_conserved
    assert (found.records, found.archived, found.quarantined) == (AUDITED, 61, 2)
    assert found.for_other_functions == 1


def test_a_window_is_read_from_its_begin_to_its_end(site: Site) -> None:
    """Half-open, on the stream's own times of arrival."""
    times = sorted(record.arrived_at for records in site.shards() for record in records)
    start, end = times[0], times[-1]
    assert start < end
    pages = [page for shard in site.stream.shards() for page in site.stream.read(shard, start, end)]
    assert sum(map(len, pages)) == sum(start <= at < end for at in times)
    assert max(map(len, pages)) <= 7


def test_an_object_that_disappears_is_missing_and_named(site: Site) -> None:
    [objects, _] = site.lake.list_raw(HOURS).values()
    lost = max(objects, key=lambda one: one.size_bytes)
    content = site.lake.read(lost.key)
    site.lake.delete([lost.key])
    found = site.audit()
    site.lake.write(lost.key, content)
    assert found.missing == found.records - found.archived - found.quarantined - 1 > 0
    assert sum(gap.records for gap in found.gaps) == found.missing
    assert site.audit().is_conserved


def test_counters_and_lake_agree_and_duplicates_explain_the_rest(site: Site) -> None:
    found = site.check()
    assert all(one.passed for one in found.values())
    reconciled = found["realtime_equals_batch"]
    assert told(reconciled, "hours_compared") == 3, "one of them is empty on both sides"
    assert (told(reconciled, "realtime"), told(reconciled, "batch")) == (61, 31)
    assert told(reconciled, "duplicates") == 30
    conserved = found["raw_equals_compacted_plus_duplicates"]
    assert (told(conserved, "raw_rows"), told(conserved, "rows")) == (61, 31)


def test_a_type_that_only_real_time_has_seen_is_found_behind_the_index_of_pages(
    site: Site,
) -> None:
    """As on a site with many pages: the table is mostly something else."""
    minute = f"{layout.start_of(HOURS.last):%Y-%m-%dT%H}:59"
    long_ago = {"N": str(int((time.time() - 600) * 1000))}
    items = [
        {
            "metric_name": {"S": f"pages_of_hour#2026-11-{day:02}T10"},
            "time_window": {"S": f"/page-{page}\U0010fffe#shardId-000000000000"},
        }
        for day in range(1, 4)
        for page in range(5)
    ]
    lost = {
        "metric_name": {"S": f"{EVENTS_PER_MINUTE}checkout"},
        "time_window": {"S": f"{minute}#shardId-000000000001"},
        "event_count": {"N": "4"},
        "last_updated": long_ago,
    }
    for item in [*items, lost]:
        site.dynamodb.put_item(TableName=site.counters.table, Item=item)
    found = site.check()["realtime_equals_batch"]
    site.dynamodb.delete_item(
        TableName=site.counters.table, Key={name: lost[name] for name in list(lost)[:2]}
    )
    assert not found.passed
    assert told(found, "unexplained_in_realtime_only") == 4
    [first, *_] = told(found, "differences")
    assert (first["hour"], first["event_type"], first["batch"]) == (HOURS.last, "checkout", 0)


def test_a_table_with_ever_new_metrics_is_refused(site: Site) -> None:
    with pytest.raises(CountersError, match="more than 1 metrics"):
        CountersResource(table=site.counters.table, max_metrics=1).counts(HOURS)


def test_the_names_of_the_counters_are_the_aggregators(site: Site) -> None:
    key = keys.type_key("click", "2015-05-17T10:07:00.000000+00:00", "shardId-000000000003")
    assert key.partition == f"{EVENTS_PER_MINUTE}click"
    item = {
        "metric_name": {"S": key.partition},
        "time_window": {"S": key.sort.replace("2015", "2014")},
        "event_count": {"N": "2"},
        "last_updated": {"N": "1432000000123"},
    }
    site.dynamodb.put_item(TableName=site.counters.table, Item=item)
    hours = HourRange("2014-05-17-10", "2014-05-17-10")
    at = datetime.fromtimestamp(1432000000.123, UTC)
    assert site.counters.counts(hours) == {("2014-05-17-10", "click"): RealTimeCount(2, at)}


def test_the_lakes_tables_and_files_have_the_contract(site: Site) -> None:
    checks = build_contract_check(EVENTS, "events", "raw_events")
    resources = {"lake": site.lake, "catalog": site.catalog}
    found = run_checks(checks, resources, tags=TAGS)["columns_are_the_contracts"]
    assert (found.passed, told(found, "files")) == (True, 2)


def test_an_hour_whose_raw_objects_expire_is_judged_by_what_is_left(site: Site) -> None:
    """The last test: it changes what the others look at."""
    objects = [one.key for one in site.lake.list_raw(HOURS)[HOURS.first]]
    site.lake.delete(objects[1:])
    assert not site.check()["raw_equals_compacted_plus_duplicates"].passed
    site.catalog.annotate("events", [HOURS.first], RAW_EXPIRED)
    found = site.check()["raw_equals_compacted_plus_duplicates"]
    assert found.passed
    assert told(found, "hours_with_expired_raw_sample") == [HOURS.first]
