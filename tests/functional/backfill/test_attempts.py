"""Calls of the command after each other, with a Dagster that fails as it likes."""

from datetime import UTC, datetime, timedelta
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.core.hours import HourRange
from infra.backfill.attempts import Attempts, Progress
from infra.backfill.chunks import ChunkState
from infra.backfill.dagster_server import DagsterServer
from infra.backfill.plan import Division, Plan, plan
from tests.functional.backfill.fakes import Backfill, FakeDagster

BEGIN = datetime(2026, 6, 23, tzinfo=UTC)
WINDOW = HourRange("2026-06-01-00", "2026-06-02-05")


class Caller:
    """A person who calls the command on the same hours."""

    def __init__(self, dagster: FakeDagster, wanted: int | None = None) -> None:
        self.dagster = dagster
        self.division = Division(dagster.limit, wanted)
        server = cast("DagsterServer", dagster)
        self.attempts = Attempts(server, WINDOW, self.division, poll_s=0)
        self.calls = 0

    def call(self, *, again: bool = False) -> tuple[Plan, list[Backfill]]:
        """One call until it would look on; returns what it started."""
        self.calls += 1
        now = BEGIN + timedelta(minutes=self.calls)
        chosen = plan(WINDOW, self.attempts.latest(), self.division, now, again=again)
        before = len(self.dagster.backfills)
        self.attempts.start(chosen)
        return chosen, self.dagster.backfills[before:]


@given(
    st.lists(st.sampled_from(["SUCCESS", "FAILURE", "CANCELED", "never made"]), max_size=60),
    st.integers(1, 30),
    st.none() | st.integers(1, 30),
)
def test_calls_go_on_until_every_hour_is_rebuilt_and_rebuild_none_twice(
    fates: list[str], limit: int, wanted: int | None
) -> None:
    """Whatever fails: no hour is forgotten, and none that was rebuilt is rebuilt again."""
    dagster = FakeDagster(limit)
    caller = Caller(dagster, None if wanted is None else min(wanted, limit))
    rebuilt: list[str] = []
    while len(rebuilt) < WINDOW.count:
        _, started = caller.call()
        launched = [hour for one in started for hour in one.hours]
        assert sorted(launched) == sorted(set(WINDOW.hours()) - set(rebuilt))
        assert caller.call()[1] == [], "a second call beside it starts nothing"
        for backfill in started:
            fate = fates.pop() if fates else "SUCCESS"
            for run_id in [] if fate == "never made" else dagster.make_runs(backfill):
                dagster.set_status(run_id, fate)
                if fate == "SUCCESS":
                    rebuilt += dagster.hours_of(run_id)
                fate = fates.pop() if fates else "SUCCESS"
                fate = "CANCELED" if fate == "never made" else fate
            backfill.is_open = False
    assert sorted(rebuilt) == WINDOW.hours()
    assert caller.call()[1] == []
    assert [one for b in caller.call(again=True)[1] for one in b.hours] == WINDOW.hours()


def test_a_new_attempt_does_not_take_the_old_ones_runs_for_its_own() -> None:
    """Canceled before its runs were made, it must not look as complete as the one before."""
    dagster = FakeDagster(limit=744)
    caller = Caller(dagster)
    [first] = caller.call()[1]
    dagster.set_status(dagster.make_runs(first)[0], "SUCCESS")
    first.is_open = False
    chosen, [second] = caller.call(again=True)
    assert caller.attempts.progress(chosen.attempt).backfill_ids == (second.backfill_id,)
    second.is_open = False
    assert [one.hours for one in caller.call()[1]] == [tuple(WINDOW.hours())]


def test_following_tells_of_each_step_and_ends_with_the_last_run() -> None:
    dagster = FakeDagster(limit=20)
    caller = Caller(dagster)
    chosen, [backfill] = caller.call()
    told: list[Progress] = []

    def tell(progress: Progress) -> None:
        """Something happens between two looks."""
        told.append(progress)
        match len(told):
            case 1:
                dagster.make_runs(backfill)
            case 2:
                dagster.set_status("r0", "STARTED")
                dagster.silent_for = 3
            case 3:
                dagster.set_status("r0", "SUCCESS")
                dagster.set_status("r1", "FAILURE")

    ended = caller.attempts.follow(chosen.attempt, tell)
    assert [[str(one.state) for one in progress.chunks] for progress in told] == [
        ["requested", "requested"],
        ["queued", "queued"],
        ["running", "queued"],
        ["done", "failed"],
    ]
    assert [step.name for step in told[2].steps["r0"]] == ["events"]
    assert (ended.is_done, ended.backfill_ids) == (False, ("b0",))
    assert [one.state for one in ended.chunks] == [ChunkState.DONE, ChunkState.FAILED]
