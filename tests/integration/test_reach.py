"""The commands on a stack of another name in an account, which the embedded AWS plays.

No platform runs on a state directory here, and no process of the stack but its collector.
"""

import base64
import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from clickstream_platform.resources.catalog import CatalogResource
from infra.cli import app
from infra.local.mappings.shards import Shard, list_shards
from infra.local.processes import LOOPBACK, free_port
from infra.local.specs import Spec, function_environment
from infra.topology import Topology
from lambdas.aggregator.session_store import SessionStore
from lambdas.aggregator.sessions import Session
from lambdas.anomaly_detector.rules import Alert
from lambdas.anomaly_detector.store import AlertStore
from lambdas.event_processor.logic import Batch
from lambdas.event_processor.store import Archive
from lambdas.shared import lake as layout
from lambdas.shared.event import Event
from lambdas.shared.redriven import unwrap
from tests.integration.account import calls, calls_about_another, deployed, name_of
from tests.trail.rig import RecordedPlatform

STACK = "shop"
HOUR, DAY = "2026-01-01-10", "2026-01-01"
SHARD = "shardId-000000000000"
EVENT = {"event_type": "page_view", "session_id": "set-aside", "event_time": "2001-02-03T04:05:05Z"}
TUNNEL = "open the way to it (docs/operations.md, Dagster on ECS) and give --dagster-url"

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def shop(
    platform: RecordedPlatform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Topology]:
    port = free_port()
    outputs = {"CollectorUrl": f"http://{LOOPBACK}:{port}"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("nothing-runs-here"))
        with deployed(STACK, {"delivery": "firehose"}, outputs) as topology:
            start_collector(platform, topology, port)
            populate(topology)
            yield topology


def start_collector(platform: RecordedPlatform, topology: Topology, port: int) -> None:
    found = platform.specs.ingress()
    own = {**function_environment(topology.function("collector")), "AWS_ACCESS_KEY_ID": "of-shop"}
    spec = Spec(
        "shop-collector",
        (*found.command[:-1], str(port)),
        {**found.environment, **own},
        f"http://{LOOPBACK}:{port}/health",
        "ok",
    )
    platform.start_process(spec).wait_ready()


def populate(topology: Topology) -> None:
    """An hour, a session, an alert, a record that was set aside."""
    bucket, dynamodb = topology.buckets[0].name, boto3.client("dynamodb")
    at = layout.start_of(HOUR)
    event = Event(
        event_id="e1",
        event_type="page_view",
        event_time=at,
        received_at=at,
        session_id="s-anna",
        user_id="anna",
        shard_id=SHARD,
        sequence_number="1",
    )
    Archive(boto3.client("s3"), bucket).write(Batch(SHARD, "1", "2", {HOUR: [event]}, []))
    raw = f"s3://{bucket}/{layout.raw_prefix(HOUR)}"
    CatalogResource(database=topology.database).place("raw_events", {HOUR: raw})
    SessionStore(dynamodb, STACK).write([("", Session("s-anna", fence="1"))])
    topic = f"arn:aws:sns:us-east-1:123456789012:{topology.alert_topic.name}"
    AlertStore(dynamodb, boto3.client("sns"), STACK, topic).raise_alerts(
        [Alert("rule#s-anna", "traffic_drop", "s-anna", f"{DAY}T10:00:00+00:00", {"page": "/"})]
    )
    set_aside(topology, "7")


def set_aside(topology: Topology, number: str) -> None:
    line = {
        "reason": "a_bug",
        "detail": "mended since",
        "payload": base64.b64encode(json.dumps(EVENT).encode()).decode(),
        "shard_id": SHARD,
        "sequence_number": number,
        "arrived_at": "2001-02-03T04:05:06+00:00",
    }
    key = f"quarantine/day={DAY}/{SHARD}-{number}-{number}.json"
    boto3.client("s3").put_object(
        Bucket=topology.buckets[0].name, Key=key, Body=json.dumps(line).encode()
    )


def clickstream(*arguments: str, answer: str = "") -> Result:
    command = [*arguments, "--aws", "--stack", STACK]
    return CliRunner().invoke(app, command, input=answer, env={"COLUMNS": "200"})


def answered(*arguments: str, answer: str = "") -> str:
    done = clickstream(*arguments, answer=answer)
    assert done.exit_code == 0, done.output
    return done.stdout


def ids_on_the_stream(topology: Topology, session: str) -> Counter[str]:
    """How often each event of a session is on the stack's stream."""
    kinesis, stream = boto3.client("kinesis"), topology.stream.name
    found: Counter[str] = Counter()
    for shard_id in list_shards(kinesis, stream):
        for record in Shard(kinesis, stream, shard_id, after=None).read().records:
            event = json.loads(unwrap(record.data)[0])
            if event["session_id"] == session:
                found[event["event_id"]] += 1
    return found


def test_a_query_is_asked_in_the_stacks_database(shop: Topology) -> None:
    told = answered("query", "SELECT user_id FROM raw_events", "--output", "csv")
    assert list(csv.reader(io.StringIO(told))) == [["user_id"], ["anna"]]


def test_a_change_by_a_query_names_the_account(shop: Topology) -> None:
    done = clickstream("query", "DROP TABLE raw_events", answer="n\n")
    assert done.exit_code == 1
    assert f"{name_of(STACK)}: this statement changes tables. Run it?" in done.stderr
    assert "nothing was run" in done.stderr


