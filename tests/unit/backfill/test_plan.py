"""What a call of the command starts, after what was started before."""

from datetime import UTC, datetime

import pytest

from clickstream_platform.core.hours import HourRange
from infra.backfill.chunks import Chunk, ChunkState
from infra.backfill.plan import Attempt, Division, DivisionError, UnderWayError, plan

NOW = datetime(2026, 6, 23, 8, 30, tzinfo=UTC)
DAY = HourRange("2026-06-01-00", "2026-06-01-23")
MORNING = HourRange("2026-06-01-00", "2026-06-01-11")
EVENING = HourRange("2026-06-01-12", "2026-06-01-23")
WHOLE = Division(limit=744)


def earlier(morning: ChunkState, evening: ChunkState) -> Attempt:
    return Attempt("first", [Chunk(MORNING, morning), Chunk(EVENING, evening)])


def test_the_first_call_asks_for_everything_at_once() -> None:
    started = plan(DAY, None, WHOLE, NOW, again=False)
    assert started.launches == (tuple(DAY.hours()),)
    assert (started.attempt, started.is_under_way) == ("20260623T083000Z", False)


@pytest.mark.parametrize("state", [ChunkState.FAILED, ChunkState.CANCELED, ChunkState.LEFT])
def test_the_next_call_asks_only_for_what_is_not_done(state: ChunkState) -> None:
    going_on = plan(DAY, earlier(ChunkState.DONE, state), WHOLE, NOW, again=False)
    assert going_on.launches == (tuple(EVENING.hours()),)
    assert (going_on.attempt, going_on.done) == ("first", 12)


@pytest.mark.parametrize(
    "state",
    [ChunkState.REQUESTED, ChunkState.QUEUED, ChunkState.RUNNING, ChunkState.RETRYING],
)
def test_a_call_beside_a_running_one_starts_nothing(state: ChunkState) -> None:
    """Also when a part has failed: its hours are left to the next call, after the end."""
    looking_on = plan(DAY, earlier(ChunkState.FAILED, state), WHOLE, NOW, again=False)
    assert (looking_on.launches, looking_on.is_under_way) == ((), True)
    with pytest.raises(UnderWayError):
        plan(DAY, earlier(ChunkState.DONE, state), WHOLE, NOW, again=True)


def test_what_is_done_is_done_again_only_when_told() -> None:
    done = earlier(ChunkState.DONE, ChunkState.DONE)
    assert plan(DAY, done, WHOLE, NOW, again=False).launches == ()
    again = plan(DAY, done, WHOLE, NOW, again=True)
    assert (again.launches, again.done) == ((tuple(DAY.hours()),), 0)
    assert again.attempt != done.name, "the old runs would count as the new ones"


def test_smaller_chunks_are_requests_of_their_own() -> None:
    eights = Division(limit=744, wanted=8)
    assert [len(hours) for hours in eights.launches(DAY.hours())] == [8, 8, 8]
    holes = [*MORNING.hours()[:3], *EVENING.hours()[:3]]
    assert [len(hours) for hours in eights.launches(holes)] == [3, 3]
    assert [one.count for one in Division(limit=10).chunks(DAY.hours())] == [10, 10, 4]
    assert [one.count for one in Division(limit=None).chunks(DAY.hours())] == [24]


def test_chunks_dagster_would_divide_again_are_refused() -> None:
    with pytest.raises(DivisionError, match="744 hours at most"):
        Division(limit=744, wanted=745)


def test_a_flood_of_requests_is_refused_with_a_size_that_is_not() -> None:
    year = HourRange("2025-01-01-00", "2025-12-31-23").hours()
    with pytest.raises(DivisionError, match="--chunk-hours 44 or more"):
        Division(limit=744, wanted=1).launches(year)
    assert len(Division(limit=744, wanted=44).launches(year)) == 200
