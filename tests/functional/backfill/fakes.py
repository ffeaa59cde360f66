"""A Dagster in memory, with a daemon that a test drives by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from clickstream_platform.core.hours import contiguous_chunks
from infra.backfill.answers import ATTEMPT_TAG, WINDOW_TAG, Step
from infra.backfill.chunks import ChunkRun, Request
from infra.dagster_web.graphql import UnreachableError


@dataclass
class Backfill:
    """One request, with the runs that were made for it."""

    backfill_id: str
    hours: Sequence[str]
    title: str
    tags: Mapping[str, str]
    created_at: float
    is_open: bool = True
    run_ids: list[str] = field(default_factory=list)


class FakeDagster:
    """What `DagsterServer` is asked, answered from memory.

    Attributes:
        limit: Hours of a run at most.
        backfills: What was launched, the earliest first.
        silent_for: How many of the next questions get no answer.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.backfills: list[Backfill] = []
        self.silent_for = 0
        self._runs: dict[str, ChunkRun] = {}
        self._clock = count(1)

    def requests(self, window: str) -> list[Request]:
        self._answer()
        return [
            Request(one.backfill_id, one.tags[ATTEMPT_TAG], one.created_at, one.is_open)
            for one in reversed(self.backfills)
            if one.tags[WINDOW_TAG] == window
        ]

    def runs(self, window: str, attempt: str) -> list[ChunkRun]:
        self._answer()
        wanted = {WINDOW_TAG: window, ATTEMPT_TAG: attempt}
        return [
            self._runs[run_id]
            for one in self.backfills
            if one.tags == wanted
            for run_id in one.run_ids
        ]

    def launch(self, hours: Sequence[str], title: str, tags: Mapping[str, str]) -> str:
        self._answer()
        backfill = Backfill(f"b{len(self.backfills)}", hours, title, tags, next(self._clock))
        self.backfills.append(backfill)
        return backfill.backfill_id

    def steps(self, run_id: str) -> list[Step]:
        self._answer()
        return [Step("events", self._runs[run_id].created_at, None)]

    def make_runs(self, backfill: Backfill) -> list[str]:
        """What the daemon does with a new backfill."""
        for chunk in contiguous_chunks(backfill.hours, max_hours=self.limit, max_gap_hours=0):
            run_id = f"r{len(self._runs)}"
            at = next(self._clock)
            self._runs[run_id] = ChunkRun(
                run_id, backfill.backfill_id, chunk, "QUEUED", will_retry=False, created_at=at
            )
            backfill.run_ids.append(run_id)
        return backfill.run_ids

    def set_status(self, run_id: str, status: str) -> None:
        self._runs[run_id] = replace(self._runs[run_id], status=status)

    def hours_of(self, run_id: str) -> list[str]:
        return self._runs[run_id].hours.hours()

    def _answer(self) -> None:
        if self.silent_for:
            self.silent_for -= 1
            raise UnreachableError("it is started again")
