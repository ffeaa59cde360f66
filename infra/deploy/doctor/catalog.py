"""The catalog and what reads it: Glue, Athena's work group, SPICE.

Belongs here: tables against the contract, and the settings queries depend on. The rows belong to
the batch side's checks.
"""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.doctor.findings import Finding, missing, ok, problem, warning
from infra.deploy.sites import Site
from infra.resource_types import DataSet, GlueTable

_NO_ROWS = "queries fail, and no hour can be rolled up"


def check_database(site: Site) -> Iterator[Finding]:
    """The Glue database."""
    name, glue = site.topology.database, site.client("glue")
    try:
        glue.get_database(Name=name)
    except glue.exceptions.EntityNotFoundException:
        yield missing(f"database {name}", _NO_ROWS, site.recreate)
    else:
        yield ok(f"database {name}", "there")


def check_glue_table(site: Site, table: GlueTable) -> Iterator[Finding]:
    """A Glue table: its columns against the contract, its partitions, where it lies."""
    topology, glue = site.topology, site.client("glue")
    subject = f"Glue table {topology.database}.{table.name}"
    try:
        found = glue.get_table(DatabaseName=topology.database, Name=table.name)["Table"]
    except glue.exceptions.EntityNotFoundException:
        yield missing(subject, _NO_ROWS, site.recreate)
        return
    wrong, more = _differences(table, found)
    lake = next(one.name for one in topology.buckets if one.notify_queue is not None)
    location = f"s3://{lake}/{table.location_prefix}"
    told = found["StorageDescriptor"].get("Location", "")
    if told.rstrip("/") != location.rstrip("/"):
        wrong.append(f"lies at {told} instead of {location}")
    if wrong:
        means = "queries of these columns fail, or read something else than was written"
        yield problem(subject, "; ".join(wrong), means, "docs/operations.md, Schema change")
    elif more:
        means = "a newer version may have added them; this one reads NULL nowhere and ignores them"
        do = "update this checkout, or docs/operations.md, Schema change"
        yield warning(subject, f"has columns more: {', '.join(more)}", means, do)
    else:
        yield ok(subject, f"{len(table.columns)} columns as in the contract")


def _differences(table: GlueTable, found: Any) -> tuple[list[str], list[str]]:
    """What is wrong, and which columns there are beside those described."""
    told = {one["Name"]: one["Type"] for one in found["StorageDescriptor"]["Columns"]}
    wrong = []
    for column in table.columns:
        type_ = told.pop(column.name, None)
        if type_ is None:
            wrong.append(f"column {column.name} is missing")
        elif type_ != column.hive_type:
            wrong.append(f"column {column.name} is {type_} instead of {column.hive_type}")
    keys = [(one["Name"], one["Type"]) for one in found.get("PartitionKeys", [])]
    wanted = [(column.name, column.hive_type) for column in table.partition_keys]
    if keys != wanted:
        wrong.append(f"partitioned by {keys or 'nothing'} instead of {wanted or 'nothing'}")
    return wrong, list(told)


def check_workgroup(site: Site) -> Iterator[Finding]:
    """Athena's work group: enabled, where its results go, and that it does not enforce that."""
    topology, athena = site.topology, site.client("athena")
    subject = f"work group {topology.workgroup}"
    try:
        found = athena.get_work_group(WorkGroup=topology.workgroup)["WorkGroup"]
    except athena.exceptions.InvalidRequestException:  # Athena's word for: not found
        yield missing(subject, "no query can be asked", site.recreate)
        return
    settings = found["Configuration"]
    output = settings.get("ResultConfiguration", {}).get("OutputLocation", "")
    wanted = f"s3://{topology.results_bucket}/"
    if found["State"] != "ENABLED":
        yield problem(subject, "is disabled", "no query can be asked", site.recreate)
    elif not output.startswith(wanted):
        means = "results pile up where nobody removes them, or cannot be written"
        yield problem(
            subject, f"writes to {output or 'nowhere'}, not {wanted}", means, site.recreate
        )
    elif settings.get("EnforceWorkGroupConfiguration", True):
        means = "it overrides where dbt keeps the marts, so they would be written among the results"
        yield problem(subject, "enforces its settings", means, site.recreate)
    else:
        yield ok(subject, f"enabled, results in {output}")


def check_data_source(site: Site) -> Iterator[Finding]:
    """QuickSight's data source."""
    quicksight, wanted = site.client("quicksight"), site.topology.data_source
    found = []
    token: dict[str, str] = {}
    while True:
        answer = quicksight.list_data_sources(AwsAccountId=site.identity.account, **token)
        found.extend(answer["DataSources"])
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    subject = f"QuickSight data source {wanted}"
    if wanted not in {one["DataSourceId"] for one in found}:
        yield missing(subject, "no dashboard can be refreshed", site.recreate)
    else:
        yield ok(subject, "there")


def check_data_set(site: Site, data_set: DataSet) -> Iterator[Finding]:
    """A SPICE data set."""
    subject, quicksight = f"QuickSight data set {data_set.id}", site.client("quicksight")
    try:
        answer = quicksight.describe_data_set(
            AwsAccountId=site.identity.account, DataSetId=data_set.id
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield missing(subject, f"the dashboard shows nothing of {data_set.table}", site.recreate)
        return
    mode = answer["DataSet"]["ImportMode"]
    if mode != "SPICE":
        means = "each look at the dashboard asks Athena, and pays for it"
        yield problem(subject, f"imports by {mode} instead of SPICE", means, site.recreate)
    else:
        yield ok(subject, "there, in SPICE")
