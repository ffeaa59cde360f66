"""What a session remembers of a batch."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.aggregator.logic import plan_batch
from lambdas.aggregator.sessions import HASH_BYTES, RECENT_IDS, Session, Visit
from lambdas.shared.event import Event
from lambdas.shared.sequence import padded
from lambdas.shared.stream import Arrival

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def event(event_id: str, time: datetime = START) -> Event:
    return Event(
        event_id=event_id,
        event_type="click",
        event_time=time,
        received_at=time,
        session_id="s",
        shard_id="shardId-0",
        sequence_number="1",
    )


def after(session: Session, *event_ids: str) -> tuple[Session, list[bool]]:
    """The session after a batch of these ids, and which of them it took."""
    visit = Visit(session)
    taken = [visit.takes(event(event_id), "2026-11-23T01:00") for event_id in event_ids]
    return visit.advanced("1"), taken


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), max_size=5))
def test_an_id_is_taken_once_whatever_batch_it_comes_in(batches: list[list[str]]) -> None:
    session, seen = Session("s"), set()
    for batch in batches:
        session, taken = after(session, *batch)
        for event_id, is_taken in zip(batch, taken, strict=True):
            assert is_taken == (event_id not in seen)
            seen.add(event_id)
    assert session.event_count == len(seen)
    assert len(session.recent) == len(seen) * HASH_BYTES


@pytest.mark.parametrize("shift", range(1, HASH_BYTES))
def test_what_straddles_two_hashes_is_not_an_id(shift: int) -> None:
    """An event would be left out of the counters for bytes that only look like its hash."""
    digest = after(Session("s"), "e")[0].recent
    padding = bytes(HASH_BYTES)
    straddling = padding[:shift] + digest + padding[shift:]
    assert after(Session("s", recent=straddling), "e")[1] == [True]
    assert after(Session("s", recent=straddling + digest), "e")[1] == [False]


def test_the_oldest_ids_are_forgotten_first() -> None:
    names = [f"e{number}" for number in range(RECENT_IDS + 1)]
    session, _ = after(Session("s"), *names)
    assert len(session.recent) == RECENT_IDS * HASH_BYTES
    assert after(session, names[0], names[1])[1] == [True, False]


@pytest.mark.parametrize("microseconds", [0, 1, 500_000, 999_999])
@pytest.mark.parametrize("hours", [0, -5, 13])
def test_times_are_stored_as_text_of_one_length_in_utc(microseconds: int, hours: int) -> None:
    """Text of another length, or of another zone, does not sort like the time."""
    time = START.replace(microsecond=microseconds)
    arrival = Arrival(event("e", time.astimezone(timezone(timedelta(hours=hours)))), "s", time)
    [(_, session)] = plan_batch([arrival], {}, (padded("1"), padded("1"))).sessions
    expected = time.isoformat(timespec="microseconds")
    assert (session.first_activity, session.last_activity) == (expected, expected)
    assert session.minutes == {"2026-11-23T01:00": 1}
