"""What the platform stored, read back item by item.

Belongs here: scans of the tables, the lake's objects, the queues. Comparing belongs in `checks`.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pyarrow.parquet as pq

from lambdas.shared.lake import QUARANTINE_PREFIX, RAW_PREFIX, datehour_of_raw_key
from lambdas.shared.sketch import Sketch
from tests.soak.expected import Counts, Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_PER_MINUTE = "events_per_minute_"
_STRAY = "#stray-on-"
_COLUMNS = ["event_id", "shard_id", "sequence_number", "event_time"]

Position = tuple[str, str]  # shard and sequence number


def scan(dynamodb: "DynamoDBClient", table: str) -> Iterator[dict[str, Any]]:
    """Every item of a table."""
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        yield from page["Items"]


class RealTime(NamedTuple):
    """What the real-time tables hold.

    Attributes:
        counts: The counts, summed over shards.
        sketches: The visitors' sketch of each hour.
        listed: The pages that an hour says it has, by page and hour.
    """

    counts: Counts
    sketches: dict[str, Sketch]
    listed: set[Key]


def read_real_time(stack: str) -> RealTime:
    """Reads the counters, pages and sessions."""
    dynamodb = boto3.client("dynamodb")
    counts = Counts(Counter(), Counter(), Counter(), Counter(), Counter(), {}, {})
    sketches: defaultdict[str, Sketch] = defaultdict(Sketch)
    listed: set[Key] = set()
    for item in scan(dynamodb, f"{stack}-counters"):
        name, window = item["metric_name"]["S"], item["time_window"]["S"]
        first, _, _ = window.rpartition("#")
        if name.startswith(_PER_MINUTE):
            event_type = name.removeprefix(_PER_MINUTE)
            counts.minutes[event_type, first] += int(item["event_count"]["N"])
        elif name == "unique_visitors":
            sketches[first].merge(Sketch(item["sketch"]["B"]))
        elif name.startswith("pages_of_hour#"):
            listed.add((first, name.removeprefix("pages_of_hour#")))
    for item in scan(dynamodb, f"{stack}-page-metrics"):
        hour = item["timestamp_hour"]["S"].partition("#")[0]
        counts.pages[item["page_url"]["S"], hour] += int(item["view_count"]["N"])
    spans: defaultdict[str, list[str]] = defaultdict(list)
    for item in scan(dynamodb, f"{stack}-session-metrics"):
        session = item["session_id"]["S"].partition(_STRAY)[0]
        counts.sessions[session,] += int(item["event_count"]["N"])
        counts.views[session,] += int(item["page_views"]["N"])
        for minute, events in item["minutes"]["M"].items():
            counts.session_minutes[session, minute] += int(events["N"])
        spans[session] += [item[name]["S"] for name in _TIMES if name in item]
    for session, times in spans.items():
        if times:
            counts.spans[session,] = f"{min(times)} to {max(times)}"
    return RealTime(counts, dict(sketches), listed)


_TIMES = ("first_activity", "last_activity")


class Lake(NamedTuple):
    """What the lake holds before compaction.

    Attributes:
        archived: The event id of each archived record.
        rows: Rows, those of a batch that was delivered again included.
        misplaced: Objects that hold an event of another hour than their prefix says.
        quarantined: The reasons of each quarantined record; more than one would be a contradiction.
    """

    archived: dict[Position, str]
    rows: int
    misplaced: list[str]
    quarantined: dict[Position, set[str]]


def read_lake(bucket: str) -> Lake:
    """Reads every raw object and everything that is quarantined."""
    s3 = boto3.client("s3")
    lake = Lake({}, 0, [], defaultdict(set))
    rows = 0
    with ThreadPoolExecutor(4) as pool:
        for key, body in pool.map(lambda key: (key, _get(s3, bucket, key)), _keys(s3, bucket)):
            if key.startswith(RAW_PREFIX):
                rows += _read_raw(key, body, lake)
                continue
            for line in body.splitlines():
                found = json.loads(line)
                place = found["shard_id"], found["sequence_number"]
                lake.quarantined[place].add(found["reason"])
    return lake._replace(rows=rows)


def _read_raw(key: str, body: bytes, lake: Lake) -> int:
    """Takes in one object; returns its rows."""
    columns = pq.read_table(BytesIO(body), columns=_COLUMNS).to_pydict()
    for event_id, shard, number, time in zip(*(columns[name] for name in _COLUMNS), strict=True):
        lake.archived[shard, number] = event_id
        if f"{time:%Y-%m-%d-%H}" != datehour_of_raw_key(key):
            lake.misplaced.append(key)
    return len(columns["event_id"])


def _keys(s3: "S3Client", bucket: str) -> Iterator[str]:
    for prefix in (RAW_PREFIX, QUARANTINE_PREFIX):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from (found["Key"] for found in page.get("Contents", []))


def _get(s3: "S3Client", bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def read_alerts(stack: str) -> dict[str, str]:
    """The state of each alert."""
    items = scan(boto3.client("dynamodb"), f"{stack}-alerts")
    return {item["alert_id"]["S"]: item["state"]["S"] for item in items}


class Subscription:
    """A queue that is sent every alert, from now on."""

    def __init__(self, topic: str) -> None:
        self._sqs: SQSClient = boto3.client("sqs")
        self._url = self._sqs.create_queue(QueueName="soak-alerts")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        sns = boto3.client("sns")
        sns.subscribe(
            TopicArn=sns.create_topic(Name=topic)["TopicArn"],
            Protocol="sqs",
            Endpoint=arn["Attributes"]["QueueArn"],
        )

    def deliveries(self) -> Counter[str]:
        """How often each alert was delivered."""
        found: Counter[str] = Counter()
        while messages := self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, VisibilityTimeout=600
        ).get("Messages"):
            for message in messages:
                found[json.loads(json.loads(message["Body"])["Message"])["alert_id"]] += 1
        return found


class GivenUp(NamedTuple):
    """A batch that a function gave up."""

    function: str
    shard: str
    first: int
    last: int
    size: int


def read_given_up(queue: str) -> list[GivenUp]:
    """What the on-failure queue holds; everything stays there."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found: dict[str, GivenUp] = {}
    receipts: list[str] = []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=120
    ).get("Messages"):
        for message in messages:
            body = json.loads(message["Body"])
            info = body["KinesisBatchInfo"]
            receipts.append(message["ReceiptHandle"])
            found[message["MessageId"]] = GivenUp(
                body["requestContext"]["functionArn"],
                info["shardId"],
                int(info["startSequenceNumber"]),
                int(info["endSequenceNumber"]),
                info["batchSize"],
            )
    for receipt in receipts:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    return list(found.values())
