"""The items of one session are deleted at any moment, and all others are counted exactly.

The aggregator remembers sessions, gives batches up and has them redriven; the erasure knows nothing
of that and deletes whenever it comes to it.
"""

import random
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.erasure.real_time import session_of
from lambdas.aggregator.store import FenceConflict
from lambdas.shared.codec import StreamRecord
from lambdas.shared.event import Event
from lambdas.shared.stream import decode_batch
from tests.fakes.dynamodb import CrashError, FakeDynamoDB
from tests.functional.lambdas.histories import LIMITS, Aggregating, Consumer, Stream
from tests.functional.lambdas.test_exact_counting import (
    counted,
    expected,
    expected_sketches,
    sketched,
)

ERASED = "s0"


class ErasingDynamoDB(FakeDynamoDB):
    """Loses the items of a session before a write of somebody else's."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.erased = 0

    def erase(self) -> None:
        items = self.tables.get("c-session-metrics", {})
        mine = [key for key in items if session_of(key[0]) == ERASED]
        for key in mine:
            del items[key]
        self.erased += len(mine)

    def _spend_a_write(self) -> None:
        if self._chance.random() < 0.03:
            self.erase()
        super()._spend_a_write()


class Disturbed(Aggregating):
    """The aggregator; an item that is gone fails its batch, which Lambda delivers again."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self.dynamodb = ErasingDynamoDB(stream.chance)
        self.restart()
        self._other = self._stores
        self.restart()
        self.conflicts = 0

    def process(self, records: list[StreamRecord]) -> None:
        try:
            super().process(records)
        except FenceConflict:
            self.conflicts += 1
            raise CrashError from None


def history(seed: int) -> tuple[Stream, Disturbed]:
    chance = random.Random(seed)
    stream = Stream(chance)
    function = Disturbed(stream)
    consumer = Consumer(stream, function)
    for _ in range(25):
        stream.produce(chance.randint(1, 8))
        if chance.random() < 0.1:
            chance.choice([stream.split, stream.merge])()
        if chance.random() < 0.2:
            function.dynamodb.erase()
        crashes = [chance.randint(0, 8) for _ in range(chance.randint(0, 3))]
        for shard_id in consumer.readable():
            retries = chance.choice([1, 10**6])
            consumer.deliver(shard_id, chance.randint(1, 9), crashes, retries)
        if chance.random() < 0.2:
            consumer.redrive()
    consumer.drain()
    return stream, function


def on_the_stream(stream: Stream) -> Counter[tuple[str, ...]]:
    """How often the erased session's events are on the stream, by the counters they belong to."""
    found: Counter[tuple[str, ...]] = Counter()
    for shard in stream.shards.values():
        for arrival in decode_batch(shard.records, LIMITS, "aggregator")[0]:
            if arrival.event.session_id == ERASED:
                found.update(expected([arrival.event]))
    return found


def split_up(events: list[Event]) -> tuple[Counter[Any], Counter[Any]]:
    mine = [one for one in events if one.session_id == ERASED]
    others = [one for one in events if one.session_id != ERASED]
    return expected(mine), expected(others)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_all_others_are_counted_exactly(seed: int) -> None:
    stream, function = history(seed)
    mine, others = split_up(stream.events)
    most = on_the_stream(stream)
    found = counted(function.dynamodb)
    for key in found.keys() | others.keys():
        if key[:2] == ("sessions", ERASED):
            continue
        # What the erased session adds is at least each event once, and at most what it has sent.
        added = found[key] - others[key]
        assert mine[key] <= added <= most[key], key
        if key not in mine:
            assert found[key] == others[key], key
    assert sketched(function.dynamodb) == expected_sketches(stream.events)


def test_sessions_are_erased_in_these_histories_and_batches_fail_by_it() -> None:
    functions = [history(seed)[1] for seed in range(10)]
    assert sum(function.dynamodb.erased for function in functions) > 50
    assert sum(function.conflicts for function in functions) > 5
