"""The functions, each with a role and a log group of its own.

Belongs here: how a described function becomes one of Lambda, and what Lambda itself needs to run
it. What its code may do is handed in; how it reads the stream belongs in `mappings`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.aws.acknowledgements import acknowledge
from infra.aws.arns import arn, filled
from infra.aws.constructs.mappings import mapping_policy
from infra.aws.statements import Statement, policy_of
from infra.resource_types import Function

_ARCHITECTURES = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}
_ENCRYPTED_SERVICES = ("dynamodb", "kinesis", "s3", "sns", "sqs")


@dataclass(frozen=True)
class Surroundings:
    """What all functions of a platform have in common.

    Attributes:
        stream: The stream's name.
        log_days: How long logs are kept.
        key: The account's own key, where it was chosen.
    """

    stream: str
    log_days: int
    key: kms.IKey | None


class PlatformFunction(Construct):
    """One function.

    It is not traced by X-Ray: a trace would end at the stream, where a batch has thousands of
    parents, and what is asked of a batch (lag, size, duplicates) is in the metrics of its log line.

    Attributes:
        function: The function.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        function: Function,
        package: Path,
        statements: Sequence[Statement],
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, id_)
        log = log_group(self, f"/aws/lambda/{function.name}", surroundings)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=function.name,
            runtime=lambda_.Runtime(function.runtime, lambda_.RuntimeFamily.PYTHON),
            architecture=_ARCHITECTURES[function.architecture],
            handler=f"lambdas.{function.package}.handler.handler",
            code=lambda_.Code.from_asset(str(package)),
            memory_size=function.memory_mb,
            timeout=Duration.seconds(function.timeout_s),
            environment={name: filled(value) for name, value in function.environment.items()},
            reserved_concurrent_executions=function.reserved_concurrency,
            role=self._role(function, statements, surroundings),
            log_group=logs.LogGroup.from_log_group_name(self, "LogGroup", log.log_group_name or ""),
        )
        self.function.node.add_dependency(log)
        acknowledge(
            self.function,
            "L1",
            "Python 3.13 is what the packages are built, measured and tested for; a newer one is a "
            "change of the topology that goes through the same.",
        )

    def _role(
        self, function: Function, statements: Sequence[Statement], surroundings: Surroundings
    ) -> iam.Role:
        """A role with its policies inside, so that it is never there without them."""
        log_streams = arn("logs", f"log-group:/aws/lambda/{function.name}:*")
        policies = {"Logs": _allow(["logs:CreateLogStream", "logs:PutLogEvents"], log_streams)}
        if function.mapping is not None:
            policies["Mapping"] = mapping_policy(function.mapping, surroundings.stream)
        if statements:
            policies["Code"] = policy_of(statements)
        if surroundings.key is not None:
            policies["Key"] = _key_policy(surroundings.key)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies=policies,
        )
        acknowledge(
            role,
            f"IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:"
            f"log-group:/aws/lambda/{function.name}:*]",
            "The streams of the function's own log group; Lambda names them when it starts one.",
        )
        return role


def log_group(scope: Construct, name: str, surroundings: Surroundings) -> logs.CfnLogGroup:
    """A log group that forgets; what must be known longer is in metrics."""
    key = surroundings.key
    group = logs.CfnLogGroup(
        scope,
        "Log",
        log_group_name=name,
        retention_in_days=surroundings.log_days,
        kms_key_id=None if key is None else key.key_arn,
    )
    group.apply_removal_policy(RemovalPolicy.DESTROY)
    return group


def _allow(actions: list[str], resource: str) -> iam.PolicyDocument:
    return iam.PolicyDocument(
        statements=[iam.PolicyStatement(actions=actions, resources=[resource])]
    )


def _key_policy(key: kms.IKey) -> iam.PolicyDocument:
    """Use of the key through the services whose data it encrypts, and in no other way."""
    hosts = [f"{service}.{Aws.REGION}.amazonaws.com" for service in _ENCRYPTED_SERVICES]
    statement = iam.PolicyStatement(
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=[key.key_arn],
        conditions={"StringEquals": {"kms:ViaService": hosts}},
    )
    return iam.PolicyDocument(statements=[statement])
