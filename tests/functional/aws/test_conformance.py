"""The templates and what `infra.local` provisions, property by property.

A platform that differs from the one its tests ran on is untested. Each property that only one side
can have is listed with its reason; an entry nobody needs any more fails.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.endpoints import ACCOUNT, REGION
from infra.local.provision import provision
from infra.topology import build_topology
from tests.functional.aws.embedded import Described, Properties, describe
from tests.functional.aws.processes import described_functions
from tests.functional.aws.rendering import Rendered

_FUNCTION, _MAPPING = "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"
NAMES = {
    "AWS::Kinesis::Stream": "Name",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Glue::Database": "DatabaseInput.Name",
    "AWS::Glue::Table": "TableInput.Name",
    "AWS::Athena::WorkGroup": "Name",
    "AWS::QuickSight::DataSource": "DataSourceId",
    "AWS::QuickSight::DataSet": "DataSetId",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::EventSourceMapping": "FunctionName",
}

NOT_EMBEDDED = {
    "AWS::ApiGatewayV2::Api": "HTTP goes to the collector's process; its routes are tested below",
    "AWS::ApiGatewayV2::Integration": "as the API",
    "AWS::ApiGatewayV2::Route": "as the API",
    "AWS::ApiGatewayV2::Stage": "as the API",
    "AWS::Budgets::Budget": "a laptop sends no bill",
    "AWS::CloudWatch::Alarm": "the embedded CloudWatch is given no metrics",
    "AWS::CloudWatch::Dashboard": "`clickstream status` shows what there is",
    "AWS::EC2::InternetGateway": "Dagster runs as a process here",
    "AWS::EC2::Route": "as the gateway",
    "AWS::EC2::RouteTable": "as the gateway",
    "AWS::EC2::SecurityGroup": "as the gateway",
    "AWS::EC2::SecurityGroupEgress": "as the gateway",
    "AWS::EC2::SecurityGroupIngress": "as the gateway",
    "AWS::EC2::Subnet": "as the gateway",
    "AWS::EC2::SubnetRouteTableAssociation": "as the gateway",
    "AWS::EC2::VPC": "as the gateway",
    "AWS::EC2::VPCEndpoint": "as the gateway",
    "AWS::EC2::VPCGatewayAttachment": "as the gateway",
    "AWS::ECS::Cluster": "Dagster runs as a process here",
    "AWS::ECS::Service": "as the cluster",
    "AWS::ECS::TaskDefinition": "as the cluster; what it is told is compared in test_dagster",
    "AWS::IAM::Role": "the embedded AWS asks nobody who they are",
    "AWS::Lambda::Permission": "as the roles",
    "AWS::Logs::LogGroup": "processes log to files of the state directory",
    "AWS::QuickSight::Analysis": "the embedded QuickSight draws nothing",
    "AWS::QuickSight::Dashboard": "the embedded QuickSight draws nothing",
    "AWS::QuickSight::RefreshSchedule": "the embedded QuickSight has none",
    "AWS::RDS::DBInstance": "a laptop's history is in files; test_run_history has a Postgres",
    "AWS::RDS::DBParameterGroup": "as the instance",
    "AWS::RDS::DBSubnetGroup": "as the instance",
    "AWS::S3::BucketPolicy": "it asks for TLS; the embedded AWS speaks HTTP on the loopback",
    "AWS::SNS::Subscription": "nobody is told by mail of what a laptop does",
    "AWS::SNS::TopicPolicy": "as the bucket policies",
    "AWS::SQS::QueuePolicy": "as the bucket policies",
}

ONE_SIDED = {
    ("*", "Tags"): "they divide a bill",
    ("AWS::Athena::WorkGroup", "RecursiveDeleteOption"): "about deleting the stack",
    ("AWS::Athena::WorkGroup", "WorkGroupConfiguration.PublishCloudWatchMetricsEnabled"): (
        "the embedded Athena publishes no metrics"
    ),
    (
        "AWS::Athena::WorkGroup",
        "WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration.EncryptionOption",
    ): "the embedded Athena leaves encryption to the bucket",
    ("AWS::Glue::Database", "CatalogId"): "the API takes the caller's account",
    ("AWS::Glue::Table", "CatalogId"): "the API takes the caller's account",
    ("AWS::Lambda::Function", "Architectures"): "a process runs on the machine there is",
    ("AWS::Lambda::Function", "Code.S3Bucket"): "a process runs the source itself",
    ("AWS::Lambda::Function", "Code.S3Key"): "a process runs the source itself",
    ("AWS::Lambda::Function", "LoggingConfig.LogGroup"): "a process logs to a file",
    ("AWS::Lambda::Function", "Role"): "the embedded AWS asks nobody who they are",
    ("AWS::Lambda::Function", "Runtime"): "a process runs on the Python there is",
    ("AWS::QuickSight::DataSet", "IngestionWaitPolicy.WaitForSpiceIngestion"): (
        "the API never waits; CloudFormation would"
    ),
    ("AWS::QuickSight::DataSet", "Permissions"): "the embedded QuickSight has no users",
    ("AWS::QuickSight::DataSource", "Permissions"): "the embedded QuickSight has no users",
    ("AWS::QuickSight::DataSource", "SslProperties.DisableSsl"): "the loopback has no TLS",
}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    calls: list[tuple[str, Properties]] = []

    def note(params: Properties, model: Any, **_: object) -> None:
        if model.name in {"CreateDataSource", "CreateDataSet"}:
            calls.append((model.name, dict(params)))

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        boto3.setup_default_session()
        events = boto3._get_default_session().events  # type: ignore[attr-defined]
        events.register("provide-client-params.quicksight", note)
        topology = build_topology(ACCOUNT)
        provision(topology, ACCOUNT)
        yield describe(topology, calls, tmp_path_factory.mktemp("processes"))
        boto3.DEFAULT_SESSION = None


@pytest.fixture(scope="module")
def on_aws(rendered: Rendered) -> Described:
    return {
        (one.type, _at(one.properties, NAMES[one.type])): one.properties
        for one in rendered.resources
        if one.type in NAMES
    }


def test_both_sides_have_the_same_resources(embedded: Described, on_aws: Described) -> None:
    assert sorted(embedded) == sorted(on_aws)


def test_every_type_is_compared_or_says_why_it_cannot_be(rendered: Rendered) -> None:
    assert sorted(rendered.by_type().keys() - NAMES.keys()) == sorted(NOT_EMBEDDED)


def test_every_property_is_the_same(embedded: Described, on_aws: Described) -> None:
    different = [
        f"{type_} {name}: {path} is {value!r} on AWS, {other!r} here"
        for (type_, name), path, value, other in differences(embedded, on_aws)
        if listed(type_, path) is None
    ]
    assert different == []


def test_no_reason_is_given_for_what_both_sides_have(
    embedded: Described, on_aws: Described
) -> None:
    needed = {listed(type_, path) for (type_, _), path, _, _ in differences(embedded, on_aws)} - {
        None
    }
    assert sorted(ONE_SIDED.keys() - needed) == []


# Of a delivery stream; the embedded one is told of no role and logs to a file.
_DESTINATION = "ExtendedS3DestinationConfiguration"
DELIVERED_ONLY_THERE = {
    "KinesisStreamSourceConfiguration.RoleARN",
    f"{_DESTINATION}.RoleARN",
    f"{_DESTINATION}.DataFormatConversionConfiguration.SchemaConfiguration.RoleARN",
    f"{_DESTINATION}.ProcessingConfiguration.Processors[0].Parameters[4].ParameterName",
    f"{_DESTINATION}.ProcessingConfiguration.Processors[0].Parameters[4].ParameterValue",
    f"{_DESTINATION}.CloudWatchLoggingOptions.Enabled",
    f"{_DESTINATION}.CloudWatchLoggingOptions.LogGroupName",
    f"{_DESTINATION}.CloudWatchLoggingOptions.LogStreamName",
    # it does nothing else, so there is nothing to switch on
    f"{_DESTINATION}.DataFormatConversionConfiguration.Enabled",
    f"{_DESTINATION}.DynamicPartitioningConfiguration.Enabled",
    f"{_DESTINATION}.ProcessingConfiguration.Enabled",
}


def test_the_other_profile_is_the_same_as_well(with_own_key: Rendered, tmp_path: Path) -> None:
    topology = build_topology(ACCOUNT, delivery="firehose")
    here = {(kind, name): it for kind, name, it in described_functions(topology, tmp_path)}
    (stream,) = with_own_key.of_type("AWS::KinesisFirehose::DeliveryStream")
    described = flat(here[stream.type, topology.delivery_streams[0].name])
    there = flat(
        {name: it for name, it in stream.properties.items() if ("*", name) not in ONE_SIDED}
    )
    assert {path for path in there if there[path] != described.get(path)} == DELIVERED_ONLY_THERE
    assert described.keys() <= there.keys()

    names = {one.name for one in topology.functions}
    functions = {one.properties["FunctionName"] for one in with_own_key.of_type(_FUNCTION)}
    mapped = {one.properties["FunctionName"] for one in with_own_key.of_type(_MAPPING)}
    assert functions == names
    assert mapped == {one.name for one in topology.functions if one.mapping is not None}


@pytest.mark.parametrize(
    ("type_", "path"),
    [
        ("AWS::Lambda::EventSourceMapping", "BisectBatchOnFunctionError"),
        ("AWS::DynamoDB::Table", "KeySchema[0].AttributeName"),
        ("AWS::Glue::Table", "TableInput.StorageDescriptor.SerdeInfo.SerializationLibrary"),
        ("AWS::Lambda::Function", "Environment.Variables.STREAM_NAME"),
    ],
)
def test_a_difference_would_be_seen(
    embedded: Described, on_aws: Described, type_: str, path: str
) -> None:
    """A comparison that compares nothing would pass as well."""
    compared = {(key[0], p) for key, one in on_aws.items() for p in flat(one)}
    assert (type_, path) in compared
    changed = {
        key: {**flat(one), **({path: "changed"} if key[0] == type_ else {})}
        for key, one in on_aws.items()
    }
    assert any(
        key[0] == type_ and found == path for key, found, _, _ in differences(embedded, changed)
    )


def test_the_api_lets_through_what_the_collector_answers(rendered: Rendered) -> None:
    """A route the API lacks is a 404 on AWS only; one too many pays for calls of nothing."""
    from lambdas.collector.handler import app  # noqa: PLC0415 - makes clients of AWS

    routes = {one.properties["RouteKey"] for one in rendered.of_type("AWS::ApiGatewayV2::Route")}
    answered = {f"{route.method} {route.path}" for route in app._static_routes}
    assert not app._dynamic_routes
    assert routes == answered | {"OPTIONS /{proxy+}"}


def test_preflights_are_answered_by_the_collector_alone(rendered: Rendered) -> None:
    """With CORS of its own the API would drop the collector's headers from every answer."""
    (api,) = rendered.of_type("AWS::ApiGatewayV2::Api")
    (integration,) = rendered.of_type("AWS::ApiGatewayV2::Integration")
    assert "CorsConfiguration" not in api.properties
    assert integration.properties["PayloadFormatVersion"] == "2.0"


