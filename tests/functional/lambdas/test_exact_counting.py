"""Counters equal the number of distinct events, whatever is delivered again, and how."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.aggregator.logic import plan_batch
from lambdas.aggregator.store import CounterStore
from lambdas.shared.event import Event
from tests.fakes.dynamodb import CrashError, FakeDynamoDB

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
Stream = list[Event]


class OneByOne:
    """Runs the writes in order in this thread, so that a crash falls between two of them."""

    map = staticmethod(map)


def store_on(dynamodb: FakeDynamoDB) -> CounterStore:
    store = CounterStore(dynamodb, "c", now=lambda: 0.0)  # type: ignore[arg-type]
    store._writer._pool.shutdown()
    store._writer._pool = OneByOne()  # type: ignore[assignment]
    return store


def produce(chance: random.Random, count: int) -> Stream:
    """A shard's events: few sessions and pages, a quarter of them sent twice by their client."""
    events: Stream = []
    sent: dict[str, Stream] = {}
    sequence = 10**20
    for number in range(count):
        sequence += chance.randint(1, 3)
        session = f"s{chance.randrange(4)}"
        position = {"shard_id": "shardId-0", "sequence_number": str(sequence)}
        if sent.get(session) and chance.random() < 0.25:
            known = chance.choice(sent[session][-3:])
            fields = {name: getattr(known, name) for name in Event.__struct_fields__}
            events.append(Event(**{**fields, **position}))
            continue
        event = Event(
            event_id=f"e{number}",
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


def process(store: CounterStore, batch: Stream) -> None:
    known = store.sessions(event.session_id for event in batch)
    span = (batch[0].sequence_number or "", batch[-1].sequence_number or "")
    store.apply(plan_batch(batch, known, span))


def consume(dynamodb: FakeDynamoDB, events: Stream, chance: random.Random) -> None:
    """Delivers a shard at least once: any boundaries, again from before, crashes in between."""
    store, done = store_on(dynamodb), 0
    while done < len(events):
        start = max(0, done - (chance.randint(0, 4) if chance.random() < 0.3 else 0))
        end = min(len(events), done + chance.randint(1, 7))
        dynamodb.writes_left = chance.randint(0, 6) if chance.random() < 0.5 else None
        try:
            process(store, events[start:end])
        except CrashError:
            continue
        finally:
            dynamodb.writes_left = None
        done = end


def counted(dynamodb: FakeDynamoDB) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for table, value in (("page-metrics", "view_count"), ("counters", "event_count")):
        for key, item in dynamodb.tables.get(f"c-{table}", {}).items():
            found[table, key[0], key[1].split("#")[0]] += int(item[value]["N"])
    for key, item in dynamodb.tables.get("c-session-metrics", {}).items():
        found["sessions", key[0], "events"] += int(item["event_count"]["N"])
        found["sessions", key[0], "views"] += int(item["page_views"]["N"])
    return +found


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
    events, dynamodb = produce(chance, count), FakeDynamoDB()
    consume(dynamodb, events, chance)
    assert counted(dynamodb) == expected(events)


def test_a_whole_request_sent_again_is_not_counted_again() -> None:
    """A client that gets no answer sends its whole batch again, often of one session."""
    dynamodb = FakeDynamoDB()
    store = store_on(dynamodb)
    fields = {"event_type": "click", "event_time": START, "received_at": START, "session_id": "s"}
    for again in range(2):
        process(
            store,
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
    assert store.sessions(["s"])["s"].event_count == 500


@pytest.mark.parametrize("rule", ["fence", "order"])
def test_each_rule_of_the_protocol_is_needed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one of them some history goes wrong: the property above can fail."""
    if rule == "fence":
        monkeypatch.setattr(CounterStore, "_update", _unconditional(CounterStore._update))
    else:
        monkeypatch.setattr(CounterStore, "apply", _sessions_first)
    wrong = 0
    for seed in range(60):
        chance = random.Random(seed)
        events, dynamodb = produce(chance, 30), FakeDynamoDB()
        consume(dynamodb, events, chance)
        wrong += counted(dynamodb) != expected(events)
    assert wrong > 10


def _unconditional(update):  # type: ignore[no-untyped-def]
    def without_condition(self, counter, amount, fence, _):  # type: ignore[no-untyped-def]
        return update(self, counter, amount, fence, ("fence <", "~"))

    return without_condition


def _sessions_first(self, plan):  # type: ignore[no-untyped-def]
    self._put(plan.sessions)
    return self._add(plan)
