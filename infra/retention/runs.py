"""Retention as a run of Dagster's, for somebody who looks on.

Belongs here: launching the job, following it, and reading what it has told. What it does belongs in
`clickstream_platform.defs.lake`; it imports Dagster, so the command imports it only when given.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from clickstream_platform.core.departures import Kept, Outcome, Rule, Sum
from clickstream_platform.core.retention import RetentionPolicy
from clickstream_platform.defs.lake.retention import (
    RETENTION,
    RETENTION_JOB,
    RETENTION_OP,
    limits_of,
    policy_of,
)
from infra.dagster_web.assets import asset_metadata
from infra.dagster_web.following import POLL_S
from infra.dagster_web.graphql import DagsterError, GraphQL, UnreachableError
from infra.dagster_web.runs import Run, Runs
from infra.dagster_web.workspace import find_job
from infra.retention.commands import StillRunningError


class RetentionRuns:
    """Runs of retention in one Dagster.

    Args:
        graphql: Its web server.
        poll_s: How often it is looked at a run, in seconds.
    """

    def __init__(self, graphql: GraphQL, poll_s: float = POLL_S) -> None:
        self._graphql = graphql
        self._runs = Runs(graphql, poll_s)

    def policy(self) -> RetentionPolicy:
        """How long things are kept there.

        Raises:
            DagsterError: If that is not told.
        """
        try:
            return policy_of(asset_metadata(self._graphql, RETENTION.path))
        except KeyError as error:
            raise DagsterError(
                f"the code location at {self._graphql.url} does not tell its {error}: it is of "
                "another version; start it again"
            ) from None

    def carry_out(
        self, policy: RetentionPolicy, as_of: datetime, tell: Callable[[str], None]
    ) -> Outcome:
        """Launches a run and waits for its end.

        Args:
            policy: The limits that a person has agreed to; a run whose own are others fails.
            as_of: The present by which the person was shown what would leave.
            tell: Told a line whenever something has changed.

        Returns:
            What the run did.

        Raises:
            DagsterError: If it fails, is canceled, or cannot be followed.
            StillRunningError: If the person no longer looks on.
        """
        settings = {"as_of": as_of.isoformat(), "shown_limits": limits_of(policy)}
        config = {"ops": {RETENTION_OP: {"config": settings}}}
        run_id = self._runs.launch(find_job(self._graphql, RETENTION_JOB), config=config)
        url = self._runs.url(run_id)
        tell(f"Launched: {url}")
        try:
            run = self._runs.follow(run_id, _Teller(tell))
            if not run.is_done:
                raise DagsterError(
                    f"the run {self._runs.end_text(run)}. What it has deleted is gone; run it "
                    "again, it goes on where it was"
                )
            return outcome_of(self._runs.materialization(run.run_id, RETENTION.path))
        except UnreachableError as error:
            raise DagsterError(f"{error}; the run may go on: {url}") from error
        except KeyboardInterrupt:
            raise StillRunningError(url) from None


def outcome_of(metadata: Mapping[str, Any]) -> Outcome:
    """The outcome of which `Outcome.metadata` tells.

    Raises:
        DagsterError: If a number is missing.
    """
    try:
        outcome = Outcome(metadata["dry_run"])
        for rule in Rule:
            outcome.removed[rule] = Sum(
                objects=metadata[f"{rule}_objects"],
                size_bytes=metadata[f"{rule}_bytes"],
                partitions=metadata[f"{rule}_partitions"],
            )
        for reason in Kept:
            name = f"kept_{reason.name.lower()}"
            if metadata[name]:
                outcome.kept[reason] = (metadata[name], metadata[f"{name}_sample"])
    except KeyError as error:
        raise DagsterError(f"the run does not tell its {error}") from None
    return outcome


class _Teller:
    """Tells how far a run is, once for each change."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told = ""

    def __call__(self, run: Run) -> None:
        line = run.status.lower()
        if run.status == "QUEUED":
            line += "; it begins when no hour is being rebuilt"
        if run.status == "FAILURE" and run.will_retry:
            line += "; Dagster runs it again"
        if line != self._told:
            self._told = line
            self._tell(f"  {line}")
