"""What must never be otherwise in an account: nothing public, nothing in clear, nothing lost."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from lambdas.collector.front_door import KEY_HEADER
from tests.functional.aws.rendering import PRINCIPAL, Rendered

DATA = (
    "AWS::Kinesis::Stream",
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
)
KEYS = {
    "AWS::Kinesis::Stream": "StreamEncryption.KeyId",
    "AWS::DynamoDB::Table": "SSESpecification.KMSMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::RDS::DBInstance": "KmsKeyId",
}
# AWS knows no resource for them.
NAMELESS = {
    "ec2:DescribeNetworkInterfaces",
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    *(
        f"ssmmessages:{verb}{of}Channel"
        for verb in ("Create", "Open")
        for of in ("Control", "Data")
    ),
}
SECRET = re.compile("secret|password|token|credential|private|api_?key", re.IGNORECASE)


@pytest.mark.parametrize("type_", DATA)
def test_data_is_kept_when_the_stack_goes(rendered: Rendered, type_: str) -> None:
    assert {one.policy for one in rendered.of_type(type_)} == {"Retain"}


def test_tables_cannot_be_deleted_by_mistake(rendered: Rendered) -> None:
    for table in rendered.of_type("AWS::DynamoDB::Table"):
        assert table.properties["DeletionProtectionEnabled"] is True


def test_no_bucket_is_public(rendered: Rendered) -> None:
    for bucket in rendered.of_type("AWS::S3::Bucket"):
        assert set(bucket.properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert "VersioningConfiguration" not in bucket.properties, "who is erased must be gone"


@pytest.mark.parametrize(
    ("type_", "stored"),
    [
        ("AWS::S3::BucketPolicy", "AWS::S3::Bucket"),
        ("AWS::SQS::QueuePolicy", "AWS::SQS::Queue"),
        ("AWS::SNS::TopicPolicy", "AWS::SNS::Topic"),
    ],
)
def test_nobody_gets_in_without_tls(rendered: Rendered, type_: str, stored: str) -> None:
    policies = rendered.of_type(type_)
    assert len(policies) == len(rendered.of_type(stored))
    for policy in policies:
        statements = policy.properties["PolicyDocument"]["Statement"]
        assert any(
            one["Effect"] == "Deny"
            and one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for one in statements
        )


def test_no_policy_lets_everybody_in(rendered: Rendered, with_own_key: Rendered) -> None:
    for one in [*rendered.resources, *with_own_key.resources]:
        for name in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"):
            for statement in one.properties.get(name, {}).get("Statement", []):
                if statement["Effect"] == "Allow":
                    assert statement["Principal"] not in ("*", {"AWS": "*"}), one.id


def test_roles_reach_named_resources_only(rendered: Rendered, with_own_key: Rendered) -> None:
    """A role of one function that may write another's tables ends the single writer."""
    for role in [*rendered.of_type("AWS::IAM::Role"), *with_own_key.of_type("AWS::IAM::Role")]:
        assert "ManagedPolicyArns" not in role.properties
        for policy in role.properties["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = listed(statement["Action"])
                assert not any("*" in action for action in actions)
                if statement["Resource"] == "*":
                    assert set(actions) <= NAMELESS
                    continue
                for arn in listed(statement["Resource"]):
                    named = arn.removesuffix("*")
                    assert "*" not in named, arn
                    assert named == arn or named.endswith((":", "/")), arn
                    assert not re.fullmatch(r"arn:\w+:s3:::[^/]*/", named), "a whole bucket"


def test_no_secret_is_in_an_environment(rendered: Rendered) -> None:
    for function in rendered.of_type("AWS::Lambda::Function"):
        for name, value in function.properties["Environment"]["Variables"].items():
            assert not SECRET.search(name), name
            assert not SECRET.search(value), name


def test_everything_is_encrypted_by_the_key_that_was_chosen(with_own_key: Rendered) -> None:
    for type_, path in KEYS.items():
        for one in with_own_key.of_type(type_):
            assert "Encryption" in str(at(one.properties, path)), f"{one.id} by another key"
    for bucket in with_own_key.of_type("AWS::S3::Bucket"):
        (rule,) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_the_own_key_rotates_and_stays(with_own_key: Rendered) -> None:
    (key,) = with_own_key.of_type("AWS::KMS::Key")
    assert key.properties["EnableKeyRotation"] is True
    assert key.policy == "Retain"


def test_only_the_operators_topic_is_without_a_key(rendered: Rendered) -> None:
    """CloudWatch may not use the key AWS keeps for SNS: its alarms would be lost silently."""
    keys = {
        one.properties["TopicName"]: one.properties.get("KmsMasterKeyId")
        for one in rendered.of_type("AWS::SNS::Topic")
    }
    assert keys == {"clickstream-alerts": "alias/aws/sns", "clickstream-ops": None}
    alarms = rendered.of_type("AWS::CloudWatch::Alarm")
    assert {str(one.properties["AlarmActions"][0]).split(":")[-1] for one in alarms} == {
        "clickstream-ops"
    }


def test_choices_reach_the_templates(with_own_key: Rendered) -> None:
    (stream,) = with_own_key.of_type("AWS::Kinesis::Stream")
    assert stream.properties["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert "ShardCount" not in stream.properties
    limits = {
        one.properties["FunctionName"]: one.properties.get("ReservedConcurrentExecutions")
        for one in with_own_key.of_type("AWS::Lambda::Function")
    }
    assert limits["clickstream-collector"] == 50
    assert {limit for name, limit in limits.items() if "collector" not in name} == {None}
    for one in with_own_key.of_type("AWS::QuickSight::DataSet"):
        assert {permission["Principal"] for permission in one.properties["Permissions"]} == {
            PRINCIPAL
        }


def test_the_firewall_cannot_be_gone_around(with_own_key: Rendered, rendered: Rendered) -> None:
    """The API's own address stays open: only the key tells the collector who came through."""
    (distribution,) = with_own_key.of_type("AWS::CloudFront::Distribution")
    (acl,) = with_own_key.of_type("AWS::WAFv2::WebACL")
    (key,) = with_own_key.of_type("AWS::SecretsManager::Secret")
    config = distribution.properties["DistributionConfig"]
    assert config["WebACLId"] == f"{acl.id}.Arn"
    (origin,) = config["Origins"]
    (header,) = origin["OriginCustomHeaders"]
    assert header["HeaderName"] == KEY_HEADER
    assert header["HeaderValue"].startswith("{{resolve:secretsmanager:"), "the key in the template"
    (collector,) = (
        one.properties["Environment"]["Variables"]
        for one in with_own_key.of_type("AWS::Lambda::Function")
        if one.properties["FunctionName"] == "clickstream-collector"
    )
    assert collector["FRONT_DOOR"] == key.properties["Name"]
    assert not rendered.by_type()["AWS::CloudFront::Distribution"]


def test_a_firewall_of_ones_own_says_where_it_can_be(with_own_key: Rendered) -> None:
    (rule,) = with_own_key.rules.values()
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}


@pytest.mark.parametrize("profile", ["rendered", "with_own_key"])
def test_alarms_watch_what_exists(profile: str, request: pytest.FixtureRequest) -> None:
    """An alarm of a name that does not exist never rings."""
    shown: Rendered = request.getfixturevalue(profile)
    functions = {one.properties["FunctionName"] for one in shown.of_type("AWS::Lambda::Function")}
    delivering = shown.by_type()["AWS::KinesisFirehose::DeliveryStream"]
    names = {
        "FunctionName": functions,
        "QueueName": {one.properties["QueueName"] for one in shown.of_type("AWS::SQS::Queue")},
        "StreamName": {one.properties["Name"] for one in shown.of_type("AWS::Kinesis::Stream")},
        "DeliveryStreamName": {one.properties["DeliveryStreamName"] for one in delivering},
        "service": {name.removeprefix("clickstream-").replace("-", "_") for name in functions},
    }
    for alarm in shown.of_type("AWS::CloudWatch::Alarm"):
        for dimension in alarm.properties["Dimensions"]:
            assert dimension["Value"] in names[dimension["Name"]]
        periods = alarm.properties["Period"] * alarm.properties["EvaluationPeriods"]
        assert periods <= 24 * 3600, "CloudWatch looks back a day at most"


def test_cdk_nag_finds_nothing_and_no_argument_is_idle(
    rendered: Rendered, with_own_key: Rendered
) -> None:
    """An acknowledgement that is not needed would hide what comes to need it later."""
    needed: set[tuple[str, str]] = set()
    for one in (rendered, with_own_key):
        (report,) = one.report()
        assert report["violations"] == []
        for found in report["suppressedViolations"]:
            needed.update(
                (place["constructPath"], f"AwsSolutions::{found['ruleName']}")
                for place in found["violatingConstructs"]
            )
    for one in (rendered, with_own_key):
        for construct, rule in one.acknowledged():
            assert any(
                path == construct or path.startswith(f"{construct}/")
                for path, found in needed
                if found == rule
            ), f"{rule} is acknowledged on {construct} for nothing"


def test_templates_are_valid(rendered: Rendered, with_own_key: Rendered) -> None:
    """cfn-lint knows CloudFormation's schemas; W3005 only dislikes how CDK repeats itself."""
    from cfnlint.api import lint_file  # noqa: PLC0415 - takes a second to import
    from cfnlint.config import ManualArgs  # noqa: PLC0415

    templates = [*rendered.paths, *with_own_key.paths]
    config: ManualArgs = {"ignore_checks": ["W3005"]}
    wrong = [str(match) for path in templates for match in lint_file(path, config)]
    assert wrong == []


@pytest.mark.parametrize(
    ("profile", "archived"),
    [("rendered", "ArchivedEvents"), ("with_own_key", "TransformedEvents")],
)
def test_the_dashboard_draws_known_metrics(
    profile: str, archived: str, request: pytest.FixtureRequest
) -> None:
    shown: Rendered = request.getfixturevalue(profile)
    (dashboard,) = shown.of_type("AWS::CloudWatch::Dashboard")
    widgets = json.loads(dashboard.properties["DashboardBody"])["widgets"]
    drawn = {
        metric[1]
        for widget in widgets
        for metric in widget["properties"].get("metrics", [])
        if metric[0] == "Clickstream"
    }
    assert {"AcceptedEvents", archived, "CountedEvents", "Lag", "AlertsRaised"} <= drawn


def test_boards_draw_columns_that_their_data_sets_have(rendered: Rendered) -> None:
    """A misspelt column is found by the first reader, as an empty drawing."""
    columns = {
        table["Name"]: {column["Name"] for column in table["InputColumns"]}
        for one in rendered.of_type("AWS::QuickSight::DataSet")
        for physical in one.properties["PhysicalTableMap"].values()
        for table in [physical["RelationalTable"]]
    }
    for type_ in ("AWS::QuickSight::Analysis", "AWS::QuickSight::Dashboard"):
        (board,) = rendered.of_type(type_)
        definition = board.properties["Definition"]
        for field in definition["CalculatedFields"]:
            used = set(re.findall(r"{(\w+)}", field["Expression"]))
            assert used <= columns[field["DataSetIdentifier"]]
            columns[field["DataSetIdentifier"]].add(field["Name"])
        drawn = list(columns_in(definition["Sheets"]))
        assert len(drawn) > 20
        for column in drawn:
            assert column["ColumnName"] in columns[column["DataSetIdentifier"]]


def columns_in(value: Any) -> Iterator[dict[str, str]]:
    if isinstance(value, dict):
        if "ColumnName" in value:
            yield value
        for one in value.values():
            yield from columns_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from columns_in(one)


def at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value[name]
    return value


def listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
