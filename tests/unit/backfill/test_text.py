"""What the command says, and what may not get into it."""

import json

from clickstream_platform.core.hours import HourRange
from infra.backfill.answers import Facts
from infra.backfill.attempts import Progress
from infra.backfill.chunks import Chunk, ChunkRun, ChunkState
from infra.backfill.plan import Division, Plan
from infra.backfill.text import Outcome, plan_lines
from infra.backfill.window import Partitions

DAY = HourRange("2026-06-01-00", "2026-06-01-23")
MORNING = HourRange("2026-06-01-00", "2026-06-01-11")
EVENING = HourRange("2026-06-01-12", "2026-06-01-23")
FACTS = Facts(Partitions("2026-06-01-00", "2026-06-30-23"), 744, ())


def run(run_id: str, hours: HourRange, status: str) -> ChunkRun:
    times = {"created_at": 1.0, "started_at": 10.0, "ended_at": 82.0}
    return ChunkRun(run_id, "b1", hours, status, will_retry=False, **times)


def outcome(reason: str) -> Outcome:
    chunks = [
        Chunk(MORNING, ChunkState.DONE, run("r1", MORNING, "SUCCESS")),
        Chunk(EVENING, ChunkState.FAILED, run("r2", EVENING, "FAILURE")),
    ]
    progress = Progress(chunks, backfill_ids=("b1",), errors=("lost\x1b[2J",))
    return Outcome(DAY, progress, {"r2": reason}, "ui/runs/{}".format, "ui/runs/b/{}".format)


def test_a_failure_is_told_with_its_hours_its_run_and_its_reason() -> None:
    assert list(outcome("events: no").lines()) == [
        "12 of 24 hours are rebuilt, by 1 run in 1 min 12 s, 6 s an hour.",
        "2026-06-01-12 to 2026-06-01-23    12 hours  failed",
        "  ui/runs/r2",
        "  events: no",
        r"Dagster gave a backfill up: lost\x1b[2J",
    ]


def test_an_error_cannot_write_to_the_terminal() -> None:
    """It may quote what somebody sent to the collector."""
    assert "\x1b" not in "\n".join(outcome("events: \x1b[2Jcleared").lines())


def test_programs_get_the_same() -> None:
    told = json.loads(outcome("events: no").as_json())
    assert told["is_done"] is False
    assert told["backfills"] == [{"id": "b1", "url": "ui/runs/b/b1"}]
    assert [(one["state"], one["seconds"], one["error"]) for one in told["chunks"]] == [
        ("done", 72.0, None),
        ("failed", 72.0, "events: no"),
    ]


def test_a_long_plan_is_cut_short() -> None:
    chosen = Plan("now", (tuple(DAY.hours()),))
    lines = list(plan_lines(DAY, chosen, Division(limit=1), FACTS))
    assert lines[1] == "24 hours in 24 runs, one after the other:"
    assert lines[-1] == "  and 12 more"
    assert len(lines) == 15
