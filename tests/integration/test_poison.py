"""Poison on the embedded AWS: nothing stalls, and every record is found again.

It shares the platform, so it keeps to a year of its own and looks at its own records only.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pyarrow.parquet as pq
import pytest
import urllib3

from clickstream_platform.core.compaction import Sources
from clickstream_platform.core.duckdb_sql import Portions
from clickstream_platform.core.hours import HourRange
from clickstream_platform.defs.lake.duckdb_engine import DuckdbEngine, database_of
from clickstream_platform.resources.lake import LakeResource
from infra.demo import wait_drained
from infra.local.launcher import Platform
from infra.local.progress import stream_end
from infra.querying import Querying
from lambdas.aggregator.keys import STRAY
from tests.functional.lambdas.poisons import (
    NEIGHBOURS,
    NUL,
    POISONS,
    START,
    Poison,
    neighbours,
    payload,
)

HOURS = ("2003-02-03-04", "2003-02-03-05")
MEGABYTE = 1_000_000
LARGE = 7  # more than one invocation of 6 MB holds, as base64
ROBOT = f"{NUL}bot"

ARCHIVED = """\
SELECT event_id, shard_id, sequence_number, session_id, user_id, page_title, page_url, properties
FROM raw_events
WHERE datehour LIKE '2003-%'"""
QUARANTINED = "SELECT reason, payload, shard_id, sequence_number FROM quarantine"
TITLED = """\
SELECT count(*)
FROM raw_events
WHERE datehour LIKE '2003-%' AND page_title = concat('a', chr(0), 'b') AND length(page_title) = 3"""

pytestmark = pytest.mark.integration


class Sent(NamedTuple):
    """What was sent: the platform, each record by its place, and the queue of the alerts."""

    platform: Platform
    records: dict[tuple[str, str], Poison]
    alerts: str


@pytest.fixture(scope="module")
def sent(embedded_aws: Platform) -> Iterator[Sent]:
    """A batch on one shard, and one event through the collector, done by every function."""
    topology = embedded_aws.topology
    alerts = subscribed(topology.topics[0].name)
    large = [
        payload(event_id=f"large-{number}", x="x" * (MEGABYTE - 500)) for number in range(LARGE)
    ]
    good = [Poison("good", data, None) for data in [*neighbours(), *large]]
    records = put(topology.stream.name, interleaved(good, list(POISONS)))
    post_as_robot(embedded_aws.ports.collector_url)
    end = stream_end(boto3.client("kinesis"), topology.stream.name)
    for function in topology.functions:
        if function.mapping is not None:
            wait_drained(embedded_aws, function.package, end)
    querying = asking(embedded_aws)
    bucket = topology.buckets[0].name
    for hour in HOURS:
        location = f"s3://{bucket}/raw/datehour={hour}/"
        querying.ask(
            f"ALTER TABLE raw_events ADD PARTITION (datehour='{hour}') LOCATION '{location}'"
        )
    yield Sent(embedded_aws, records, alerts)
    for hour in HOURS:
        querying.ask(f"ALTER TABLE raw_events DROP PARTITION (datehour='{hour}')")


def asking(platform: Platform) -> Querying:
    topology = platform.topology
    return Querying(boto3.client("athena"), topology.database, topology.workgroup)


def subscribed(topic: str) -> str:
    """A queue that gets every alert from now on."""
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    url = sqs.create_queue(QueueName="poison-alerts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(
        TopicArn=sns.create_topic(Name=topic)["TopicArn"],
        Protocol="sqs",
        Endpoint=arn["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    return url


def interleaved(good: list[Poison], bad: list[Poison]) -> list[Poison]:
    """One bad record after each good one, as long as there are any."""
    mixed = [one for pair in zip(good, bad, strict=False) for one in pair]
    return mixed + good[len(bad) :] + bad[len(good) :]


def put(stream: str, records: list[Poison]) -> dict[tuple[str, str], Poison]:
    """Puts records on one shard; each by its place there."""
    kinesis, places = boto3.client("kinesis"), {}
    for record in records:
        answer = kinesis.put_record(StreamName=stream, Data=record.payload, PartitionKey="poison")
        places[answer["ShardId"], answer["SequenceNumber"]] = record
    return places


def post_as_robot(collector: str) -> None:
    """The collector makes the session the partition key; the agent raises an alert."""
    body = payload(event_id="robot", session_id=ROBOT, user_agent=ROBOT, page_url=f"/{NUL}")
    answer = urllib3.request("POST", f"{collector}/v1/events", body=body)
    assert answer.json()["accepted"] == 1, answer.data


def archived(platform: Platform) -> list[dict[str, str | None]]:
    answer = asking(platform).ask(ARCHIVED)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def place(row: dict[str, Any]) -> tuple[str, str]:
    return row["shard_id"], row["sequence_number"]


def test_bad_records_are_in_quarantine_byte_for_byte(sent: Sent) -> None:
    answer = asking(sent.platform).ask(QUARANTINED)
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    found = {
        place(row): (row["reason"], base64.b64decode(row["payload"] or ""))
        for row in rows
        if place(row) in sent.records
    }
    assert found == {
        where: (record.reason, record.payload)
        for where, record in sent.records.items()
        if record.reason
    }


def test_every_other_record_is_archived_once(sent: Sent) -> None:
    rows = archived(sent.platform)
    assert Counter(place(row) for row in rows if row["event_id"] != "robot") == Counter(
        where for where, record in sent.records.items() if record.reason is None
    )
    ids = {row["event_id"] for row in rows}
    assert {f"good-{number}" for number in range(NEIGHBOURS)} <= ids
    assert {f"large-{number}" for number in range(LARGE)} <= ids


def test_every_other_event_is_counted_once(sent: Sent) -> None:
    """Those of the table share one id, so their session counts them as one."""
    table = f"{sent.platform.topology.stack}-session-metrics"
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    items = [item for page in pages for item in page["Items"]]
    found = {
        item["session_id"]["S"].partition(STRAY)[0]: int(item["event_count"]["N"])
        for item in items
        if STRAY in item["session_id"]["S"] or item["session_id"]["S"] == ROBOT
    }
    expected = Counter(json.loads(data)["session_id"] for data in neighbours())
    assert found == {**expected, "poisoned": 1 + LARGE, NUL: 1, ROBOT: 1}


def test_nul_characters_survive_athena(sent: Sent) -> None:
    [(where, poison)] = [
        (where, one) for where, one in sent.records.items() if one.name == "NUL characters"
    ]
    [row] = [row for row in archived(sent.platform) if place(row) == where]
    assert {name: row[name] for name in row.keys() & poison.kept.keys()} == {
        name: value for name, value in poison.kept.items() if name in row
    }
    assert asking(sent.platform).number(TITLED) == 1


def test_what_was_accepted_can_be_compacted(sent: Sent, tmp_path: Path) -> None:
    hour = HOURS[0]
    lake = LakeResource(bucket=sent.platform.topology.buckets[0].name)
    sources = Sources(hour, tuple(lake.list_raw(HourRange(hour, hour))[hour]))
    with database_of("200MB") as database:
        engine = DuckdbEngine(lake, database, Portions(pass_rows=40, small_bytes=0))
        compacted = engine.compact(sources, "poison/")
    written = [one.key for one in lake.list_objects("poison/")]
    assert len(written) == compacted.files > 1, "in passes, whose bounds are sessions"
    before, after = tmp_path / "raw", tmp_path / "compacted"
    raw, kept = (
        {(row["event_id"], row["user_id"], row["page_url"]) for row in rows_of(lake, keys, folder)}
        for keys, folder in (([one.key for one in sources.raw], before), (written, after))
    )
    assert {event_id for event_id, _, _ in raw} == {event_id for event_id, _, _ in kept}
    assert ("robot", None, f"/{NUL}") in kept
    lake.delete(written)


def rows_of(lake: LakeResource, keys: list[str], folder: Path) -> list[dict[str, Any]]:
    folder.mkdir()
    return pq.read_table(lake.download(keys, folder)).to_pylist()


def test_nul_characters_survive_the_counters_and_an_alert(sent: Sent) -> None:
    dynamodb, stack = boto3.client("dynamodb"), sent.platform.topology.stack
    hour = f"{START:%Y-%m-%dT%H}#"
    views = dynamodb.query(
        TableName=f"{stack}-page-metrics",
        KeyConditionExpression="page_url = :page AND begins_with(timestamp_hour, :hour)",
        ExpressionAttributeValues={":page": {"S": f"/{NUL}"}, ":hour": {"S": hour}},
    )["Items"]
    assert sum(int(item["view_count"]["N"]) for item in views) == 2
    sqs, messages = boto3.client("sqs"), []
    while taken := sqs.receive_message(
        QueueUrl=sent.alerts, MaxNumberOfMessages=10, WaitTimeSeconds=1
    ).get("Messages", []):
        messages += [json.loads(message["Body"]) for message in taken]
        for message in taken:
            sqs.delete_message(QueueUrl=sent.alerts, ReceiptHandle=message["ReceiptHandle"])
    assert [one["rule"] for one in messages if one["session_id"] == ROBOT] == [
        "suspicious_user_agent"
    ]
