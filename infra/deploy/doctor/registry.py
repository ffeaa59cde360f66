"""Which checks there are, and what becomes of one that cannot look.

Belongs here: the list, in the order a newcomer reads it, and running it. What a check looks at
belongs in its own module.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from infra.deploy.doctor import account, batch_side, buckets, catalog, front, messages, stores
from infra.deploy.doctor.findings import Finding, problem, warning
from infra.deploy.sites import Site

_DENIED = {
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedOperation",
}


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        subject: What it is about, for when it cannot look.
        look: Looks.
    """

    subject: str
    look: Callable[[], Iterable[Finding]]


def checks_of(site: Site) -> Sequence[Check]:
    """Every check of a platform, one for each resource of its topology."""
    topology = site.topology
    functions = [
        Check(f"function {one.name}", partial(site.look_at_function, one))
        for one in topology.functions
    ]
    tables = [
        Check(f"table {one.name}", partial(stores.check_table, site, one))
        for one in topology.tables
    ]
    queues = [
        Check(f"queue {one.name}", partial(messages.check_queue, site, one))
        for one in topology.queues
    ]
    topics = [
        Check(f"topic {one.name}", partial(messages.check_topic, site, one))
        for one in topology.topics
    ]
    return [
        Check("credentials", partial(account.check_identity, site.identity)),
        Check("clock", partial(account.check_clock, site.identity)),
        Check("collector", partial(front.check_collector, site)),
        Check("stream", partial(stores.check_stream, site)),
        *(*functions, *tables, *queues, *topics),
        *(Check(subject, look) for subject, look in site.further),
        *_lake_checks(site),
        Check("Dagster", partial(batch_side.check_dagster, site)),
    ]


def _lake_checks(site: Site) -> Iterator[Check]:
    topology = site.topology
    for bucket in topology.buckets:
        yield Check(f"bucket {bucket.name}", partial(buckets.check_bucket, site, bucket))
        doors = partial(buckets.check_bucket_is_closed, site, bucket)
        yield Check(f"access to bucket {bucket.name}", doors)
    yield Check("quarantine", partial(buckets.check_quarantine, site))
    yield Check(f"database {topology.database}", partial(catalog.check_database, site))
    for table in topology.glue_tables:
        subject = f"Glue table {topology.database}.{table.name}"
        yield Check(subject, partial(catalog.check_glue_table, site, table))
    yield Check(f"work group {topology.workgroup}", partial(catalog.check_workgroup, site))
    if site.data_sets:
        yield Check("QuickSight data source", partial(catalog.check_data_source, site))
    for data_set in site.data_sets:
        subject = f"QuickSight data set {data_set.id}"
        yield Check(subject, partial(catalog.check_data_set, site, data_set))


def run_checks(checks: Iterable[Check]) -> Iterator[Finding]:
    """Runs checks one after the other; one that cannot look says so, and the next goes on."""
    for check in checks:
        try:
            yield from check.look()
        except ClientError as error:
            yield _refused(check.subject, error)
        except (BotoCoreError, ResponseParserError) as error:
            means, do = "it was not looked at", "check the network and the region, and try again"
            yield problem(check.subject, f"AWS does not answer ({error})", means, do)


def _refused(subject: str, error: ClientError) -> Finding:
    code, call = error.response["Error"]["Code"], error.operation_name
    if code in _DENIED:
        do = f"allow the action that {call} needs, or use other credentials"
        return warning(
            subject, f"these credentials may not call {call}", "it was not looked at", do
        )
    return problem(subject, f"{call} fails: {error}", "it was not looked at", "see the message")
