"""The doctor on a stack of its own on the embedded AWS: it names what was broken, and only that.

Functions and mappings are kept by the embedded catalog here, as Lambda keeps them: the very checks
that look at an account look at them.
"""

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from infra.catalog_shapes import table_input
from infra.deploy.doctor.findings import Finding, Level
from infra.deploy.doctor.registry import checks_of, run_checks
from infra.deploy.sites import Account, Addresses, Site, account_site, local_site
from infra.local.endpoints import ACCOUNT, REGION
from infra.local.launcher import Platform
from infra.local.provision import provision
from infra.resource_types import Function
from infra.topology import Topology, build_topology

STACK = "doctored"
ARN = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}"

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def topology(platform: Platform) -> Topology:
    described = build_topology(ACCOUNT, stack=STACK)
    provision(described, ACCOUNT)
    return described


@pytest.fixture(scope="module")
def site(platform: Platform, topology: Topology) -> Iterator[Site]:
    """The stack as an account's: no other difference than where its endpoints are."""
    with pytest.MonkeyPatch.context() as patch:
        for service in ("LAMBDA", "IAM", "CLOUDFORMATION", "CLOUDWATCH"):
            patch.setitem(os.environ, f"AWS_ENDPOINT_URL_{service}", _catalog())
        functions_of(topology)
        alarms_of(topology)
        addresses = Addresses(platform.ports.collector_url, None, "it is not started here")
        yield replace(account_site(Account(STACK)), addresses=addresses)


def _catalog() -> str:
    return os.environ["AWS_ENDPOINT_URL_GLUE"]


def functions_of(topology: Topology) -> None:
    """The topology's functions and mappings, as a deployment makes them."""
    kinesis = boto3.client("kinesis", endpoint_url=_catalog())  # mappings ask there for the stream
    kinesis.create_stream(StreamName=topology.stream.name, ShardCount=1)
    role = boto3.client("iam").create_role(RoleName=STACK, AssumeRolePolicyDocument="{}")
    lambda_ = boto3.client("lambda")
    for function in topology.functions:
        variables = {
            name: value.format(account=ACCOUNT, region=REGION)
            for name, value in function.environment.items()
        }
        lambda_.create_function(
            FunctionName=function.name,
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler=f"lambdas.{function.package}.handler.handler",
            Code={"ZipFile": _empty_zip()},
            MemorySize=function.memory_mb,
            Timeout=function.timeout_s,
            Environment={"Variables": variables},
        )
        create_mapping(topology, function)


def alarms_of(topology: Topology) -> None:
    """The topology's alarms; none rings."""
    cloudwatch = boto3.client("cloudwatch")
    for alarm in topology.alarms:
        cloudwatch.put_metric_alarm(
            AlarmName=alarm.name,
            MetricName=alarm.metric,
            Namespace=alarm.namespace,
            Statistic=alarm.statistic,
            Period=alarm.period_s,
            EvaluationPeriods=alarm.periods,
            Threshold=alarm.threshold,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=alarm.name, StateValue="OK", StateReason="a trial")


def create_mapping(topology: Topology, function: Function) -> None:
    mapping = function.mapping
    if mapping is None:
        return
    boto3.client("lambda").create_event_source_mapping(
        FunctionName=function.name,
        EventSourceArn=ARN.format("kinesis", f"stream/{topology.stream.name}"),
        StartingPosition=mapping.starting_position,
        BatchSize=mapping.batch_size,
        MaximumBatchingWindowInSeconds=int(mapping.window_s),
        MaximumRetryAttempts=mapping.max_retries,
        MaximumRecordAgeInSeconds=mapping.max_record_age_s,
        BisectBatchOnFunctionError=mapping.bisect_on_error,
        ParallelizationFactor=mapping.parallelization,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={
            "OnFailure": {"Destination": ARN.format("sqs", mapping.on_failure_queue)}
        },
    )


def _empty_zip() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("nothing.py", "")
    return body.getvalue()


def look(site: Site) -> list[Finding]:
    return list(run_checks(checks_of(site)))


def problems(site: Site) -> dict[str, str]:
    return {one.subject: one.says for one in look(site) if one.level is Level.PROBLEM}


