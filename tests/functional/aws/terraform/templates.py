"""The synthesized templates as Terraform would have them: without CloudFormation's own ids."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from infra.local.endpoints import ACCOUNT, REGION
from infra.terraform.parts.delivery import DEFAULTS
from tests.functional.aws.rendering import Rendered, Resource
from tests.functional.aws.terraform.provider import ANSWERS
from tests.functional.aws.terraform.words import Described, Properties

# Which property names a resource, by type; the others have a rule of their own below.
NAMES = {
    "AWS::ApiGatewayV2::Api": "Name",
    "AWS::ApiGatewayV2::Integration": "ApiId",
    "AWS::ApiGatewayV2::Route": "RouteKey",
    "AWS::ApiGatewayV2::Stage": "StageName",
    "AWS::Athena::WorkGroup": "Name",
    "AWS::Budgets::Budget": "Budget.BudgetName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Glue::Database": "DatabaseInput.Name",
    "AWS::Glue::Table": "TableInput.Name",
    "AWS::Kinesis::Stream": "Name",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::EventSourceMapping": "FunctionName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::Permission": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Logs::LogStream": "LogStreamName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Subscription": "Endpoint",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}
# What a policy is attached to, which is its name; it says nothing more.
ATTACHED = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
}
_HERE = f"{REGION}:{ACCOUNT}"
_EXPORTED_ARN = re.compile(r"[\w-]+-data:ExportsOutputFnGetAtt(\w+)Arn[0-9A-F]{8}")


class Templates:
    """Both templates of one synthesis.

    Args:
        rendered: The synthesis.
        left_out: Constructs that are the CDK's alone, by the beginning of their resources' ids.
    """

    def __init__(self, rendered: Rendered, left_out: tuple[str, ...]) -> None:
        self.resources = [one for one in rendered.resources if not one.id.startswith(left_out)]
        self._names = dict(self._by_id())
        longest_first = sorted(self._names, key=len, reverse=True)
        self._ids = re.compile("|".join(map(re.escape, longest_first)))

    def described(self) -> Described:
        """Everything in them."""
        found: Described = {}
        for one in self.resources:
            properties = self._without_ids(one.properties)
            name = self.name_of(one)
            shape = SHAPES.get(one.type)
            found[one.type, name] = _tagged(properties if shape is None else shape(properties))
        return found

    def name_of(self, resource: Resource) -> str:
        """What it is called in the account."""
        if resource.type == "AWS::KMS::Key":
            return "own"
        if resource.type == "AWS::IAM::Role":
            return self._names[f"{resource.id}.Arn"].rpartition("/")[2]
        value = self._without_ids(resource.properties)
        path = NAMES.get(resource.type) or ATTACHED[resource.type]
        for part in path.split("."):
            value = value[part]
        return str(value[0] if isinstance(value, list) else value)

    def _without_ids(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._without_ids(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._without_ids(one) for one in value]
        if isinstance(value, str):
            imported = _EXPORTED_ARN.sub(r"\1.Arn", value)
            return self._ids.sub(lambda found: self._names[found.group()], imported)
        return value

    def _by_id(self) -> Iterator[tuple[str, str]]:
        """What the ids and the attributes of resources without a name of their own stand for."""
        for one in self.resources:
            properties = one.properties
            match one.type:
                case "AWS::S3::Bucket":
                    yield f"{one.id}.Arn", f"arn:aws:s3:::{properties['BucketName']}"
                case "AWS::Logs::LogGroup":
                    name = properties["LogGroupName"]
                    yield f"{one.id}.Arn", f"arn:aws:logs:{_HERE}:log-group:{name}"
                case "AWS::Lambda::Function":
                    role = f"arn:aws:iam::{ACCOUNT}:role/{properties['FunctionName']}"
                    yield properties["Role"], role
                case "AWS::KinesisFirehose::DeliveryStream":
                    role = f"arn:aws:iam::{ACCOUNT}:role/{properties['DeliveryStreamName']}"
                    source = properties["KinesisStreamSourceConfiguration"]
                    yield source["RoleARN"], role
                case "AWS::KMS::Key":
                    yield f"{one.id}.Arn", ANSWERS["aws_kms_key", "arn"]
                case "AWS::ApiGatewayV2::Api":
                    yield one.id, ANSWERS["aws_apigatewayv2_api", "id"]
                case "AWS::ApiGatewayV2::Integration":
                    yield one.id, ANSWERS["aws_apigatewayv2_integration", "id"]


def statement(of_policy: Properties) -> Properties:
    """A statement in one of the ways IAM lets it be written.

    The label of a statement of a resource's policy is left out: CDK makes one up.
    """
    written = dict(of_policy)
    if "Principal" in written:
        written.pop("Sid", None)
        principal = written["Principal"]
        by_kind = {"AWS": principal} if isinstance(principal, str) else principal
        written["Principal"] = {kind: _listed(names) for kind, names in by_kind.items()}
    for name in ("Action", "Resource"):
        if name in written:
            written[name] = _listed(written[name])
    if "Condition" in written:
        written["Condition"] = {
            operator: {key: _listed(values) for key, values in tests.items()}
            for operator, tests in written["Condition"].items()
        }
    return written


def document(policy: Properties) -> Properties:
    """A policy whose statements are written in one way."""
    return {**policy, "Statement": [statement(one) for one in policy["Statement"]]}


def _listed(value: Any) -> list[str]:
    return sorted(value) if isinstance(value, list) else [value]


def _role(properties: Properties) -> Properties:
    return {
        "AssumeRolePolicyDocument": properties["AssumeRolePolicyDocument"],
        "Statements": [
            one
            for policy in properties["Policies"]
            for one in policy["PolicyDocument"]["Statement"]
        ],
        "Tags": properties["Tags"],
    }


def _policy(properties: Properties) -> Properties:
    return {"PolicyDocument": properties["PolicyDocument"]}


def _topic_policy(properties: Properties) -> Properties:
    """CloudFormation's `Ref` of a topic is its ARN."""
    (name,) = properties["Topics"]
    arn = f"arn:aws:sns:{_HERE}:{name}"
    policy = properties["PolicyDocument"]
    statements = [{**one, "Resource": arn} for one in policy["Statement"]]
    return {"PolicyDocument": {**policy, "Statement": statements}}


