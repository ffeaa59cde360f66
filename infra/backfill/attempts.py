"""Attempts at a window of hours: found again, started, followed to their end.

Belongs here: the order of questions to Dagster. What they are asked for is decided in `plan` and
`chunks`; what a person sees of it belongs in `text`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clickstream_platform.core.hours import HourRange
from infra.backfill.answers import ATTEMPT_TAG, WINDOW_TAG, Step
from infra.backfill.chunks import UNDER_WAY, Chunk, ChunkState, chunks_of
from infra.backfill.dagster_server import DagsterServer
from infra.backfill.plan import Attempt, Division, Plan
from infra.dagster_web import following


@dataclass(frozen=True)
class Progress:
    """How far an attempt is.

    Attributes:
        chunks: Its chunks, in order of their hours.
        steps: The steps that have begun in the runs under way, by run.
        backfill_ids: Dagster's backfills of the attempt, the latest first.
        errors: Why Dagster gave up some of them.
    """

    chunks: Sequence[Chunk]
    steps: dict[str, list[Step]] = field(default_factory=dict)
    backfill_ids: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether every hour is rebuilt."""
        return all(chunk.state is ChunkState.DONE for chunk in self.chunks)

    @property
    def is_under_way(self) -> bool:
        """Whether something is still going to change."""
        return any(chunk.state in UNDER_WAY for chunk in self.chunks)


class Attempts:
    """The attempts at one window of hours in one deployment.

    Args:
        server: The deployment.
        window: The hours.
        division: How they become runs.
        poll_s: How often it is looked at an attempt that is followed, in seconds.
    """

    def __init__(
        self,
        server: DagsterServer,
        window: HourRange,
        division: Division,
        poll_s: float = following.POLL_S,
    ) -> None:
        self._server = server
        self._window = window
        self._name = f"{window.first}..{window.last}"
        self._longest = division.hours_per_run or window.count
        self._poll_s = poll_s

    def latest(self) -> Attempt | None:
        """The attempt that was begun last, if there was one."""
        requests = self._server.requests(self._name)
        if not requests:
            return None
        name = requests[0].attempt
        return Attempt(name, self.progress(name).chunks)

    def start(self, plan: Plan) -> list[str]:
        """Asks Dagster for what a plan wants to be started.

        Returns:
            The ids of the backfills.
        """
        tags = {WINDOW_TAG: self._name, ATTEMPT_TAG: plan.attempt}
        return [
            self._server.launch(hours, f"{hours[0]} to {hours[-1]}, {len(hours)} hours", tags)
            for hours in plan.launches
        ]

    def progress(self, attempt: str) -> Progress:
        """How far an attempt is now."""
        requests = [one for one in self._server.requests(self._name) if one.attempt == attempt]
        runs = self._server.runs(self._name, attempt)
        return Progress(
            chunks_of(self._window, requests, runs, self._longest),
            backfill_ids=tuple(one.backfill_id for one in requests),
            errors=tuple(one.error for one in requests if one.error is not None),
        )

    def follow(self, attempt: str, tell: Callable[[Progress], None]) -> Progress:
        """Waits until nothing of an attempt is under way.

        Args:
            attempt: The attempt's name.
            tell: Told how far it is, again and again.

        Returns:
            How it ended.

        Raises:
            UnreachableError: If Dagster does not answer for a long time. The backfill may go on.
        """
        return following.follow(
            lambda: self._with_steps(self.progress(attempt)),
            lambda progress: progress.is_under_way,
            tell,
            poll_s=self._poll_s,
        )

    def _with_steps(self, progress: Progress) -> Progress:
        """Looks into the runs under way; chunks run one at a time, so it is one run at most."""
        running = [one.run for one in progress.chunks if one.state is ChunkState.RUNNING]
        steps = {run.run_id: self._server.steps(run.run_id) for run in running if run is not None}
        return Progress(progress.chunks, steps, progress.backfill_ids, progress.errors)
