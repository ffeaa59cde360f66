"""Who carries retention out, and by which limits.

Belongs here: the choice between Dagster and this process, and the steps in this process. A run of
Dagster's belongs in `runs`. It imports Dagster, so the command imports it only when given.
"""

from datetime import UTC, datetime

from clickstream_platform.core.departures import Outcome
from clickstream_platform.core.retention import RetentionPolicy
from clickstream_platform.defs.ingestion.raw_hours import RAW_TABLE
from clickstream_platform.defs.lake.events import EVENTS_TABLE
from clickstream_platform.defs.lake.retention import retention_policy
from clickstream_platform.defs.lake.retention_steps import Retention, Tables
from clickstream_platform.resources.catalog import CatalogError, CatalogResource
from clickstream_platform.resources.lake import LakeError, LakeResource
from clickstream_platform.settings import Settings
from infra.dagster_web.graphql import DagsterError, GraphQL
from infra.local.endpoints import ACCOUNT
from infra.retention.commands import DagsterAt, Plan, RetentionError, Tell, Told
from infra.retention.runs import RetentionRuns
from infra.topology import Topology, build_topology


def build_plan(where: DagsterAt) -> Plan:
    """Retention of the platform that this process's AWS clients talk to.

    Where Dagster runs, a run of its job does it, which its pool keeps apart from runs that rebuild
    hours, and by its limits. What would leave is listed here all the same: that only reads, and
    need not wait for them. Where no Dagster runs nobody rebuilds hours, and it is done here.

    Raises:
        DagsterError: If Dagster was named and is not there, or cannot tell its limits.
    """
    graphql, now = GraphQL(where.url), datetime.now(UTC)
    if graphql.answers():
        return _by_dagster(RetentionRuns(graphql), where.url, now)
    if where.is_named:
        raise DagsterError(f"no Dagster answers at {where.url}")
    return _by_this_process(graphql, now)


def _by_dagster(runs: RetentionRuns, url: str, now: datetime) -> Plan:
    policy = runs.policy()
    steps = _Steps(build_topology(ACCOUNT), policy, now)
    return Plan(
        policy,
        f"By Dagster at {url}, apart from runs that rebuild hours, and by its limits.",
        steps.look,
        lambda tell: runs.carry_out(policy, now, tell),
    )


def _by_this_process(graphql: GraphQL, now: datetime) -> Plan:
    policy = retention_policy(Settings())
    steps = _Steps(build_topology(ACCOUNT), policy, now)

    def carry_out(_: Tell) -> Outcome:
        if graphql.answers():  # started while the person thought about it
            raise DagsterError(
                f"Dagster runs at {graphql.url} by now, nothing was deleted: run it again"
            )
        return steps.carry_out()

    return Plan(
        policy,
        f"No Dagster answers at {graphql.url}, so nobody rebuilds hours: by this process, and by "
        "the limits of this shell.",
        steps.look,
        carry_out,
    )


class _Steps:
    """The steps in this process, all by the same limits and the same present."""

    def __init__(self, topology: Topology, policy: RetentionPolicy, now: datetime) -> None:
        self._topology = topology
        self._policy = policy
        self._now = now

    def look(self, told: Told) -> Outcome:
        """Tells what would leave."""
        return self._retention(told, dry_run=True).run()

    def carry_out(self) -> Outcome:
        """Deletes it; raises `RetentionError` when it cannot all be deleted."""
        try:
            return self._retention(lambda _: None, dry_run=False).run()
        except (LakeError, CatalogError) as error:
            raise RetentionError(str(error)) from error

    def _retention(self, told: Told, *, dry_run: bool) -> Retention:
        return Retention(
            LakeResource(bucket=self._topology.buckets[0].name),
            CatalogResource(database=self._topology.database),
            Tables(raw=RAW_TABLE, events=EVENTS_TABLE),
            self._policy,
            self._now,
            dry_run=dry_run,
            report=told,
        )
