"""What Lambda, S3 and SNS tell that the embedded AWS does not, and what the doctor makes of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.deploy.doctor import buckets, delivery_streams, front
from infra.deploy.doctor.findings import Finding, Level
from infra.deploy.doctor.lambda_functions import Expected, look_at
from infra.deploy.sites import Addresses
from infra.resource_types import Bucket, DeliveryStream
from infra.topology import build_topology
from tests.unit.deploy.fake_site import ACCOUNT, IDENTITY, fake_site

TOPOLOGY = build_topology(ACCOUNT)
(DELIVERY,) = build_topology(ACCOUNT, delivery="firehose").delivery_streams
FUNCTION = TOPOLOGY.function("anomaly_detector")
STREAM_ARN = f"arn:aws:kinesis:eu-central-1:{ACCOUNT}:stream/clickstream-events"


class FakeLambda:
    """Answers as the Lambda API reference documents them."""

    exceptions = SimpleNamespace(ResourceNotFoundException=LookupError)

    def __init__(self) -> None:
        self.configuration: dict[str, Any] = {
            "State": "Active",
            "MemorySize": FUNCTION.memory_mb,
            "Timeout": FUNCTION.timeout_s,
            "Environment": {
                "Variables": {
                    name: value.format(account=ACCOUNT, region=IDENTITY.region)
                    for name, value in FUNCTION.environment.items()
                }
            },
        }
        mapping = FUNCTION.mapping
        assert mapping is not None
        self.mapping: dict[str, Any] = {
            "UUID": "u-1",
            "EventSourceArn": STREAM_ARN,
            "State": "Enabled",
            "LastProcessingResult": "OK",
            "BatchSize": mapping.batch_size,
            "MaximumBatchingWindowInSeconds": 1,
            "MaximumRetryAttempts": mapping.max_retries,
            "MaximumRecordAgeInSeconds": mapping.max_record_age_s,
            "BisectBatchOnFunctionError": True,
            "ParallelizationFactor": 1,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "DestinationConfig": {
                "OnFailure": {"Destination": f"arn:aws:sqs:x:{ACCOUNT}:clickstream-failed-batches"}
            },
        }

    def get_function_configuration(self, **_: Any) -> Any:
        return self.configuration

    def list_event_source_mappings(self, **_: Any) -> Any:
        return {"EventSourceMappings": [self.mapping] if self.mapping else []}


class FakeCloudWatch:
    def __init__(self) -> None:
        self.values: dict[str, float] = {}

    def get_metric_statistics(self, MetricName: str, Statistics: list[str], **_: Any) -> Any:  # noqa: N803
        value = self.values.get(MetricName)
        points = [] if value is None else [{Statistics[0]: value}]
        return {"Datapoints": points}


@pytest.fixture
def lambda_() -> FakeLambda:
    return FakeLambda()


@pytest.fixture
def cloudwatch() -> FakeCloudWatch:
    return FakeCloudWatch()


def bad(lambda_: FakeLambda, cloudwatch: FakeCloudWatch) -> list[tuple[str, str, str]]:
    clients = {"lambda": lambda_, "cloudwatch": cloudwatch}
    expected = Expected("eu-central-1", ACCOUNT, TOPOLOGY.stream)
    found = look_at(clients.__getitem__, FUNCTION, expected, "clickstream deploy")
    return [
        (one.subject.partition(" ")[0], one.level.value, one.says)
        for one in found
        if one.level is not Level.OK
    ]


def test_a_function_as_described(lambda_, cloudwatch):
    cloudwatch.values["IteratorAge"] = 900.0
    assert bad(lambda_, cloudwatch) == []


def test_errors_throttles_and_lag_are_told(lambda_, cloudwatch):
    cloudwatch.values.update(Errors=3.0, Throttles=2.0, IteratorAge=4_000_000.0)
    assert bad(lambda_, cloudwatch) == [
        ("function", "warning", "3 errors in 15 minutes"),
        ("function", "warning", "2 throttles in 15 minutes"),
        ("lag", "problem", "4,000 s behind"),
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"LastProcessingResult": "PROBLEM: Function call failed"},
            ("last", "problem", "PROBLEM: Function call failed"),
        ),
        ({"State": "Disabled"}, ("event", "problem", "is disabled")),
        (
            {"BisectBatchOnFunctionError": False},
            ("event", "problem", "bisects on error: False instead of True"),
        ),
        (
            {"DestinationConfig": {}},
            ("event", "problem", "on-failure queue: None instead of clickstream-failed-batches"),
        ),
        ({"BatchSize": 100}, ("event", "warning", "batch size: 100 instead of 5000")),
        ({"EventSourceArn": "arn:aws:sqs:x:1:other"}, ("event", "problem", "is missing")),
    ],
)
def test_a_mapping_that_differs(lambda_, cloudwatch, change, expected):
    lambda_.mapping.update(change)
    assert bad(lambda_, cloudwatch) == [expected]


def test_a_setting_that_differs_is_named(lambda_, cloudwatch):
    lambda_.configuration["MemorySize"] = 128
    lambda_.configuration["Environment"] = {}
    ((_, level, says),) = bad(lambda_, cloudwatch)
    assert level == "warning"
    assert "memory in MB 128 instead of 1024" in says
    assert "variable TABLE_PREFIX is None instead of 'clickstream'" in says


def test_a_function_that_failed_to_start(lambda_, cloudwatch):
    lambda_.configuration.update(State="Failed", StateReason="the image is gone")
    assert bad(lambda_, cloudwatch) == [("function", "problem", "is Failed: the image is gone")]


TLS = json.dumps(
    {
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
    }
)
BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


class FakeS3:
    def __init__(self, policy: str | None, block: dict[str, bool] | None, *, public: bool) -> None:
        self.policy, self.block, self.public = policy, block, public

    def get_bucket_policy(self, **_: Any) -> Any:
        return {"Policy": found(self.policy, "NoSuchBucketPolicy")}

    def get_bucket_policy_status(self, **_: Any) -> Any:
        found(self.policy, "NoSuchBucketPolicy")
        return {"PolicyStatus": {"IsPublic": self.public}}

    def get_public_access_block(self, **_: Any) -> Any:
        block = found(self.block, "NoSuchPublicAccessBlockConfiguration")
        return {"PublicAccessBlockConfiguration": block}


def found(value: Any, code: str) -> Any:
    if value is None:
        raise ClientError({"Error": {"Code": code, "Message": "none"}}, "Get")
    return value


@pytest.mark.parametrize(
    ("s3", "expected"),
    [
        (FakeS3(TLS, BLOCK, public=False), ["closed to the public, TLS only"]),
        (FakeS3(TLS, BLOCK, public=True), ["its policy makes it public"]),
        (
            FakeS3(None, None, public=False),
            ["public access is not blocked altogether", "no policy demands TLS"],
        ),
        (
            FakeS3(TLS, {**BLOCK, "BlockPublicAcls": False}, public=False),
            ["public access is not blocked altogether"],
        ),
    ],
)
def test_the_doors_of_a_bucket(s3, expected):
    findings = list(buckets.check_bucket_is_closed(fake_site(s3=s3), Bucket("lake")))
    assert [one.says for one in findings] == expected
    assert (findings[0].level is Level.PROBLEM) == s3.public


def test_a_collector_nobody_knows_or_hears(taken_port):
    (unknown,) = front.check_collector(fake_site(Addresses(None, None, "no such stack")))
    assert (unknown.level, "no such stack" in unknown.says) == (Level.WARNING, True)
    (silent,) = front.check_collector(fake_site(Addresses("http://127.0.0.1:1", None)))
    assert silent.level is Level.PROBLEM


@pytest.fixture
def firehose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")  # of a running platform
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=DELIVERY.bucket)
        yield boto3.client("firehose")


def delivering(firehose: Any, stream: DeliveryStream) -> list[Finding]:
    """What is said of the described delivery stream when there is this one."""
    firehose.create_delivery_stream(
        DeliveryStreamName=stream.name,
        ExtendedS3DestinationConfiguration={
            "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/r",
            "BucketARN": f"arn:aws:s3:::{stream.bucket}",
            "Prefix": stream.prefix,
            "ErrorOutputPrefix": stream.error_prefix,
            "BufferingHints": {
                "SizeInMBs": stream.buffer_mb,
                "IntervalInSeconds": int(stream.buffer_s),
            },
        },
    )
    return list(delivery_streams.look_at(lambda _: firehose, DELIVERY, "clickstream deploy"))


def test_a_delivery_stream_that_is_gone(firehose: Any) -> None:
    (gone,) = delivery_streams.look_at(lambda _: firehose, DELIVERY, "clickstream deploy")
    assert (gone.level, gone.says) == (Level.PROBLEM, "is missing")


@pytest.mark.parametrize(
    ("stream", "level", "says"),
    [
        (DELIVERY, Level.OK, "active, 64 MB or 60 s"),
        (replace(DELIVERY, prefix="elsewhere/"), Level.PROBLEM, "prefix 'elsewhere/' instead of"),
        (replace(DELIVERY, buffer_s=900.0), Level.WARNING, "gathers 64 MB or 900 s"),
    ],
)
def test_a_delivery_stream_is_what_is_described(
    firehose: Any, stream: DeliveryStream, level: Level, says: str
) -> None:
    """Objects below another prefix are found by nobody."""
    (found,) = delivering(firehose, stream)
    assert found.level is level
    assert found.says.startswith(says)
