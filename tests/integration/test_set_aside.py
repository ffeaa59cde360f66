"""Quarantine and redrive on the embedded AWS, through the command itself.

A platform of its own: what is sent here would be counted by other tests.
"""

import base64
import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from infra.cli import app
from infra.local.endpoints import Ports
from infra.local.launcher import Platform
from infra.local.mappings.shards import Shard, list_shards
from infra.local.processes import free_port
from infra.local.specs import Options
from infra.local.state import State
from lambdas.shared.redriven import unwrap

DAY = "2001-02-03"
SHARD = "shardId-000000000000"
EVENT = {"event_type": "page_view", "session_id": "set-aside", "event_time": "2001-02-03T04:05:05Z"}

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def own_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    state = State(tmp_path_factory.mktemp("set-aside") / "state")
    environment = dict(os.environ)
    with state.locked():  # by which the command knows that it runs
        ports = Ports.of_state(state, free_port(), free_port())
        running = Platform(state, ports, Options(0.5, {}), lambda _: None)
        running.start()
        yield running
        running.stop()
    os.environ.clear()
    os.environ.update(environment)


def clickstream(platform: Platform, *arguments: str, answer: str = "") -> Result:
    command = [*arguments, "--state-dir", str(platform.state.root)]
    return CliRunner().invoke(app, command, input=answer, env={"COLUMNS": "200"})


def ids_on_the_stream(platform: Platform, session: str) -> Counter[str]:
    """How often each event of a session is on the stream, by the ids it is sent with."""
    kinesis, stream = boto3.client("kinesis"), platform.topology.stream.name
    found: Counter[str] = Counter()
    for shard_id in list_shards(kinesis, stream):
        for record in Shard(kinesis, stream, shard_id, after=None).read().records:
            try:
                event = json.loads(unwrap(record.data)[0])
            except ValueError:
                continue
            if event.get("session_id") == session and "event_id" in event:
                found[event["event_id"]] += 1
    return found


def set_aside(platform: Platform, payloads: dict[int, bytes]) -> None:
    lines = [
        json.dumps(
            {
                "reason": "a_bug",
                "detail": "mended since [bold]",
                "payload": base64.b64encode(payload).decode(),
                "shard_id": SHARD,
                "sequence_number": str(number),
                "arrived_at": "2001-02-03T04:05:06+00:00",
            }
        )
        for number, payload in payloads.items()
    ]
    boto3.client("s3").put_object(
        Bucket=platform.topology.buckets[0].name,
        Key=f"quarantine/day={DAY}/{SHARD}-1-9.json",
        Body="\n".join(lines).encode(),
    )


def test_a_record_is_replayed_once(own_platform: Platform) -> None:
    assert "Nothing is set aside" in clickstream(own_platform, "quarantine", "list").stdout
    set_aside(own_platform, {1: json.dumps(EVENT).encode(), 2: b"\xff"})
    listed = clickstream(own_platform, "quarantine", "list", "--json")
    assert json.loads(listed.stdout) == [{"day": DAY, "reason": "a_bug", "records": 2}]
    shown = clickstream(own_platform, "quarantine", "show", "--day", DAY)
    assert "a_bug: mended since [bold]" in shown.stdout
    assert json.dumps(EVENT) in shown.stdout
    tried = clickstream(own_platform, "quarantine", "replay", "--dry-run")
    assert "1 would be sent; 1 would still be refused (invalid_json 1)" in tried.stdout
    declined = clickstream(own_platform, "quarantine", "replay", answer="n\n")
    assert (declined.exit_code, ids_on_the_stream(own_platform, "set-aside")) == (1, Counter())
    for accepted in (1, 0):
        done = clickstream(own_platform, "quarantine", "replay", "--yes")
        assert done.exit_code == 0, done.output
        assert f"{accepted} accepted" in done.stdout
        assert f"refused  {DAY} {SHARD}:2  invalid_json" in done.stdout
    assert ids_on_the_stream(own_platform, "set-aside") == {f"{SHARD}:1": 1}
    left = clickstream(own_platform, "quarantine", "list", "--json")
    assert json.loads(left.stdout) == [{"day": DAY, "reason": "a_bug", "records": 1}]
    set_aside(own_platform, {1: json.dumps(EVENT).encode()})  # as the archive would, once more
    again = clickstream(own_platform, "quarantine", "replay", "--yes")
    assert "Nothing is set aside" in again.stdout
    assert ids_on_the_stream(own_platform, "set-aside") == {f"{SHARD}:1": 1}


def test_a_wrong_day_is_explained(own_platform: Platform) -> None:
    wrong = clickstream(own_platform, "quarantine", "list", "--day", "yesterday")
    assert wrong.exit_code == 1
    assert "write yyyy-MM-dd" in wrong.stderr


def give_up(platform: Platform, package: str, first: str, last: str, size: int, shard: str) -> None:
    topology = platform.topology
    body: dict[str, Any] = {
        "requestContext": {
            "functionArn": topology.function(package).name,
            "condition": "RetryAttemptsExhausted",
        },
        "KinesisBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first,
            "endSequenceNumber": last,
            "batchSize": size,
            "streamArn": f"arn:aws:kinesis:us-east-1:000000000000:stream/{topology.stream.name}",
        },
    }
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{topology.stack}-failed-batches")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))


def test_a_failed_batch_is_redriven(own_platform: Platform) -> None:
    assert "No batch has failed" in clickstream(own_platform, "redrive").stdout
    kinesis, stream = boto3.client("kinesis"), own_platform.topology.stream.name
    event = {**EVENT, "session_id": "redriven"}
    payloads = [json.dumps({**event, "event_id": name}).encode() for name in ("a", "b")]
    put = [
        kinesis.put_record(StreamName=stream, Data=data, PartitionKey="redriven")
        for data in (*payloads, b"no event", json.dumps(event).encode())
    ]
    shard, numbers = put[0]["ShardId"], [answer["SequenceNumber"] for answer in put]
    give_up(own_platform, "event_processor", numbers[1], numbers[3], 3, shard)
    tried = clickstream(own_platform, "redrive", "--dry-run")
    assert "3 records, 3 on the stream, 2 would be sent, 1 no events" in tried.stdout
    done = clickstream(own_platform, "redrive", answer="y\n")
    assert done.exit_code == 0, done.output
    assert "1 failed batch of 3 records" in done.stderr
    once_more = {"a": 1, "b": 2, f"{shard}:{numbers[3]}": 1}
    assert ids_on_the_stream(own_platform, "redriven") == once_more
    reason = ("--reason", "invalid_json")  # the running archive sets it aside as well
    shown = clickstream(own_platform, "quarantine", "show", *reason, "--json")
    assert [one["payload"] for one in json.loads(shown.stdout)] == ["no event"]
    assert "No batch has failed" in clickstream(own_platform, "redrive", "--yes").stdout


def test_a_forgotten_batch_stays_on_the_queue(own_platform: Platform) -> None:
    give_up(own_platform, "aggregator", "1", "2", 2, "shardId-000000000777")
    for _ in range(2):
        done = clickstream(own_platform, "redrive", "--yes")
        assert done.exit_code == 1
        assert "kept on the queue: all records are no longer on the stream" in done.stdout
