"""Retention of the platform on this machine, outside of Dagster.

Belongs here: joining the topology, the settings and the steps. It imports Dagster, so the command
imports it only when it is given.
"""

from datetime import UTC, datetime

from clickstream_platform.core.departures import Outcome
from clickstream_platform.defs.ingestion.raw_hours import RAW_TABLE
from clickstream_platform.defs.lake.events import EVENTS_TABLE
from clickstream_platform.defs.lake.retention import retention_policy
from clickstream_platform.defs.lake.retention_steps import Retention, Tables
from clickstream_platform.resources.catalog import CatalogError, CatalogResource
from clickstream_platform.resources.lake import LakeError, LakeResource
from clickstream_platform.settings import Settings
from infra.local.endpoints import ACCOUNT
from infra.retention import Plan, RetentionError, Told
from infra.topology import build_topology


def build_plan() -> Plan:
    """Retention of the platform that this process's AWS clients talk to.

    The limits are the settings of this process: variables of the shell, as for `clickstream up`.
    """
    topology = build_topology(ACCOUNT)
    policy = retention_policy(Settings())

    def run(dry_run: bool, told: Told) -> Outcome:
        steps = Retention(
            LakeResource(bucket=topology.buckets[0].name),
            CatalogResource(database=topology.database),
            Tables(raw=RAW_TABLE, events=EVENTS_TABLE),
            policy,
            datetime.now(UTC),
            dry_run=dry_run,
            report=told,
        )
        try:
            return steps.run()
        except (LakeError, CatalogError) as error:
            raise RetentionError(str(error)) from error

    return Plan(policy, run)
