"""The event source mapping behaves as AWS documents it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.mappings.batching import MAX_PAYLOAD_BYTES, Batcher, Record
from infra.local.mappings.delivery import Delivery, Policy

NOW = 1000.0
POLICY = Policy(max_retries=2, max_record_age_s=60, bisect_on_error=True, report_item_failures=True)


def records(*numbers: int, size: int = 10, arrived_at: float = NOW) -> list[Record]:
    return [Record(str(number), "k", b"x" * size, arrived_at) for number in numbers]


def test_a_full_batch_goes_at_once_and_the_rest_waits_for_its_window() -> None:
    batcher = Batcher(batch_size=3, window_s=10)
    batcher.add(records(1, 2, 3, 4), now=0)
    assert [r.sequence_number for r in batcher.take(0)] == ["1", "2", "3"]
    assert batcher.take(9.9) == []
    assert [r.sequence_number for r in batcher.take(10)] == ["4"]
    assert batcher.take(100) == []


def test_a_batch_never_passes_the_payload_limit() -> None:
    """Lambda refuses more than 6 MB, and data grows by a third as base64."""
    batcher = Batcher(batch_size=10_000, window_s=0)
    batcher.add(records(*range(10), size=1_000_000), now=0)
    batch = batcher.take(0)
    assert len(batch) == 4
    assert sum(record.payload_bytes for record in batch) <= MAX_PAYLOAD_BYTES


def test_the_end_of_a_shard_does_not_wait() -> None:
    batcher = Batcher(batch_size=10, window_s=60)
    batcher.add(records(1), now=0)
    assert len(batcher.take(0, at_once=True)) == 1


@given(
    st.lists(st.integers(1, 3_000_000), max_size=30),
    st.integers(1, 10),
)
def test_batches_are_the_records_in_order(sizes: list[int], batch_size: int) -> None:
    wanted = [Record(str(i), "k", b"x" * size, NOW) for i, size in enumerate(sizes)]
    batcher, got = Batcher(batch_size, window_s=0), []
    batcher.add(wanted, now=0)
    while batch := batcher.take(1, at_once=True):
        got.extend(batch)
    assert got == wanted


class Function:
    """A function that fails as told, and remembers what it was given."""

    def __init__(self, poison: set[str], answer: Any = None) -> None:
        self.poison = poison
        self.answer = answer
        self.calls: list[list[str]] = []
        self.done: list[str] = []

    def __call__(self, batch: list[Record]) -> dict[str, Any] | None:
        numbers = [record.sequence_number for record in batch]
        self.calls.append(numbers)
        bad = [number for number in numbers if number in self.poison]
        if bad and self.answer == "partial":
            self.done.extend(numbers[: numbers.index(bad[0])])
            return {"batchItemFailures": [{"itemIdentifier": bad[0]}]}
        if bad:
            raise RuntimeError("poison")
        self.done.extend(numbers)
        return {"batchItemFailures": []}


def deliver(function: Function, batch: list[Record], policy: Policy = POLICY) -> list[Any]:
    given_up: list[Any] = []

    def give_up(found: list[Record], reason: str, tries: int) -> None:
        given_up.append(([record.sequence_number for record in found], reason, tries))

    settled: list[str] = []
    delivery = Delivery(
        function,
        give_up,
        lambda record: settled.append(record.sequence_number),
        policy,
        sleep=lambda _: None,
        clock=lambda: NOW,
    )
    assert delivery.deliver(batch)
    assert settled == sorted(settled, key=int)
    assert settled[-1:] == [record.sequence_number for record in batch[-1:]]
    return given_up


def test_bisection_isolates_a_poison_record_of_any_batch() -> None:
    """If splitting used up the retries, one bad record would take hundreds of others with it."""
    function = Function({"7003"})
    given_up = deliver(function, records(*range(10_000)))
    assert given_up == [(["7003"], "RetryAttemptsExhausted", 3)]
    assert function.done == [str(number) for number in range(10_000) if number != 7003]


def test_a_partial_failure_delivers_again_from_the_failed_record_on() -> None:
    function = Function({"3"}, answer="partial")
    given_up = deliver(function, records(1, 2, 3, 4), POLICY._replace(bisect_on_error=False))
    assert function.calls[:2] == [["1", "2", "3", "4"], ["3", "4"]]
    assert function.done == ["1", "2"]
    assert given_up == [(["3", "4"], "RetryAttemptsExhausted", 3)]


def test_an_unknown_identifier_fails_the_whole_batch() -> None:
    calls = 0

    def function(_: list[Record]) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        return {"batchItemFailures": [{"itemIdentifier": "?"}]} if calls == 1 else {}

    assert deliver(function, records(1), POLICY) == []  # type: ignore[arg-type]
    assert calls == 2


def test_records_beyond_their_age_are_given_up_and_the_others_delivered() -> None:
    function = Function(set())
    given_up = deliver(function, records(1, arrived_at=NOW - 61) + records(2))
    assert function.done == ["2"]
    assert given_up == [(["1"], "MaximumRecordAgeExceeded", 0)]


def test_stopping_tries_once_and_leaves_a_failing_batch_to_the_next_start() -> None:
    """Events that wait for their window are delivered on stop: the stream may not keep them."""
    bad, good = Function({"1"}), Function(set())
    for function, done in ((bad, False), (good, True)):
        delivery = Delivery(
            function,
            pytest.fail,
            lambda _: None,
            POLICY,
            sleep=lambda _: None,
            clock=lambda: NOW,
            stopping=lambda: True,
        )
        assert delivery.deliver(records(1)) is done
        assert function.calls == [["1"]]


def test_what_is_done_or_given_up_is_settled_before_what_follows_is_tried() -> None:
    """A restart must not go back to what was given up: later records have moved the fences."""
    said: list[str] = []

    def function(batch: list[Record]) -> None:
        numbers = [record.sequence_number for record in batch]
        said.append("try " + " ".join(numbers))
        if "2" in numbers:
            raise RuntimeError("poison")

    delivery = Delivery(
        function,
        lambda given_up, *_: said.append(f"give up {given_up[0].sequence_number}"),
        lambda record: said.append(f"settle {record.sequence_number}"),
        POLICY._replace(max_retries=0),
        sleep=lambda _: None,
        clock=lambda: NOW,
    )
    assert delivery.deliver(records(1, 2, 3, 4))
    assert said == [
        "try 1 2 3 4",
        "try 1 2",
        "try 1",
        "settle 1",
        "try 2",
        "give up 2",
        "settle 2",
        "try 3 4",
        "settle 4",
    ]


@given(st.integers(1, 20), st.sets(st.integers(0, 19)), st.sampled_from([None, "partial"]))
def test_every_record_is_done_or_given_up(count: int, bad: set[int], answer: str | None) -> None:
    function = Function({str(number) for number in bad}, answer)
    given_up = deliver(function, records(*range(count)), POLICY._replace(max_retries=8))
    set_aside = {number for numbers, _, _ in given_up for number in numbers}
    assert set(function.done) | set_aside == {str(number) for number in range(count)}
    assert set(function.done).isdisjoint(function.poison)
