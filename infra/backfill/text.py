"""What `clickstream backfill` says.

Belongs here: wording, for people and as JSON. When it is said belongs in `commands`, while it goes
on in `teller`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clickstream_platform.core.hours import HourRange
from infra.backfill.answers import Facts
from infra.backfill.attempts import Progress
from infra.backfill.chunks import Chunk, ChunkState
from infra.backfill.plan import Division, Plan
from infra.backfill.window import spelled_out
from infra.presentation import one_line

_MINUTE_S = 60
_MOST_LINES = 12


def plan_lines(window: HourRange, plan: Plan, division: Division, facts: Facts) -> Iterator[str]:
    """What is going to happen."""
    yield f"{spelled_out(window)}: {window.first} to {window.last}, both included"
    if plan.is_under_way:
        yield "These hours are being rebuilt already; looking on."
    elif not plan.launches:
        yield (
            "Nothing to do: the backfill that was begun at "
            f"{plan.attempt} has rebuilt all of them. --again rebuilds them once more."
        )
    else:
        yield from _launch_lines(plan, division)
    if facts.silent_daemons and (plan.launches or plan.is_under_way):
        yield (
            f"Dagster's daemon is silent ({', '.join(facts.silent_daemons)}): nothing begins "
            "before it runs."
        )


def plan_json(window: HourRange, plan: Plan, division: Division) -> str:
    """What would be run, for programs."""
    runs = [chunk for hours in plan.launches for chunk in division.chunks(hours)]
    document = {
        "first": window.first,
        "last": window.last,
        "hours": window.count,
        "done": plan.done,
        "is_under_way": plan.is_under_way,
        "runs": [{"first": one.first, "last": one.last, "hours": one.count} for one in runs],
    }
    return json.dumps(document, indent=2)


def hours_text(hours: HourRange) -> str:
    """A range of hours, in a column of its own width."""
    unit = "hour" if hours.count == 1 else "hours"
    return f"{hours.first} to {hours.last}  {hours.count:>4,} {unit}"


def duration_text(seconds: float) -> str:
    """How long something took."""
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE_S)
    return f"{minutes} min {rest:02} s"


@dataclass(frozen=True)
class Outcome:
    """How a backfill ended.

    Attributes:
        window: Its hours.
        progress: How far it is.
        failures: The first error of each failed run, if one is told.
        run_url: Where a person looks at a run.
        backfill_url: And at a backfill.
    """

    window: HourRange
    progress: Progress
    failures: Mapping[str, str | None]
    run_url: Callable[[str], str]
    backfill_url: Callable[[str], str]

    def lines(self) -> Iterator[str]:
        """For people."""
        done = [one for one in self.progress.chunks if one.state is ChunkState.DONE]
        if done:
            hours = sum(one.hours.count for one in done)
            seconds = sum(one.run.seconds or 0 for one in done if one.run is not None)
            runs = "1 run" if len(done) == 1 else f"{len(done):,} runs"
            took = f"{duration_text(seconds)}, {seconds / hours:.2g} s an hour"
            yield f"{hours:,} of {self.window.count:,} hours are rebuilt, by {runs} in {took}."
        for chunk in self.progress.chunks:
            if chunk.state is not ChunkState.DONE:
                yield from self._undone_lines(chunk)
        errors = map(one_line, self.progress.errors)
        yield from (f"Dagster gave a backfill up: {error}" for error in errors)

    def as_json(self) -> str:
        """For programs."""
        progress = self.progress
        document = {
            "first": self.window.first,
            "last": self.window.last,
            "hours": self.window.count,
            "is_done": progress.is_done,
            "backfills": [
                {"id": one, "url": self.backfill_url(one)} for one in progress.backfill_ids
            ],
            "chunks": [self._document(one) for one in progress.chunks],
            "errors": list(progress.errors),
        }
        return json.dumps(document, indent=2)

    def _undone_lines(self, chunk: Chunk) -> Iterator[str]:
        yield f"{hours_text(chunk.hours)}  {chunk.state}"
        if chunk.run is not None:
            yield f"  {self.run_url(chunk.run.run_id)}"
            reason = self.failures.get(chunk.run.run_id)
            if reason is not None:
                yield f"  {one_line(reason)}"

    def _document(self, chunk: Chunk) -> dict[str, Any]:
        run = chunk.run
        found = {
            "first": chunk.hours.first,
            "last": chunk.hours.last,
            "hours": chunk.hours.count,
            "state": chunk.state,
        }
        if run is None:
            return found
        return {
            **found,
            "run_id": run.run_id,
            "url": self.run_url(run.run_id),
            "seconds": None if run.seconds is None else round(run.seconds, 1),
            "error": self.failures.get(run.run_id),
        }


def _launch_lines(plan: Plan, division: Division) -> Iterator[str]:
    if plan.done:
        yield f"{plan.done:,} of them an earlier call has rebuilt; going on with the rest."
    chunks = [chunk for hours in plan.launches for chunk in division.chunks(hours)]
    runs = "1 run" if len(chunks) == 1 else f"{len(chunks):,} runs, one after the other"
    yield f"{sum(chunk.count for chunk in chunks):,} hours in {runs}:"
    yield from (f"  {hours_text(chunk)}" for chunk in chunks[:_MOST_LINES])
    if len(chunks) > _MOST_LINES:
        yield f"  and {len(chunks) - _MOST_LINES:,} more"
