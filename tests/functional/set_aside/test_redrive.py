"""Batches that were given up come back whole, or their message stays."""

import base64
import itertools
import json
from typing import get_args

import msgspec
import pytest

from infra.set_aside.failed_batches import FailureQueue
from infra.set_aside.redrive import Consumers, Outcome, Redrive
from infra.topology import build_topology
from lambdas.collector.store import StreamWriter
from lambdas.event_processor.store import Archive
from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.event import Event
from lambdas.shared.limits import Limits
from lambdas.shared.redriven import Consumer, Redriven, unwrap, wrap
from lambdas.shared.shards import Shards
from tests.functional.set_aside.fakes import (
    ARRIVED,
    SHARD,
    CrashError,
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


PACKAGES: dict[str, Consumer] = {
    ARCHIVE: "event_processor",
    "c-aggregator": "aggregator",
    "c-anomaly-detector": "anomaly_detector",
}


class Scene:
    """A queue, a stream and a lake."""

    def __init__(self, records: dict[int, bytes], *messages: str) -> None:
        self.sqs, self.s3, self.kinesis = FakeSqs(), FakeS3(), FakeKinesis(records)
        for number, body in enumerate(messages):
            self.sqs.messages[f"m{number}"] = body
        self.outcomes: list[Outcome] = []

    def run(self, *, preview: bool = False) -> bool:
        queue = FailureQueue(self.sqs, "failed")  # type: ignore[arg-type]
        seconds = itertools.count()
        redrive = Redrive(
            queue,
            Shards(self.kinesis, "c-events"),  # type: ignore[arg-type]
            StreamWriter(
                self.kinesis,  # type: ignore[arg-type]
                "c-events",
                sleep=lambda _: None,
                clock=lambda: float(next(seconds)),
            ),
            Archive(self.s3, "lake"),  # type: ignore[arg-type]
            Consumers(PACKAGES, Limits()),
        )
        self.outcomes = []
        if preview:
            redrive.preview(queue.take(), self.outcomes.append)
            return False
        return redrive.run(queue.take(), self.outcomes.append)

    def sent(self) -> list[tuple[Event, Redriven]]:
        """The events on the stream since, each with its mark."""
        found = []
        for number, record in enumerate(self.kinesis.put):
            data, redriven = unwrap(record["Data"])
            assert redriven is not None
            read = StreamRecord(SHARD, f"{number}", ARRIVED, data, record["PartitionKey"])
            found.append((decode_record(read, Limits()), redriven))
        return found

    def ids(self) -> list[str]:
        return [event.event_id for event, _ in self.sent()]


def test_a_batch_is_sent_with_its_own_ids_and_its_message_goes() -> None:
    records = {n: event(event_id=f"e{n}" if n % 2 else None) for n in range(1, 9)}
    scene = Scene(records, message(3, 6, 4))
    assert scene.run()
    assert scene.ids() == ["e3", f"{SHARD}:4", "e5", f"{SHARD}:6"]
    assert scene.sqs.messages == {}


def test_what_is_sent_says_for_whom_it_is_and_where_it_has_been() -> None:
    scene = Scene({1: event()}, message(1, 1, 1))
    assert scene.run()
    [(sent, redriven)] = scene.sent()
    assert redriven == Redriven("aggregator", ((SHARD, "1"),))
    assert sent.received_at == ARRIVED
    assert scene.kinesis.put[0]["PartitionKey"] == "s"


def test_what_fails_again_remembers_all_its_places() -> None:
    before = Redriven("aggregator", (("shardId-9", "5"),))
    canonical = msgspec.json.encode(
        json.loads(event(event_id="e")) | {"received_at": "2001-02-03T04:05:05Z"}
    )
    scene = Scene({1: wrap(canonical, before)}, message(1, 1, 1))
    assert scene.run()
    [(_, redriven)] = scene.sent()
    assert redriven.positions == (("shardId-9", "5"), (SHARD, "1"))


def test_what_was_redriven_for_another_function_is_passed_over() -> None:
    others = wrap(event(event_id="e"), Redriven("anomaly_detector", (("shardId-9", "5"),)))
    scene = Scene({1: others, 2: event()}, message(1, 2, 2))
    assert scene.run()
    assert scene.ids() == [f"{SHARD}:2"]
    assert scene.outcomes[0].passed_over == 1


def test_a_client_cannot_make_its_events_nobodys() -> None:
    forged = b'{"redriven":{"function":"nobody","positions":[["s","1"]]},"event":{}}'
    for payload in (forged, b'{"redriven":{"function":"aggregator","positions":[]},"event":{}}'):
        assert unwrap(payload) == (payload, None)


def test_the_functions_are_those_of_the_topology() -> None:
    mapped = {one.package for one in build_topology().functions if one.mapping is not None}
    assert mapped == set(get_args(Consumer))


def test_what_the_archive_gave_up_and_is_no_event_is_set_aside() -> None:
    scene = Scene({1: event(), 2: b"\xff", 3: b"null"}, message(1, 3, 3, ARCHIVE))
    assert scene.run()
    assert scene.ids() == [f"{SHARD}:1"]
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


def test_an_event_that_no_longer_fits_is_said_to_be_lost() -> None:
    """A direct producer's record may be as large as Kinesis takes; ours need room for a mark."""
    scene = Scene({1: event(page_title="a" * 2000, blob="b" * 1_040_000)}, message(1, 1, 1))
    assert not scene.run()
    assert "does not fit" in (scene.outcomes[0].problem or "")


def test_what_the_stream_does_not_take_keeps_its_message() -> None:
    scene = Scene({1: event(), 2: event()}, message(1, 2, 2))
    scene.kinesis.full = True
    assert not scene.run()
    assert scene.outcomes[0].sent == 1
    assert "did not take 1" in (scene.outcomes[0].problem or "")


def test_a_function_nobody_knows_keeps_its_message() -> None:
    scene = Scene({1: event()}, message(1, 1, 1, "somebody-elses"))
    assert not scene.run()
    assert "no function of this platform" in (scene.outcomes[0].problem or "")


@pytest.mark.parametrize("shard", [SHARD, "shardId-000000000009"])
def test_records_the_stream_has_forgotten_keep_their_message(shard: str) -> None:
    """All records, or the whole shard after a reshard."""
    scene = Scene({7: event()}, message(1, 3, 3, shard=shard))
    assert not scene.run()
    assert scene.kinesis.put == []
    assert scene.outcomes[0].problem is not None
    assert "all records are no longer on the stream" in scene.outcomes[0].problem
    assert list(scene.sqs.messages) == ["m0"]
    assert not scene.sqs.hidden, "the next redrive sees it at once"


def test_what_is_left_of_a_forgotten_batch_is_saved_once() -> None:
    scene = Scene({2: b"{", 3: event(), 4: b"["}, message(1, 4, 4, ARCHIVE))
    assert not scene.run()
    assert scene.outcomes[0].problem is not None
    assert scene.outcomes[0].problem.startswith("1 of its 4 records are no longer")
    assert scene.ids() == [f"{SHARD}:3"]
    assert set(numbers_below(scene.s3, "quarantine/")) == {2, 4}
    assert scene.sqs.messages == {}, "else it would be sent again each time"


def test_two_functions_that_gave_up_the_same_records_get_their_own() -> None:
    scene = Scene(
        {n: event() for n in range(1, 4)}, message(1, 3, 3), message(2, 3, 2, "c-anomaly-detector")
    )
    assert scene.run()
    functions = [redriven.function for _, redriven in scene.sent()]
    assert functions == ["aggregator"] * 3 + ["anomaly_detector"] * 2
    assert scene.sqs.messages == {}


def test_batches_are_sent_in_the_order_of_the_stream() -> None:
    records = {n: event() for n in range(1, 31)}
    scene = Scene(records, *(message(n, n, 1) for n in range(30, 0, -1)))
    assert scene.run()
    assert scene.ids() == [f"{SHARD}:{n}" for n in range(1, 31)]


@pytest.mark.parametrize(
    "body", ["", "{}", "null", '{"Records": []}', message(1, 1, 1).replace("c-events", "other")]
)
def test_a_message_about_something_else_is_kept_and_does_not_hold_up_the_others(body: str) -> None:
    scene = Scene({1: event()}, body, message(1, 1, 1))
    assert not scene.run()
    assert scene.sqs.messages == {"m0": body}
    assert scene.ids() == [f"{SHARD}:1"]


@pytest.mark.parametrize("steps", range(9))
def test_wherever_it_dies_the_next_redrive_ends_it(steps: int) -> None:
    scene = Scene({1: event(), 2: b"{", 3: event()}, message(1, 3, 3, ARCHIVE), message(1, 3, 3))
    scene.kinesis.fuse = scene.s3.fuse = Fuse(steps)
    try:
        scene.run()
    except CrashError:
        assert scene.sqs.messages
        assert not scene.sqs.hidden
    scene.kinesis.fuse = scene.s3.fuse = Fuse()
    assert scene.run() or not scene.outcomes
    for function in ("event_processor", "aggregator"):
        ids = {event.event_id for event, redriven in scene.sent() if redriven.function == function}
        assert ids == {f"{SHARD}:1", f"{SHARD}:3"}
    assert numbers_below(scene.s3, "quarantine/") == [2]
    assert scene.sqs.messages == {}


def test_a_preview_changes_nothing() -> None:
    scene = Scene({1: event(), 2: b"{"}, message(1, 2, 2, ARCHIVE))
    scene.run(preview=True)
    assert [(one.sent, len(one.bad)) for one in scene.outcomes] == [(1, 1)]
    assert (scene.kinesis.put, scene.s3.objects, scene.sqs.hidden) == ([], {}, set())
    assert len(scene.sqs.messages) == 1


def test_an_empty_queue_is_nothing_to_do() -> None:
    scene = Scene({})
    assert scene.run()
    assert scene.outcomes == []
