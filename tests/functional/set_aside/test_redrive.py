"""Batches that were given up come back whole, or their message stays."""

import base64
import json

import pytest

from infra.failed_batches import FailureQueue, StreamRange
from infra.redrive import Consumers, Outcome, Redrive
from lambdas.event_processor.store import Archive
from lambdas.shared.limits import Limits
from tests.functional.set_aside.fakes import (
    SHARD,
    CrashError,
    FakeDoor,
    FakeKinesis,
    FakeS3,
    FakeSqs,
    Fuse,
    event,
    numbers_below,
)

ARCHIVE = "c-event-processor"
AGGREGATOR = "arn:aws:lambda:eu-west-1:1:function:c-aggregator:live"


def message(
    first: int, last: int, size: int, function: str = AGGREGATOR, shard: str = SHARD
) -> str:
    info = {
        "shardId": shard,
        "startSequenceNumber": str(first),
        "endSequenceNumber": str(last),
        "approximateArrivalOfFirstRecord": "2001-02-03T04:05:06Z",
        "batchSize": size,
        "streamArn": "arn:aws:kinesis:eu-west-1:1:stream/c-events",
    }
    context = {"functionArn": function, "condition": "RetryAttemptsExhausted"}
    return json.dumps({"requestContext": context, "version": "1.0", "KinesisBatchInfo": info})


class Scene:
    """A queue, a stream, a lake and a collector."""

    def __init__(self, records: dict[int, bytes], *messages: str) -> None:
        self.sqs, self.s3, self.door = FakeSqs(), FakeS3(), FakeDoor()
        self.kinesis = FakeKinesis(records)
        self.limits = Limits()
        for number, body in enumerate(messages):
            self.sqs.messages[f"m{number}"] = body
        self.outcomes: list[Outcome] = []

    def run(self, *, preview: bool = False) -> bool:
        queue = FailureQueue(self.sqs, "failed")  # type: ignore[arg-type]
        redrive = Redrive(
            queue,
            StreamRange(self.kinesis, "c-events"),  # type: ignore[arg-type]
            self.door,
            Archive(self.s3, "lake"),  # type: ignore[arg-type]
            Consumers(ARCHIVE, self.limits),
        )
        self.outcomes = []
        if preview:
            redrive.preview(queue.take(), self.outcomes.append)
            return False
        return redrive.run(queue.take(), self.outcomes.append)


def test_a_batch_is_sent_with_its_own_ids_and_its_message_goes() -> None:
    records = {n: event(event_id=f"e{n}" if n % 2 else None) for n in range(1, 9)}
    scene = Scene(records, message(3, 6, 4))
    assert scene.run()
    assert scene.door.ids == ["e3", f"{SHARD}:4", "e5", f"{SHARD}:6"]
    assert scene.sqs.messages == {}


def test_what_the_archive_gave_up_and_is_no_event_is_set_aside() -> None:
    scene = Scene({1: event(), 2: b"\xff", 3: b"null"}, message(1, 3, 3, ARCHIVE))
    assert scene.run()
    assert scene.door.ids == [f"{SHARD}:1"]
    [body] = scene.s3.objects.values()
    lines = [json.loads(text) for text in body.splitlines()]
    assert [one["reason"] for one in lines] == ["invalid_json", "not_an_object"]
    assert base64.b64decode(lines[0]["payload"]) == b"\xff"
    assert numbers_below(scene.s3, "quarantine/day=2001-02-03/") == [2, 3]


def test_what_another_function_gave_up_and_is_no_event_is_left_to_the_archive() -> None:
    scene = Scene({1: event(), 2: b"\xff"}, message(1, 2, 2))
    assert scene.run()
    assert scene.s3.objects == {}
    assert [item.reason for item in scene.outcomes[0].bad] == ["invalid_json"]


@pytest.mark.parametrize(("function", "kept"), [(ARCHIVE, False), (AGGREGATOR, True)])
def test_an_event_the_collector_refuses_now_is_set_aside_or_its_message_is_kept(
    function: str, kept: bool
) -> None:
    """It was in time when it arrived: only the archive's quarantine may hold it instead."""
    scene = Scene({1: event(), 2: event()}, message(1, 2, 2, function))
    scene.door.limits = scene.limits = Limits(lateness=Limits().future)
    assert scene.run() is not kept
    assert bool(scene.sqs.messages) is kept
    assert numbers_below(scene.s3, "quarantine/") == ([] if kept else [1, 2])
    assert [item.reason for item in scene.outcomes[0].refused] == ["too_late", "too_late"]


