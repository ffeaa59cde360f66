"""How far the chunks of a backfill are, seen from its runs.

Belongs here: what Dagster's runs and requests say about hours, as pure values. Asking Dagster
belongs in `dagster_server`; what to start belongs in `plan`.

The hours are the truth, not the runs: a chunk can be run again, by Dagster's own retry or by the
same command given once more, and the latest run that covers an hour decides about it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from clickstream_platform.core.hours import HourRange, contiguous_chunks


class ChunkState(StrEnum):
    """What has become of a chunk."""

    REQUESTED = "requested"  # Dagster's daemon has not made a run of it yet
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"  # it failed and Dagster will run it again by itself
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"
    LEFT = "left"  # nothing is going to run it


UNDER_WAY = frozenset(
    {ChunkState.REQUESTED, ChunkState.QUEUED, ChunkState.RUNNING, ChunkState.RETRYING}
)
_BY_RUN_STATUS = {
    "NOT_STARTED": ChunkState.QUEUED,
    "QUEUED": ChunkState.QUEUED,
    "SUCCESS": ChunkState.DONE,
    "FAILURE": ChunkState.FAILED,
    "CANCELED": ChunkState.CANCELED,
}


@dataclass(frozen=True)
class Request:
    """One backfill as Dagster knows it.

    Attributes:
        backfill_id: Its id.
        attempt: The tag that says which attempt at those hours it is part of.
        created_at: When it was made, epoch seconds.
        is_open: Whether it may still make runs.
        error: Why Dagster gave it up, if it did.
    """

    backfill_id: str
    attempt: str
    created_at: float
    is_open: bool
    error: str | None = None


@dataclass(frozen=True)
class ChunkRun:
    """One run as Dagster knows it.

    Attributes:
        run_id: Its id.
        backfill_id: The request that made it, directly or as a retry.
        hours: The hours it rebuilds.
        status: Dagster's word for how far it is.
        will_retry: Whether Dagster means to run it again, should it have failed.
        created_at: When it was made, epoch seconds.
        started_at: When it began.
        ended_at: When it ended.
    """

    run_id: str
    backfill_id: str
    hours: HourRange
    status: str
    will_retry: bool
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took, once it has ended."""
        if self.started_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.started_at


@dataclass(frozen=True)
class Chunk:
    """Neighbouring hours of which the same can be said.

    Attributes:
        hours: The hours.
        state: What has become of them.
        run: The latest run that covers them.
    """

    hours: HourRange
    state: ChunkState
    run: ChunkRun | None = None


def chunks_of(
    window: HourRange, requests: Sequence[Request], runs: Iterable[ChunkRun], max_hours: int
) -> list[Chunk]:
    """The chunks of a window, in order; each of its hours is in one of them.

    Args:
        window: The hours of the backfill.
        requests: The requests of one attempt.
        runs: Their runs.
        max_hours: How many hours a run takes, to show chunks that have no run yet.
    """
    latest: dict[str, ChunkRun] = {}
    for run in sorted(runs, key=lambda run: run.created_at):
        latest.update(dict.fromkeys(run.hours.hours(), run))
    states = _States(requests)
    found: list[Chunk] = []
    for run_id, group in groupby(window.hours(), key=lambda hour: _run_id(latest.get(hour))):
        hours = list(group)
        if run_id is None:
            parts = contiguous_chunks(hours, max_hours=max_hours, max_gap_hours=0)
            found += [Chunk(part, states.without_run) for part in parts]
        else:
            run = latest[hours[0]]
            found.append(Chunk(HourRange(hours[0], hours[-1]), states.of(run), run))
    return found


class _States:
    """What is said of hours, by the requests of their attempt."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self._open = {one.backfill_id: one.created_at for one in requests if one.is_open}
        self._latest_open = max(self._open.values(), default=None)

    @property
    def without_run(self) -> ChunkState:
        """The state of hours that have no run."""
        return ChunkState.LEFT if self._latest_open is None else ChunkState.REQUESTED

    def of(self, run: ChunkRun) -> ChunkState:
        """The state of hours by their latest run."""
        state = _BY_RUN_STATUS.get(run.status, ChunkState.RUNNING)
        if state not in {ChunkState.FAILED, ChunkState.CANCELED}:
            return state
        # A run of a backfill that Dagster has closed is not retried, whatever the run's tag says.
        if run.will_retry and state is ChunkState.FAILED and run.backfill_id in self._open:
            return ChunkState.RETRYING
        # A request asks for all that is not done, so a later one is going to run these hours again.
        if self._latest_open is not None and run.created_at < self._latest_open:
            return ChunkState.REQUESTED
        return state


def _run_id(run: ChunkRun | None) -> str | None:
    return None if run is None else run.run_id