def test_a_healthy_platform_has_no_problem(site: Site) -> None:
    findings = look(site)
    assert [one for one in findings if one.level is Level.PROBLEM] == []
    described = {one.subject for one in findings if one.level is Level.OK}
    topology = site.topology
    assert described >= {
        f"stream {topology.stream.name}",
        *(f"table {one.name}" for one in topology.tables),
        *(f"queue {one.name}" for one in topology.queues),
        *(f"bucket {one.name}" for one in topology.buckets),
        *(f"function {one.name}" for one in topology.functions),
        *(f"event source mapping of {one.name}" for one in topology.functions if one.mapping),
        *(f"Glue table {topology.database}.{one.name}" for one in topology.glue_tables),
        *(f"QuickSight data set {one.id}" for one in topology.data_sets),
        f"work group {topology.workgroup}",
    }


def test_the_running_platform_is_looked_at_by_the_same_checks(platform: Platform) -> None:
    findings = look(local_site(platform.state, platform.ports))
    mapped = [one.name for one in platform.topology.functions if one.mapping]
    by_subject = {one.subject: one for one in findings}
    for name in mapped:
        assert by_subject[f"event source mapping of {name}"].level is Level.OK
    assert by_subject["Dagster"].level is Level.PROBLEM  # nobody has started it here
    told = {one.subject for one in findings if one.level is Level.PROBLEM}
    # Other tests leave what they leave on the queues of this platform.
    assert {one for one in told if not one.startswith("queue")} == {"Dagster"}


def delete_table(topology: Topology) -> None:
    delete_protected_table("alerts")


def delete_protected_table(name: str) -> None:
    dynamodb, table = boto3.client("dynamodb"), f"{STACK}-{name}"
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)


def wrong_keys(topology: Topology) -> None:
    delete_protected_table("counters")
    boto3.client("dynamodb").create_table(
        TableName=f"{STACK}-counters",
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def no_expiry(topology: Topology) -> None:
    boto3.client("dynamodb").update_time_to_live(
        TableName=f"{STACK}-detector-log",
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "ttl"},
    )


def queue_url(name: str) -> str:
    return boto3.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]


def no_redrive(topology: Topology) -> None:
    boto3.client("sqs").set_queue_attributes(
        QueueUrl=queue_url(f"{STACK}-raw-objects"), Attributes={"RedrivePolicy": ""}
    )


def failed_batch(topology: Topology) -> None:
    boto3.client("sqs").send_message(
        QueueUrl=queue_url(f"{STACK}-failed-batches"), MessageBody="{}"
    )


def no_notification(topology: Topology) -> None:
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket=topology.buckets[0].name, NotificationConfiguration={}
    )


def change_columns(topology: Topology, change: Callable[[list[Any]], Any]) -> None:
    table = next(one for one in topology.glue_tables if one.name == "events")
    definition: Any = table_input(table, topology.buckets[0].name)
    change(definition["StorageDescriptor"]["Columns"])
    boto3.client("glue").update_table(DatabaseName=topology.database, TableInput=definition)


def wrong_column(topology: Topology) -> None:
    change_columns(topology, lambda columns: columns[15].update(Type="string"))


def missing_column(topology: Topology) -> None:
    change_columns(topology, lambda columns: columns.pop(1))


def drop_glue_table(topology: Topology) -> None:
    boto3.client("glue").delete_table(DatabaseName=topology.database, Name="quarantine")


def enforce(topology: Topology) -> None:
    boto3.client("athena").update_work_group(
        WorkGroup=topology.workgroup,
        ConfigurationUpdates={"EnforceWorkGroupConfiguration": True},
    )


def unenforce(topology: Topology) -> None:
    boto3.client("athena").update_work_group(
        WorkGroup=topology.workgroup,
        ConfigurationUpdates={"EnforceWorkGroupConfiguration": False},
    )


def mapping_id(package: str) -> str:
    found = boto3.client("lambda").list_event_source_mappings(FunctionName=f"{STACK}-{package}")
    return str(found["EventSourceMappings"][0]["UUID"])


def disable_mapping(topology: Topology) -> None:
    boto3.client("lambda").update_event_source_mapping(UUID=mapping_id("aggregator"), Enabled=False)


def enable_mapping(topology: Topology) -> None:
    boto3.client("lambda").update_event_source_mapping(UUID=mapping_id("aggregator"), Enabled=True)


def two_writers(topology: Topology) -> None:
    _parallel(10)


def one_writer(topology: Topology) -> None:
    _parallel(1)


def _parallel(factor: int) -> None:
    uuid = mapping_id("anomaly-detector")
    boto3.client("lambda").update_event_source_mapping(UUID=uuid, ParallelizationFactor=factor)


