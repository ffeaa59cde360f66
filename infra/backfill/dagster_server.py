"""Dagster behind its web server: one job, its backfills and their runs.

Belongs here: which question is asked for what. What the answers mean belongs in `answers`, talking
to the server in `infra.dagster_web`, and which backfills are started in `plan`.
"""

from collections.abc import Mapping, Sequence

from infra.backfill import answers, queries
from infra.backfill.chunks import ChunkRun, Request
from infra.dagster_web.graphql import DagsterError, GraphQL, one_of
from infra.dagster_web.runs import Runs, as_input
from infra.dagster_web.workspace import find_job

_REMEMBERED = 250  # backfills of the job, the latest; an older one is not gone on with
_MOST_RUNS = 5000


class DagsterServer:
    """A Dagster deployment and the job in it that rebuilds hours.

    Every method raises `graphql.UnreachableError` when there is no answer, and
    `graphql.DagsterError` when Dagster refuses.
    """

    def __init__(self, graphql: GraphQL, job_name: str) -> None:
        """Finds the job; raises `graphql.DagsterError` if it, or its partitions, are not there."""
        self._graphql = graphql
        self._runs = Runs(graphql)
        self._job = find_job(graphql, job_name)
        if self._job.partition_set is None:
            raise DagsterError(f"the job {job_name} has no partitions there, so no hours")
        self._partition_set_name = self._job.partition_set

    @property
    def runs_url(self) -> str:
        """Where a person looks at all runs and backfills."""
        return f"{self._graphql.url}/runs"

    def run_url(self, run_id: str) -> str:
        """Where a person looks at a run."""
        return self._runs.url(run_id)

    def backfill_url(self, backfill_id: str) -> str:
        """Where a person looks at a backfill, and cancels it."""
        return f"{self._graphql.url}/runs/b/{backfill_id}"

    def facts(self) -> answers.Facts:
        """What has to be known before hours are rebuilt."""
        job = {**self._job.repository_selector, "pipelineName": self._job.name}
        return answers.facts_of(self._graphql.ask(queries.JOB, job=job, **self._partition_set()))

    def requests(self, window: str) -> list[Request]:
        """The backfills of a window of hours, the latest first.

        Args:
            window: The value of their `answers.WINDOW_TAG`.
        """
        answer = self._graphql.ask(queries.REQUESTS, limit=_REMEMBERED, **self._partition_set())
        return answers.requests_of(answer, window)

    def runs(self, window: str, attempt: str) -> list[ChunkRun]:
        """The runs of one attempt at a window of hours, retries included."""
        tags = {answers.WINDOW_TAG: window, answers.ATTEMPT_TAG: attempt}
        wanted = {"tags": as_input(tags)}
        return answers.runs_of(self._graphql.ask(queries.RUNS, filter=wanted, limit=_MOST_RUNS))

    def launch(self, hours: Sequence[str], title: str, tags: Mapping[str, str]) -> str:
        """Asks for hours to be rebuilt; the daemon makes the runs.

        Args:
            hours: The hours.
            title: What a person reads in the list of backfills.
            tags: Tags of the backfill and of each of its runs.

        Returns:
            The backfill's id.
        """
        selector = {
            "partitionSetName": self._partition_set_name,
            "repositorySelector": self._job.repository_selector,
        }
        backfill = {
            "selector": selector,
            "partitionNames": list(hours),
            "title": title,
            "tags": as_input(tags),
        }
        answer = self._graphql.ask(queries.LAUNCH, backfill=backfill)
        launched = one_of(answer["launchPartitionBackfill"], "LaunchBackfillSuccess")
        return str(launched["backfillId"])

    def steps(self, run_id: str) -> list[answers.Step]:
        """The steps of a run that have begun, in the order of their beginning."""
        return answers.steps_of(self._graphql.ask(queries.STEPS, run=run_id))

    def first_error(self, run_id: str) -> str | None:
        """The first line of what went wrong first in a run, or None when nothing is told."""
        return self._runs.first_error(run_id)

    def _partition_set(self) -> dict[str, object]:
        return {
            "repository": self._job.repository_selector,
            "partitionSet": self._partition_set_name,
        }
