"""Runs of jobs: launched, followed to their end, and what they have told.

Belongs here: single runs. Backfills, which make runs of their own, belong in `infra.backfill`.
"""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.dagster_web import following, queries
from infra.dagster_web.assets import Metadata, metadata_of
from infra.dagster_web.graphql import DagsterError, GraphQL, first_line, one_of
from infra.dagster_web.workspace import Job
from infra.presentation import one_line

# Dagster's own tags, for which it has no public constants.
WILL_RETRY_TAG = "dagster/will_retry"
_RETRY_TAG = "dagster/auto_retry_run_id"

_FINAL = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
_CLASS = re.compile(r"^\w+(\.\w+)+: ")
_EVENTS_PAGE = 1000


@dataclass(frozen=True)
class Run:
    """A run as Dagster knows it.

    Attributes:
        run_id: Its id.
        status: Dagster's word for how far it is.
        will_retry: Whether Dagster means to run it again, should it have failed.
        retried_as: The run that does, once there is one.
    """

    run_id: str
    status: str
    will_retry: bool = False
    retried_as: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether it has ended, and nothing runs it again by itself."""
        return self.status in _FINAL and not (self.status == "FAILURE" and self.will_retry)

    @property
    def is_done(self) -> bool:
        """Whether it has ended well."""
        return self.status == "SUCCESS"


class Runs:
    """The runs of one Dagster.

    Every method raises `graphql.UnreachableError` when there is no answer, and
    `graphql.DagsterError` when Dagster refuses.

    Args:
        graphql: Its web server.
        poll_s: How often it is looked at a run that is followed, in seconds.
    """

    def __init__(self, graphql: GraphQL, poll_s: float = following.POLL_S) -> None:
        self._graphql = graphql
        self._poll_s = poll_s

    def url(self, run_id: str) -> str:
        """Where a person looks at a run."""
        return f"{self._graphql.url}/runs/{run_id}"

    def launch(
        self,
        job: Job,
        *,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Asks for a run of a job; Dagster queues it where its limits and pools say so.

        Args:
            job: The job.
            config: The run's configuration.
            tags: Tags of the run, beside those of the job.

        Returns:
            The run's id.
        """
        params = {
            "selector": {**job.repository_selector, "jobName": job.name},
            "runConfigData": config or {},
            "executionMetadata": {"tags": as_input(tags or {})},
        }
        launched = self._graphql.ask(queries.LAUNCH_RUN, run=params)["launchRun"]
        if "errors" in launched:
            raise DagsterError("; ".join(error["message"] for error in launched["errors"]))
        return str(one_of(launched, "LaunchRunSuccess")["run"]["runId"])

    def look(self, run_id: str) -> Run:
        """How far a run is, or, where it has failed and was run again, how far that run is."""
        while True:
            found = one_of(self._graphql.ask(queries.RUN, run=run_id)["runOrError"], "Run")
            tags = tags_of(found)
            run = Run(
                found["runId"],
                found["status"],
                will_retry=tags.get(WILL_RETRY_TAG) == "true",
                retried_as=tags.get(_RETRY_TAG),
            )
            if run.is_final or run.retried_as is None:
                return run
            run_id = run.retried_as

    def follow(self, run_id: str, tell: Callable[[Run], None], *, limit_s: float = math.inf) -> Run:
        """Waits until a run has ended, with the retries that Dagster makes of it.

        Args:
            run_id: The run.
            tell: Told how far it is, again and again.
            limit_s: After how many seconds nobody waits for it any more.

        Returns:
            The run, or its last retry; not ended when the limit has passed.

        Raises:
            UnreachableError: If Dagster does not answer for a long time. The run may go on.
        """
        until = time.monotonic() + limit_s
        return following.follow(
            lambda: self.look(run_id),
            lambda run: not run.is_final and time.monotonic() < until,
            tell,
            poll_s=self._poll_s,
        )

    def materialization(self, run_id: str, key: Sequence[str]) -> Metadata:
        """What a run has told of an asset; raises `DagsterError` if it did not build it."""
        answer = self._graphql.ask(queries.MATERIALIZATIONS, run=run_id)
        for one in one_of(answer["runOrError"], "Run")["assetMaterializations"]:
            if one["assetKey"] is not None and one["assetKey"]["path"] == list(key):
                return metadata_of(one["metadataEntries"])
        raise DagsterError(f"the run {run_id} tells nothing of {'/'.join(key)}")

    def end_text(self, run: Run) -> str:
        """How a run ended, why, and where that can be looked at; on one line."""
        why = self.first_error(run.run_id) if run.status == "FAILURE" else None
        reason = "" if why is None else f": {one_line(why)}"
        return f"ended with {run.status}{reason} ({self.url(run.run_id)})"

    def first_error(self, run_id: str) -> str | None:
        """The first line of what went wrong first in a run, or None when nothing is told."""
        return first_error_in(self._events(run_id))

    def _events(self, run_id: str) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            answer = self._graphql.ask(
                queries.FAILURES, run=run_id, cursor=cursor, limit=_EVENTS_PAGE
            )
            page = one_of(answer["runOrError"], "Run")["eventConnection"]
            yield from page["events"]
            if not page["hasMore"]:
                return
            cursor = page["cursor"]


def first_error_in(events: Iterable[Mapping[str, Any]]) -> str | None:
    """The first line of the first error among a run's events, or None when there is none."""
    for event in events:
        error = event.get("error")
        if error is not None:
            # What our code raised comes last; before it is Dagster's "error occurred while".
            line = _without_class(first_line([error, *error["causes"]][-1]["message"]))
            return f"{event['stepKey']}: {line}" if event.get("stepKey") else line
        if "message" in event:  # the run failed without an error, as when its process was killed
            return first_line(event["message"])
    return None


def tags_of(one: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a backfill or run, as Dagster tells them."""
    return {tag["key"]: tag["value"] for tag in one["tags"]}


def as_input(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as Dagster wants them told."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def _without_class(text: str) -> str:
    """An error without its class, `package.module.Class: `, which tells a person nothing."""
    return _CLASS.sub("", text)
