"""What runs and requests say about hours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.core.hours import HourRange
from infra.backfill.chunks import ChunkRun, ChunkState, Request, chunks_of

DAY = HourRange("2026-06-01-00", "2026-06-01-23")
OPEN = Request("b1", "a1", created_at=10, is_open=True)
CLOSED = Request("b1", "a1", created_at=10, is_open=False)


def hours(first: int, last: int) -> HourRange:
    return HourRange(f"2026-06-01-{first:02}", f"2026-06-01-{last:02}")


def run(span: HourRange, status: str, *, at: float = 20, retry: bool = False) -> ChunkRun:
    return ChunkRun(f"run-{at:g}-{span.first}", "b1", span, status, retry, created_at=at)


def states(requests: list[Request], runs: list[ChunkRun]) -> list[tuple[int, ChunkState]]:
    return [(one.hours.count, one.state) for one in chunks_of(DAY, requests, runs, 10)]


def test_hours_whose_runs_are_not_made_yet_are_shown_as_they_will_be_divided() -> None:
    waiting = ChunkState.REQUESTED
    assert states([OPEN], []) == [(10, waiting), (10, waiting), (4, waiting)]
    made = [run(hours(0, 9), "STARTED")]
    assert states([OPEN], made) == [(10, ChunkState.RUNNING), (10, waiting), (4, waiting)]


def test_hours_that_nobody_is_going_to_run_do_not_look_as_if_they_waited() -> None:
    """A backfill canceled before its runs were made would be waited for without end."""
    assert states([CLOSED], []) == [(10, ChunkState.LEFT), (10, ChunkState.LEFT), (4, "left")]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("NOT_STARTED", ChunkState.QUEUED),
        ("QUEUED", ChunkState.QUEUED),
        ("STARTING", ChunkState.RUNNING),
        ("STARTED", ChunkState.RUNNING),
        ("CANCELING", ChunkState.RUNNING),
        ("SUCCESS", ChunkState.DONE),
        ("FAILURE", ChunkState.FAILED),
        ("CANCELED", ChunkState.CANCELED),
    ],
)
def test_a_runs_status_is_that_of_its_hours(status: str, state: ChunkState) -> None:
    assert states([OPEN], [run(DAY, status)]) == [(24, state)]


@pytest.mark.parametrize(
    ("request_", "state"), [(OPEN, ChunkState.RETRYING), (CLOSED, ChunkState.FAILED)]
)
def test_a_retry_is_awaited_only_while_it_can_come(request_: Request, state: ChunkState) -> None:
    """Dagster drops the retry of a run whose backfill it has closed; waiting would never end."""
    assert states([request_], [run(DAY, "FAILURE", retry=True)]) == [(24, state)]


def test_the_latest_run_decides_in_whatever_order_runs_are_listed() -> None:
    failed, retried = run(DAY, "FAILURE", at=20), run(DAY, "SUCCESS", at=30)
    for runs in ([failed, retried], [retried, failed]):
        assert states([CLOSED], runs) == [(24, ChunkState.DONE)]


def test_failed_hours_that_were_asked_for_again_are_awaited() -> None:
    """Or a second call would see the first one's failure, and end before anything was run."""
    again = Request("b2", "a1", created_at=30, is_open=True)
    runs = [run(hours(0, 11), "SUCCESS"), run(hours(12, 23), "FAILURE")]
    assert states([CLOSED], runs)[1] == (12, ChunkState.FAILED)
    assert states([again, CLOSED], runs) == [(12, ChunkState.DONE), (12, ChunkState.REQUESTED)]
    rerun = ChunkRun("rerun", "b2", hours(12, 23), "FAILURE", will_retry=False, created_at=40)
    assert states([again, CLOSED], [*runs, rerun])[1] == (12, ChunkState.FAILED)


def test_a_part_run_again_is_a_chunk_of_its_own() -> None:
    runs = [run(DAY, "FAILURE", at=20), run(hours(6, 8), "SUCCESS", at=30)]
    assert states([CLOSED], runs) == [
        (6, ChunkState.FAILED),
        (3, ChunkState.DONE),
        (15, ChunkState.FAILED),
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[ChunkRun]:
    runs = []
    for at in range(draw(st.integers(0, 6))):
        first = draw(st.integers(0, 23))
        last = draw(st.integers(first, 23))
        status = draw(st.sampled_from(["QUEUED", "STARTED", "SUCCESS", "FAILURE", "CANCELED"]))
        runs.append(run(hours(first, last), status, at=at, retry=draw(st.booleans())))
    return runs


@given(histories(), st.booleans(), st.integers(1, 24))
def test_every_hour_is_in_one_chunk_whatever_was_run(
    runs: list[ChunkRun], is_open: bool, longest: int
) -> None:
    """An hour left out would count as rebuilt."""
    requests = [Request("b1", "a1", created_at=3, is_open=is_open)]
    chunks = chunks_of(DAY, requests, runs, longest)
    assert [hour for one in chunks for hour in one.hours.hours()] == DAY.hours()
    latest = {hour: one for one in runs for hour in one.hours.hours()}
    done = {hour for hour, one in latest.items() if one.status == "SUCCESS"}
    told = {h for one in chunks if one.state is ChunkState.DONE for h in one.hours.hours()}
    assert told == done