@pytest.mark.parametrize("shard", [SHARD, "shardId-000000000009"])
def test_records_the_stream_has_forgotten_keep_their_message(shard: str) -> None:
    """All records, or the whole shard after a reshard."""
    scene = Scene({7: event()}, message(1, 3, 3, shard=shard))
    assert not scene.run()
    assert scene.door.stream == []
    assert scene.outcomes[0].problem is not None
    assert "all records are no longer on the stream" in scene.outcomes[0].problem
    assert list(scene.sqs.messages) == ["m0"]
    assert not scene.sqs.hidden, "the next redrive sees it at once"


def test_what_is_left_of_a_forgotten_batch_is_saved_and_never_overwritten() -> None:
    """Two redrives of a batch that shrinks: the second must not replace what it cannot read."""
    records = {2: b"{", 3: event(), 4: b"["}
    scene = Scene(records, message(1, 4, 4, ARCHIVE))
    assert not scene.run()
    assert scene.outcomes[0].problem is not None
    assert scene.outcomes[0].problem.startswith("1 of its 4 records are no longer")
    assert scene.door.ids == [f"{SHARD}:3"]
    del records[2]
    assert not scene.run()
    assert set(numbers_below(scene.s3, "quarantine/")) == {2, 4}


def test_two_functions_that_gave_up_the_same_records_send_them_once() -> None:
    scene = Scene(
        {n: event() for n in range(1, 5)}, message(1, 4, 4), message(2, 3, 2, "c-anomaly-detector")
    )
    assert scene.run()
    assert scene.door.ids == [f"{SHARD}:{n}" for n in range(1, 5)]
    assert scene.sqs.messages == {}


def test_batches_are_sent_in_the_order_of_the_stream() -> None:
    records = {n: event() for n in range(1, 31)}
    scene = Scene(records, *(message(n, n, 1) for n in range(30, 0, -1)))
    assert scene.run()
    assert scene.door.ids == [f"{SHARD}:{n}" for n in range(1, 31)]


@pytest.mark.parametrize(
    "body", ["", "{}", "null", '{"Records": []}', message(1, 1, 1).replace("c-events", "other")]
)
def test_a_message_about_something_else_is_kept_and_does_not_hold_up_the_others(body: str) -> None:
    scene = Scene({1: event()}, body, message(1, 1, 1))
    assert not scene.run()
    assert scene.sqs.messages == {"m0": body}
    assert scene.door.ids == [f"{SHARD}:1"]


@pytest.mark.parametrize("steps", range(9))
def test_wherever_it_dies_the_next_redrive_ends_it(steps: int) -> None:
    scene = Scene({1: event(), 2: b"{", 3: event()}, message(1, 3, 3, ARCHIVE), message(1, 3, 3))
    scene.door.fuse = scene.s3.fuse = Fuse(steps)
    try:
        scene.run()
    except CrashError:
        assert "m0" in scene.sqs.messages
        assert not scene.sqs.hidden
    scene.door.fuse = scene.s3.fuse = Fuse()
    assert scene.run() or not scene.outcomes
    assert set(scene.door.ids) == {f"{SHARD}:1", f"{SHARD}:3"}
    assert numbers_below(scene.s3, "quarantine/") == [2]
    assert scene.sqs.messages == {}


def test_a_preview_changes_nothing() -> None:
    scene = Scene({1: event(), 2: b"{"}, message(1, 2, 2, ARCHIVE))
    scene.run(preview=True)
    assert [(one.accepted, len(one.bad)) for one in scene.outcomes] == [(1, 1)]
    assert (scene.door.stream, scene.s3.objects, scene.sqs.hidden) == ([], {}, set())
    assert len(scene.sqs.messages) == 1


def test_an_empty_queue_is_nothing_to_do() -> None:
    scene = Scene({})
    assert scene.run()
    assert scene.outcomes == []
