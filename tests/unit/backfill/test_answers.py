"""Answers of Dagster's web server, read as they come."""

from typing import Any

import pytest

from clickstream_platform.core.hours import HourRange
from infra.backfill.answers import (
    ATTEMPT_TAG,
    WINDOW_TAG,
    facts_of,
    requests_of,
    runs_of,
)
from infra.backfill.window import Partitions
from infra.dagster_web.graphql import DagsterError


def tags(**named: str) -> list[dict[str, str]]:
    return [{"key": key.replace("__", "/"), "value": value} for key, value in named.items()]


def facts_answer(limits: list[Any], healthy: bool = True) -> dict[str, Any]:
    names = {"__typename": "Partitions", "results": [{"name": "2026-06-01-00"}]}
    daemon = {"daemonType": "BACKFILL", "required": True, "healthy": healthy}
    return {
        "assetNodes": [
            {"isPartitioned": True, "backfillPolicy": limit and {"maxPartitionsPerRun": limit[0]}}
            for limit in limits
        ]
        + [{"isPartitioned": False, "backfillPolicy": None}],
        "partitionSetOrError": {
            "__typename": "PartitionSet",
            "earliest": names,
            "latest": {"__typename": "Partitions", "results": []},
        },
        "instance": {"daemonHealth": {"allDaemonStatuses": [daemon]}},
    }


@pytest.mark.parametrize(
    ("limits", "hours_per_run"),
    [([[744], [None]], 744), ([[744], [24]], 24), ([[None]], None), ([[744], None], 1)],
)
def test_the_least_limit_of_the_assets_is_that_of_the_job(
    limits: list[Any], hours_per_run: int | None
) -> None:
    facts = facts_of(facts_answer(limits))
    assert facts.hours_per_run == hours_per_run
    assert facts.partitions == Partitions("2026-06-01-00", None)


def test_a_silent_daemon_is_told() -> None:
    assert facts_of(facts_answer([])).silent_daemons == ()
    assert facts_of(facts_answer([], healthy=False)).silent_daemons == ("BACKFILL",)


def test_only_backfills_of_the_same_window_are_gone_on_with_the_latest_first() -> None:
    ours = {WINDOW_TAG.replace("/", "__"): "A..B", ATTEMPT_TAG.replace("/", "__"): "first"}
    common = {"status": "COMPLETED_FAILED", "error": None}
    found = [
        {"id": "old", "timestamp": 1, "tags": tags(**ours), **common},
        {"id": "theirs", "timestamp": 2, "tags": tags(), **common},
        {**common, "id": "new", "timestamp": 3, "tags": tags(**ours), "status": "REQUESTED"},
    ]
    answer = {"partitionSetOrError": {"__typename": "PartitionSet", "backfills": found}}
    requests = requests_of(answer, "A..B")
    assert [(one.backfill_id, one.is_open) for one in requests] == [("new", True), ("old", False)]
    assert {one.attempt for one in requests} == {"first"}


@pytest.mark.parametrize(
    ("named", "span"),
    [
        ({"dagster__partition": "2026-06-01-05"}, ("2026-06-01-05", "2026-06-01-05")),
        (
            {
                "dagster__asset_partition_range_start": "2026-06-01-05",
                "dagster__asset_partition_range_end": "2026-06-02-04",
            },
            ("2026-06-01-05", "2026-06-02-04"),
        ),
    ],
)
def test_a_run_tells_its_hours_in_either_of_dagsters_ways(
    named: dict[str, str], span: tuple[str, str]
) -> None:
    one = {"id": "r", "status": "QUEUED", "creationTime": 1.5, "startTime": None, "endTime": None}
    answer = {"runsOrError": {"__typename": "Runs", "results": [{**one, "tags": tags(**named)}]}}
    [run] = runs_of(answer)
    assert (run.hours, run.seconds, run.will_retry) == (HourRange(*span), None, False)


def test_an_error_of_dagster_is_not_taken_for_an_answer() -> None:
    with pytest.raises(DagsterError, match="database is locked"):
        runs_of({"runsOrError": {"__typename": "PythonError", "message": "database is locked"}})
