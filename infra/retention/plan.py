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
from infra.dagster_at import DagsterAt
from infra.dagster_web.graphql import DagsterError, GraphQL
from infra.deploy.sites import Site
from infra.retention.commands import Plan, RetentionError, Tell, Told
from infra.retention.runs import RetentionRuns
from infra.topology import Topology


def build_plan(site: Site, where: DagsterAt) -> Plan:
    """Retention of a platform; this process's AWS clients talk to it.

    Where Dagster runs, a run of its job does it, which its pool keeps apart from runs that rebuild
    hours, and by its limits. What would leave is listed here all the same: that only reads, and
    need not wait for them. Where no Dagster runs nobody rebuilds hours, and it is done here.

    Raises:
        DagsterError: If Dagster has to be there and is not, or cannot tell its limits.
    """
    now = datetime.now(UTC)
    graphql = where.find()
    if graphql is not None:
        return _by_dagster(site.topology, graphql, now)
    return _by_this_process(site.topology, where, now)


def _by_dagster(topology: Topology, graphql: GraphQL, now: datetime) -> Plan:
    runs = RetentionRuns(graphql)
    policy = runs.policy()
    steps = _Steps(topology, policy, now)
    return Plan(
        policy,
        f"By Dagster at {graphql.url}, apart from runs that rebuild hours, and by its limits.",
        steps.look,
        lambda tell: runs.carry_out(policy, now, tell),
    )


def _by_this_process(topology: Topology, where: DagsterAt, now: datetime) -> Plan:
    policy = retention_policy(Settings())
    steps = _Steps(topology, policy, now)

    def carry_out(_: Tell) -> Outcome:
        if where.find() is not None:  # started while the person thought about it
            raise DagsterError(
                f"Dagster runs at {where.url} by now, nothing was deleted: run it again"
            )
        return steps.carry_out()

    return Plan(
        policy,
        f"No Dagster answers{f' at {where.url}' if where.url else ''}, so nobody rebuilds hours: "
        "by this process, and by the limits of this shell.",
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
