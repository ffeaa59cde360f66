"""What the answers of Dagster's web server mean.

Belongs here: GraphQL answers in, values out; nothing is asked here. Asking belongs in
`dagster_server`, and what follows from the values in `chunks` and `plan`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clickstream_platform.core.hours import HourRange
from infra.backfill.chunks import ChunkRun, Request
from infra.backfill.window import Partitions
from infra.dagster_web.graphql import first_line, one_of
from infra.dagster_web.runs import WILL_RETRY_TAG, tags_of

WINDOW_TAG = "clickstream/backfill"
ATTEMPT_TAG = "clickstream/backfill_attempt"
# Dagster's own tags, for which it has no public constants.
_BACKFILL_TAG = "dagster/backfill"
_PARTITION_TAG = "dagster/partition"
_RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")

_OPEN = frozenset({"REQUESTED", "CANCELING", "FAILING"})
_NEEDED_DAEMONS = frozenset({"BACKFILL", "QUEUED_RUN_COORDINATOR"})


@dataclass(frozen=True)
class Facts:
    """What has to be known before hours are rebuilt.

    Attributes:
        partitions: The hours there are.
        hours_per_run: By how many hours at most Dagster divides a backfill; None when it does not.
        silent_daemons: Parts of Dagster's daemon that a backfill needs and that do not run.
    """

    partitions: Partitions
    hours_per_run: int | None
    silent_daemons: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A step of a run that has begun.

    Attributes:
        name: Its name.
        started_at: When it began, epoch seconds.
        ended_at: When it ended; None while it goes on.
    """

    name: str
    started_at: float
    ended_at: float | None


def facts_of(answer: Mapping[str, Any]) -> Facts:
    """Reads the answer about a job.

    Raises:
        DagsterError: If the job's partitions cannot be told.
    """
    found = one_of(answer["partitionSetOrError"], "PartitionSet")
    daemons = answer["instance"]["daemonHealth"]["allDaemonStatuses"]
    silent = [
        str(one["daemonType"])
        for one in daemons
        if one["daemonType"] in _NEEDED_DAEMONS and one["required"] and not one["healthy"]
    ]
    return Facts(
        Partitions(_only_name(found["earliest"]), _only_name(found["latest"])),
        _hours_per_run(answer["assetNodes"]),
        tuple(silent),
    )


def requests_of(answer: Mapping[str, Any], window: str) -> list[Request]:
    """The backfills of a window of hours, the latest first."""
    found = one_of(answer["partitionSetOrError"], "PartitionSet")["backfills"]
    tagged = [(one, tags_of(one)) for one in sorted(found, key=lambda one: -one["timestamp"])]
    return [
        Request(
            one["id"],
            tags.get(ATTEMPT_TAG, ""),
            created_at=one["timestamp"],
            is_open=one["status"] in _OPEN,
            error=first_line(one["error"]["message"]) if one["error"] else None,
        )
        for one, tags in tagged
        if tags.get(WINDOW_TAG) == window
    ]


def runs_of(answer: Mapping[str, Any]) -> list[ChunkRun]:
    """The runs of backfills of hours."""
    return [_run_of(one) for one in one_of(answer["runsOrError"], "Runs")["results"]]


def steps_of(answer: Mapping[str, Any]) -> list[Step]:
    """The steps of a run that have begun, in the order of their beginning."""
    found = one_of(answer["runOrError"], "Run")["stepStats"]
    begun = [one for one in found if one["startTime"] is not None]
    steps = [Step(one["stepKey"], one["startTime"], one["endTime"]) for one in begun]
    return sorted(steps, key=lambda step: step.started_at)


def _run_of(one: Mapping[str, Any]) -> ChunkRun:
    tags = tags_of(one)
    # Where a run takes one hour, Dagster names that hour in another tag.
    first, last = (tags.get(name) or tags[_PARTITION_TAG] for name in _RANGE_TAGS)
    return ChunkRun(
        run_id=one["id"],
        backfill_id=tags.get(_BACKFILL_TAG, ""),
        hours=HourRange(first, last),
        status=one["status"],
        will_retry=tags.get(WILL_RETRY_TAG) == "true",
        created_at=one["creationTime"],
        started_at=one["startTime"],
        ended_at=one["endTime"],
    )


def _hours_per_run(nodes: Iterable[Mapping[str, Any]]) -> int | None:
    """The least of the assets' limits, which is how Dagster decides; without a policy it is one."""
    policies = [node["backfillPolicy"] for node in nodes if node["isPartitioned"]]
    limits = [1 if policy is None else policy["maxPartitionsPerRun"] for policy in policies]
    return min((limit for limit in limits if limit is not None), default=None)


def _only_name(answer: Mapping[str, Any]) -> str | None:
    names = one_of(answer, "Partitions")["results"]
    return str(names[0]["name"]) if names else None
