"""Counters equal the number of distinct events, whatever is delivered again, and how."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.aggregator.keys import STRAY, UNIQUE_VISITORS
from lambdas.aggregator.logic import plan_batch, session_key
from lambdas.aggregator.session_store import SessionStore
from lambdas.aggregator.store import PAGES_OF_HOUR, CounterStore
from lambdas.shared.event import Event
from lambdas.shared.sequence import padded
from lambdas.shared.sketch import Sketch
from lambdas.shared.stream import Arrival
from tests.fakes.dynamodb import CrashError, FakeDynamoDB, OneByOne

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
Stream = list[Event]


class Stores(NamedTuple):
    counters: CounterStore
    sessions: SessionStore


def stores_on(dynamodb: FakeDynamoDB) -> Stores:
    client: Any = dynamodb
    stores = Stores(
        CounterStore(client, "c", now=lambda: 0.0), SessionStore(client, "c", now=lambda: 0.0)
    )
    for store in stores:
        store._writer._pool.shutdown()
        store._writer._pool = OneByOne()  # type: ignore[assignment]
    return stores


def produce(chance: random.Random, count: int, shard: int = 0) -> Stream:
    """A shard's events: few sessions and pages, a quarter of them sent twice by their client.

    Sessions with an odd number have shard 1 for their home; a producer that does not partition by
    session puts some of them on shard 0 as well.
    """
    events: Stream = []
    sent: dict[str, Stream] = {}
    sequence = 10**20
    for number in range(count):
        sequence += chance.randint(1, 3)
        session = f"s{chance.randrange(4) if shard == 0 else chance.choice([1, 3])}"
        position = {"shard_id": f"shardId-{shard}", "sequence_number": str(sequence)}
        if sent.get(session) and chance.random() < 0.25:
            known = chance.choice(sent[session][-3:])
            fields = {name: getattr(known, name) for name in Event.__struct_fields__}
            events.append(Event(**{**fields, **position}))
            continue
        event = Event(
            event_id=f"e{shard}-{number}",
            user_id=f"u{chance.randrange(6)}",
            event_type=chance.choice(["page_view", "click"]),
            event_time=START + timedelta(seconds=chance.randrange(7200)),
            received_at=START,
            session_id=session,
            page_path=f"/p{chance.randrange(3)}",
            **position,
        )
        sent.setdefault(session, []).append(event)
        events.append(event)
    return events


def arrival_of(event: Event) -> Arrival:
    """Sessions with an odd number on shard 0 came there under some other key."""
    is_stray = event.shard_id == "shardId-0" and event.session_id in {"s1", "s3"}
    key = "some other key" if is_stray else event.session_id
    return Arrival(event, key, event.received_at)


def process(stores: Stores, batch: Stream, *, sessions_first: bool = False) -> None:
    arrivals = [arrival_of(event) for event in batch]
    known = stores.sessions.read(session_key(arrival) for arrival in arrivals)
    span = (padded(batch[0].sequence_number or ""), padded(batch[-1].sequence_number or ""))
    plan = plan_batch(arrivals, known, span)
    if sessions_first:
        stores.sessions.write(plan.sessions)
        stores.counters.apply(plan)
    else:
        stores.counters.apply(plan)
        stores.sessions.write(plan.sessions)


def consume(
    dynamodb: FakeDynamoDB, events: Stream, chance: random.Random, *, sessions_first: bool = False
) -> None:
    """Delivers a shard at least once: any boundaries, again from before, crashes in between."""
    stores, done = stores_on(dynamodb), 0
    while done < len(events):
        start = max(0, done - (chance.randint(0, 4) if chance.random() < 0.3 else 0))
        end = min(len(events), done + chance.randint(1, 7))
        dynamodb.writes_left = chance.randint(0, 6) if chance.random() < 0.5 else None
        try:
            process(stores, events[start:end], sessions_first=sessions_first)
        except CrashError:
            continue
        finally:
            dynamodb.writes_left = None
        done = end


def counted(dynamodb: FakeDynamoDB) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for table, value in (("page-metrics", "view_count"), ("counters", "event_count")):
        for key, item in dynamodb.tables.get(f"c-{table}", {}).items():
            if value in item:
                found[table, key[0], key[1].split("#")[0]] += int(item[value]["N"])
    for key, item in dynamodb.tables.get("c-session-metrics", {}).items():
        session = key[0].partition(STRAY)[0]
        found["sessions", session, "events"] += int(item["event_count"]["N"])
        found["sessions", session, "views"] += int(item["page_views"]["N"])
    return +found


def sketched(dynamodb: FakeDynamoDB) -> dict[str, bytes]:
    """The sketch of each hour over all shards, as bytes that can be compared."""
    merged: dict[str, Sketch] = {}
    for key, item in dynamodb.tables.get("c-counters", {}).items():
        if key[0] == UNIQUE_VISITORS:
            hour = key[1].partition("#")[0]
            merged.setdefault(hour, Sketch()).merge(Sketch(item["sketch"]["B"]))
    return {hour: sketch.pack() for hour, sketch in merged.items()}


def expected_sketches(events: Stream) -> dict[str, bytes]:
    hours: dict[str, Sketch] = {}
    for event in events:
        hours.setdefault(f"{event.event_time:%Y-%m-%dT%H}", Sketch()).add([event.user_id or ""])
    return {hour: sketch.pack() for hour, sketch in hours.items()}


def indexed(dynamodb: FakeDynamoDB) -> set[tuple[str, str]]:
    """Hour and page-with-shard of every index entry."""
    entries = dynamodb.tables.get("c-counters", {})
    return {
        (key[0].removeprefix(PAGES_OF_HOUR), key[1])
        for key in entries
        if key[0].startswith(PAGES_OF_HOUR)
    }


def expected(events: Stream) -> Counter[tuple[str, ...]]:
    truth: Counter[tuple[str, ...]] = Counter()
    for event in {event.event_id: event for event in events}.values():
        minute = f"{event.event_time:%Y-%m-%dT%H:%M}"
        truth["counters", f"events_per_minute_{event.event_type}", minute] += 1
        truth["sessions", event.session_id, "events"] += 1
        if event.event_type == "page_view":
            truth["page-metrics", event.page_path or "", minute[:13]] += 1
            truth["sessions", event.session_id, "views"] += 1
    return truth


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_counters_equal_the_distinct_events(seed: int, count: int) -> None:
    chance = random.Random(seed)
    shards, dynamodb = [produce(chance, count, shard) for shard in (0, 1)], FakeDynamoDB()
    for shard in shards:
        consume(dynamodb, shard, chance)
    events = shards[0] + shards[1]
    assert counted(dynamodb) == expected(events)
    assert sketched(dynamodb) == expected_sketches(events)
    pages = dynamodb.tables.get("c-page-metrics", {})
    assert indexed(dynamodb) == {
        (sort.partition("#")[0], f"{page}#{sort.partition('#')[2]}") for page, sort in pages
    }


def test_minutes_of_a_session_are_those_of_its_events() -> None:
    dynamodb, chance = FakeDynamoDB(), random.Random(1)
    events = [event for event in produce(chance, 40) if event.session_id == "s0"]
    consume(dynamodb, events, chance)
    truth = Counter(
        f"{event.event_time:%Y-%m-%dT%H:%M}"
        for event in {event.event_id: event for event in events}.values()
    )
    state = stores_on(dynamodb).sessions.read(["s0"])["s0"]
    assert state.minutes == dict(sorted(truth.items())[-15:])


def test_a_whole_request_sent_again_is_not_counted_again() -> None:
    """A client that gets no answer sends its whole batch again, often of one session."""
    dynamodb = FakeDynamoDB()
    stores = stores_on(dynamodb)
    fields = {"event_type": "click", "event_time": START, "received_at": START, "session_id": "s"}
    for again in range(2):
        process(
            stores,
            [
                Event(
                    event_id=f"e{number}",
                    shard_id="shardId-0",
                    sequence_number=str(10**20 + again * 1000 + number),
                    **fields,
                )
                for number in range(500)
            ],
        )
    assert stores.sessions.read(["s"])["s"].event_count == 500


@pytest.mark.parametrize("rule", ["fence", "order"])
def test_each_rule_of_the_protocol_is_needed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one of them some history goes wrong: the property above can fail."""
    if rule == "fence":
        monkeypatch.setattr(CounterStore, "_update", _unconditional(CounterStore._update))
    wrong = 0
    for seed in range(60):
        chance = random.Random(seed)
        events, dynamodb = produce(chance, 30), FakeDynamoDB()
        consume(dynamodb, events, chance, sessions_first=rule == "order")
        wrong += counted(dynamodb) != expected(events)
    assert wrong > 10


def _unconditional(update):  # type: ignore[no-untyped-def]
    def without_condition(self, counter, amount, fence, _):  # type: ignore[no-untyped-def]
        return update(self, counter, amount, fence, ("fence <", "~"))

    return without_condition
