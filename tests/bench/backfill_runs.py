"""Where the time of runs went, from Dagster's event log.

Belongs here: reading the log of runs that followed each other. Starting runs and the report belong
in `backfill`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import dagster as dg

_RECORDED = "ASSET_MATERIALIZATION"
_PHASES = {"raw_events": "registration_s", "events": "compaction_s"}
_MART = dg.AssetKey(["marts", "sessions"])
_OTHER_STEPS = "checks_s"


@dataclass(frozen=True)
class Run:
    """One run; times are epoch seconds.

    Attributes:
        hours: Hours it rebuilt.
        created: When the first entry of its log was written.
        queued: When everything it plans was written.
        begun: When its first step began.
        ended: When it ended.
        phases_s: Seconds of each phase.
        recording_s: Of these, writing one materialization for each hour and asset.
        log_events: Entries of its log.
    """

    hours: int
    created: float
    queued: float
    begun: float
    ended: float
    phases_s: Counter[str]
    recording_s: float
    log_events: int


def read_run(instance: dg.DagsterInstance, run_id: str, hours: int) -> Run:
    """Reads the log of a run that succeeded."""
    log = instance.all_logs(run_id)
    kinds = [(str(one.step_key), _kind(one), one.timestamp) for one in log]
    starts = {step: at for step, kind, at in kinds if kind == "STEP_START"}
    phases: Counter[str] = Counter()
    for step, kind, at in kinds:
        if kind == "STEP_SUCCESS":
            phases[_PHASES.get(step, _OTHER_STEPS)] += at - starts[step]  # type: ignore[assignment]
    return Run(
        hours,
        created=min(at for _, _, at in kinds),
        queued=next(at for _, kind, at in kinds if kind == "PIPELINE_ENQUEUED"),
        begun=min(starts.values()),
        ended=next(at for _, kind, at in kinds if kind == "PIPELINE_SUCCESS"),
        phases_s=phases,
        recording_s=sum(
            second[2] - first[2]
            for first, second in pairwise(kinds)
            if first[1] == second[1] == _RECORDED
        ),
        log_events=len(log),
    )


def seconds_of_marts(instance: dg.DagsterInstance, after: float) -> float | None:
    """Seconds of the run that built the marts, from its creation to its end.

    Args:
        instance: Dagster's.
        after: Only of what was built after it, epoch seconds.

    Returns:
        None as long as there is no such run that has ended.
    """
    built = instance.get_latest_materialization_event(_MART)
    if built is None or built.timestamp < after:
        return None
    record = instance.get_run_record_by_id(built.run_id)
    if record is None or record.end_time is None:
        return None
    return record.end_time - record.create_timestamp.timestamp()


def figures_of(runs: Sequence[Run]) -> dict[str, Any]:
    """Runs that followed each other, together.

    What a run waits for is counted from the end of the one before: all were queued at once.
    """
    waiting = runs[0].begun - runs[0].queued
    for before, run in pairwise(runs):
        waiting += run.begun - max(run.queued, before.ended)
    hours = sum(run.hours for run in runs)
    total = runs[-1].ended - runs[0].created
    phases: Counter[str] = sum((run.phases_s for run in runs), Counter())
    seconds = {
        "total_s": total,
        "planning_s": sum(run.queued - run.created for run in runs),
        "waiting_s": waiting,
        **phases,
        "recording_s": sum(run.recording_s for run in runs),
    }
    return {
        "hours": hours,
        "runs": len(runs),
        **{name: round(value, 2) for name, value in seconds.items()},
        "log_events": sum(run.log_events for run in runs),
        "s_per_hour": round(total / hours, 3),
    }


def _kind(entry: dg.EventLogEntry) -> str:
    event = entry.dagster_event
    return "" if event is None else event.event_type_value
