"""The stores of a platform, joined.

Belongs here: which client, resource and setting goes where. What is done with them belongs in
`erasure`.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta

import boto3

from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.warehouse import WarehouseResource
from clickstream_platform.settings import Settings
from infra.dagster_at import DagsterAt
from infra.dagster_web.graphql import DagsterError
from infra.deploy.sites import Site
from infra.erasure.errors import ErasureError
from infra.erasure.ledger import Ledger
from infra.erasure.marts import other_tables
from infra.erasure.query_results import QueryResults
from infra.erasure.rebuilding import DagsterRebuilder, DbtRebuilder, Rebuilder
from infra.erasure.remains import Places
from infra.erasure.stores import Stores
from infra.local.specs import batch_environment

_QUICK_POLL = {"DBT_POLL_INTERVAL_S": "0.2"}


def stores_of(site: Site, settings: Settings, rebuilder: Rebuilder) -> Stores:
    """The stores of a platform; this process's AWS clients talk to it.

    Args:
        site: The platform.
        settings: What its batch side is told from outside.
        rebuilder: Who builds its marts.
    """
    topology = site.topology
    own_answers = f"erasure/{secrets.token_hex(4)}/"
    return Stores(
        lake=LakeResource(bucket=topology.buckets[0].name),
        catalog=CatalogResource(database=topology.database),
        athena=AthenaResource(
            database=topology.database,
            workgroup=topology.workgroup,
            output_location=f"s3://{topology.results_bucket}/{own_answers}",
        ),
        answers=QueryResults(LakeResource(bucket=topology.results_bucket), own_answers),
        warehouse=WarehouseResource(
            account_id=site.identity.account, timeout_s=settings.spice_timeout_s
        ),
        s3=boto3.client("s3"),
        glue=boto3.client("glue"),
        dynamodb=boto3.client("dynamodb"),
        stack=topology.stack,
        data_sets={one.table: one.id for one in site.data_sets},
        rebuilder=rebuilder,
        memory_limit=settings.compaction_memory,
    )


def ledger_of(stores: Stores) -> Ledger:
    """Where the erasures of a platform are written down."""
    return Ledger(stores.lake, stores.s3)


def places_around(stores: Stores, site: Site, settings: Settings) -> Callable[[], Places]:
    """What is known of the places around the lake, once it is asked for."""
    topology = site.topology

    def places() -> Places:
        versioning = stores.s3.get_bucket_versioning(Bucket=stores.lake.bucket)
        return Places(
            stream_retention=timedelta(hours=topology.stream.retention_hours),
            generation_grace=timedelta(hours=settings.generation_grace_h),
            other_tables=other_tables(
                stores.lake,
                stores.glue,
                topology.database,
                {table.name for table in topology.glue_tables},
            ),
            keeps_versions="Status" in versioning,
            unlisted_hours=stores.finder.unlisted_hours(),
            cache=site.query_cache,
        )

    return places


def rebuilder_of(site: Site, settings: Settings, where: DagsterAt) -> Rebuilder:
    """Dagster where it works on the platform: it keeps two builds of the marts apart.

    Raises:
        ErasureError: If that cannot be told.
    """
    try:
        dagster = where.find()
    except DagsterError as error:
        raise ErasureError(str(error)) from error
    if dagster is not None:
        return DagsterRebuilder(dagster)
    identity = site.identity
    environment = batch_environment(
        site.topology, _QUICK_POLL, account=identity.account, region=identity.region
    )
    return DbtRebuilder(settings.dbt_project_dir, environment, settings.max_days_per_build)