def delete_alarm(topology: Topology) -> None:
    boto3.client("cloudwatch").delete_alarms(AlarmNames=[f"{STACK}-freshness"])


def mend_alarms(topology: Topology) -> None:
    alarms_of(topology)


def delete_function(topology: Topology) -> None:
    boto3.client("lambda").delete_function(FunctionName=f"{STACK}-collector")


Change = Callable[[Topology], None]


def mend(topology: Topology) -> None:
    """What a start on the same state does, and a deployment."""
    provision(topology, ACCOUNT)


def mend_counters(topology: Topology) -> None:
    boto3.client("dynamodb").delete_table(TableName=f"{STACK}-counters")
    mend(topology)


def mend_expiry(topology: Topology) -> None:
    boto3.client("dynamodb").update_time_to_live(
        TableName=f"{STACK}-detector-log",
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"},
    )


def mend_redrive(topology: Topology) -> None:
    dead = ARN.format("sqs", f"{STACK}-raw-objects-dead")
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": "20"})
    boto3.client("sqs").set_queue_attributes(
        QueueUrl=queue_url(f"{STACK}-raw-objects"), Attributes={"RedrivePolicy": policy}
    )


def purge(topology: Topology) -> None:
    boto3.client("sqs").purge_queue(QueueUrl=queue_url(f"{STACK}-failed-batches"))


def mend_columns(topology: Topology) -> None:
    change_columns(topology, lambda _: None)


BROKEN: list[tuple[Change, Change, str, str]] = [
    (delete_table, mend, "table doctored-alerts", "is missing"),
    (wrong_keys, mend_counters, "table doctored-counters", "has the keys name (N)"),
    (no_expiry, mend_expiry, "table doctored-detector-log", "items expire by None"),
    (
        no_redrive,
        mend_redrive,
        "queue doctored-raw-objects",
        "its dead-letter queue: None instead of doctored-raw-objects-dead",
    ),
    (failed_batch, purge, "queue doctored-failed-batches", "1 message"),
    (no_notification, mend, f"bucket doctored-lake-{ACCOUNT}", "does not announce new objects"),
    (
        wrong_column,
        mend_columns,
        "Glue table doctored_db.events",
        "column time_spent is string instead of double",
    ),
    (
        missing_column,
        mend_columns,
        "Glue table doctored_db.events",
        "column event_type is missing",
    ),
    (delete_alarm, mend_alarms, "alarms", "missing: doctored-freshness"),
    (drop_glue_table, mend, "Glue table doctored_db.quarantine", "is missing"),
    (enforce, unenforce, "work group doctored", "enforces its settings"),
    (
        disable_mapping,
        enable_mapping,
        "event source mapping of doctored-aggregator",
        "is disabled",
    ),
    (
        two_writers,
        one_writer,
        "event source mapping of doctored-anomaly-detector",
        "parallelization factor: 10 instead of 1",
    ),
]


@pytest.mark.parametrize(
    ("broken", "mended", "subject", "says"), BROKEN, ids=[one[0].__name__ for one in BROKEN]
)
def test_what_is_broken_is_named_and_nothing_else(
    site: Site, topology: Topology, broken: Change, mended: Change, subject: str, says: str
) -> None:
    broken(topology)
    try:
        found = problems(site)
        assert list(found) == [subject]
        assert found[subject].startswith(says)
    finally:
        mended(topology)
    assert problems(site) == {}


def warnings(site: Site) -> dict[str, str]:
    return {one.subject: one.says for one in look(site) if one.level is Level.WARNING}


def test_what_could_be_lost_is_warned_of(site: Site, topology: Topology) -> None:
    """A table that any call deletes works as well as another, until that call comes."""
    table, dynamodb = f"{STACK}-page-metrics", boto3.client("dynamodb")
    alarm = topology.alarms[0]
    before = warnings(site)
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    boto3.client("cloudwatch").set_alarm_state(
        AlarmName=alarm.name, StateValue="ALARM", StateReason="a trial"
    )
    found = {name: says for name, says in warnings(site).items() if name not in before}
    assert found == {
        f"protection of table {table}": "nothing protects it",
        f"alarm {alarm.name}": "rings",
    }
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
    alarms_of(topology)
    assert warnings(site) == before


def test_a_function_that_is_gone_is_named(site: Site, topology: Topology) -> None:
    delete_function(topology)
    assert problems(site) == {"function doctored-collector": "is missing"}