def _subscription(properties: Properties) -> Properties:
    return {**properties, "TopicArn": f"arn:aws:sns:{_HERE}:{properties['TopicArn']}"}


def _stage(properties: Properties) -> Properties:
    logged = properties["AccessLogSettings"]
    parsed = {**logged, "Format": json.loads(logged["Format"])}
    return {**properties, "AccessLogSettings": parsed}


def _dashboard(properties: Properties) -> Properties:
    return {**properties, "DashboardBody": json.loads(properties["DashboardBody"])}


def _alarm(properties: Properties) -> Properties:
    dimensions = sorted(properties["Dimensions"], key=lambda one: str(one["Name"]))
    return {**properties, "Dimensions": dimensions}


def _budget(properties: Properties) -> Properties:
    described = {**properties, "Tags": properties["ResourceTags"]}
    del described["ResourceTags"]
    return described


def _delivery_stream(properties: Properties) -> Properties:
    """To the provider parameters are a set, and those with their defaults are left out."""
    destination = properties["ExtendedS3DestinationConfiguration"]
    defaults = {**DEFAULTS, "RoleArn": destination["RoleARN"]}
    for processor in destination["ProcessingConfiguration"]["Processors"]:
        processor["Parameters"] = sorted(
            (
                one
                for one in processor["Parameters"]
                if one["ParameterValue"] != defaults.get(one["ParameterName"])
            ),
            key=lambda one: str(one["ParameterName"]),
        )
    return properties


def _tagged(properties: Properties) -> Properties:
    tags = properties.get("Tags")
    if isinstance(tags, list):
        return {**properties, "Tags": {one["Key"]: one["Value"] for one in tags}}
    return properties


SHAPES: dict[str, Callable[[Properties], Properties]] = {
    "AWS::ApiGatewayV2::Stage": _stage,
    "AWS::Budgets::Budget": _budget,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::IAM::Role": _role,
    "AWS::KinesisFirehose::DeliveryStream": _delivery_stream,
    "AWS::S3::BucketPolicy": _policy,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::QueuePolicy": _policy,
}