def listed(type_: str, path: str) -> tuple[str, str] | None:
    """The entry that covers a property: its own, that of what it is part of, or that of all."""
    for key in ((type_, path), ("*", path)):
        if key in ONE_SIDED:
            return key
    whole = path.partition("[")[0]
    for key in ((type_, whole), ("*", whole)):
        if whole != path and key in ONE_SIDED:
            return key
    return None


def differences(
    embedded: Described, on_aws: Described
) -> Iterator[tuple[tuple[str, str], str, object, object]]:
    """Where the two sides differ: resource, path, value on AWS, value here."""
    for key in sorted(embedded.keys() & on_aws.keys()):
        here, there = flat(embedded[key]), flat(on_aws[key])
        for path in sorted(here.keys() | there.keys()):
            if here.get(path) != there.get(path):
                yield key, path, there.get(path), here.get(path)


def flat(value: Any, path: str = "") -> dict[str, object]:
    """Nested properties by their paths, like `KeySchema[0].KeyType`."""
    found: dict[str, object] = {}
    if isinstance(value, dict) and value:
        for name, one in value.items():
            found.update(flat(one, f"{path}.{name}" if path else name))
    elif isinstance(value, list) and value:
        for index, one in enumerate(value):
            found.update(flat(one, f"{path}[{index}]"))
    else:
        found[path] = value
    return found


def _at(value: Any, path: str) -> str:
    for name in path.split("."):
        value = value[name]
    return str(value)