def test_the_stacks_alerts_are_printed(shop: Topology) -> None:
    [alert] = json.loads(answered("alerts", "--json"))
    assert (alert["rule"], alert["session_id"]) == ("traffic_drop", "s-anna")


def test_status_tells_what_an_account_tells_and_no_more(shop: Topology) -> None:
    [delivery] = shop.delivery_streams
    boto3.client("cloudwatch").put_metric_data(
        Namespace="AWS/Firehose",
        MetricData=[
            {
                "MetricName": "DeliveryToS3.DataFreshness",
                "Dimensions": [{"Name": "DeliveryStreamName", "Value": delivery.name}],
                "Timestamp": datetime.now(UTC),
                "Value": 42,
            }
        ],
    )
    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in answered("status").splitlines()
        if line.startswith("│")
    ]
    assert ["firehose_transform", "-", "-", "42.0 s", "the most in 15 min"] in rows
    assert ["aggregator", "-", "-", "-", "nothing in 15 min"] in rows
    assert ["shop-failed-batches", "0"] in rows
    assert ["sessions", "1"] in rows
    unknown = "not known: the stack shop-compute has no such output"
    assert ["Dagster UI", unknown] in rows
    [collector] = [row[1] for row in rows if row[0] == "collector"]
    assert collector.endswith("/v1/events")


def test_a_set_aside_record_is_replayed_to_the_stacks_collector(shop: Topology) -> None:
    counted = [{"day": DAY, "reason": "a_bug", "records": 1}]
    assert json.loads(answered("quarantine", "list", "--json")) == counted
    assert "a_bug: mended since" in answered("quarantine", "show")
    assert "1 would be sent" in answered("quarantine", "replay", "--dry-run")
    declined = clickstream("quarantine", "replay", answer="n\n")
    assert declined.exit_code == 1
    assert f"{name_of(STACK)}: 1 would be sent. Send?" in declined.stderr
    assert ids_on_the_stream(shop, "set-aside") == Counter()
    assert "1 accepted" in answered("quarantine", "replay", answer="y\n")
    assert ids_on_the_stream(shop, "set-aside") == {f"{SHARD}:7": 1}
    assert json.loads(answered("quarantine", "list", "--json")) == []


def give_up(topology: Topology, function: str, number: str, shard: str) -> None:
    arn = "arn:aws:{}:us-east-1:123456789012:{}"
    body: dict[str, Any] = {
        "requestContext": {
            "functionArn": arn.format("lambda", f"function:{function}"),
            "condition": "RetryAttemptsExhausted",
        },
        "KinesisBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": number,
            "endSequenceNumber": number,
            "batchSize": 1,
            "streamArn": arn.format("kinesis", f"stream/{topology.stream.name}"),
        },
    }
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{topology.stack}-failed-batches")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))


def test_a_failed_batch_is_redriven_also_of_the_archive_before_firehose(shop: Topology) -> None:
    event = {**EVENT, "session_id": "redriven", "event_id": "a"}
    put = boto3.client("kinesis").put_record(
        StreamName=shop.stream.name, Data=json.dumps(event).encode(), PartitionKey="redriven"
    )
    for function in ("shop-aggregator", "shop-event-processor"):
        give_up(shop, function, put["SequenceNumber"], put["ShardId"])
    tried = answered("redrive", "--dry-run")
    assert tried.count("1 records, 1 on the stream, 1 would be sent") == 2
    declined = clickstream("redrive", answer="n\n")
    assert declined.exit_code == 1
    question = f"{name_of(STACK)}: 2 failed batches of 2 records in all. Send?"
    assert question in declined.stderr
    assert ids_on_the_stream(shop, "redriven") == {"a": 1}
    answered("redrive", answer="y\n")
    assert ids_on_the_stream(shop, "redriven") == {"a": 3}
    assert "No batch has failed" in answered("redrive")


def test_who_is_to_be_erased_is_looked_for_in_the_stack_alone(shop: Topology) -> None:
    told = answered("erase", "--user", "anna", "--dry-run")
    assert f"{HOUR}  1 in raw_events" in told
    refused = clickstream("erase", "--user", "anna", "--yes")
    assert refused.exit_code == 1
    assert f"no Dagster is known: the stack shop-compute has no such output; {TUNNEL}" in (
        refused.stderr
    )
    assert "anna" in answered("query", "SELECT user_id FROM raw_events", "--output", "csv")


def test_retention_is_looked_at_by_whoever_says_that_no_dagster_works(shop: Topology) -> None:
    refused = clickstream("retention", "--dry-run")
    assert refused.exit_code == 1
    assert TUNNEL in refused.stderr
    tried = answered("retention", "--dry-run", "--no-dagster")
    assert "No Dagster answers, so nobody rebuilds hours: by this process" in tried
    assert "Nothing is past its time." in tried


def test_a_backfill_says_how_dagster_is_reached(shop: Topology) -> None:
    refused = clickstream("backfill", "2026-11-01", "2026-11-01")
    assert refused.exit_code == 1
    assert TUNNEL in refused.stderr


def test_the_collectors_address_may_be_given(shop: Topology) -> None:
    set_aside(shop, "8")
    url = f"http://{LOOPBACK}:{free_port()}"
    done = clickstream("quarantine", "replay", "--yes", "--collector", url)
    assert done.exit_code == 1
    assert f"nothing answers at {url}" in done.stderr


def test_no_other_stack_was_asked_for_anything(platform: RecordedPlatform, shop: Topology) -> None:
    """A name by default, anywhere, would have been the other platform's."""
    assert calls(platform) > 50
    assert calls_about_another(platform) == []
