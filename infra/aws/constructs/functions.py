"""The functions, each with a role and a log group of its own.

Belongs here: how a described function becomes one of Lambda. What its role may do is handed in; how
it reads the stream belongs in `mappings`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.aws.acknowledgements import acknowledge
from infra.aws.arns import filled
from infra.aws.packaging.archive import digest_of_zip
from infra.aws.policies.statements import Statement
from infra.aws.statements import acknowledge_prefixes, policy_of
from infra.resource_types import Function

_ARCHITECTURES = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}


@dataclass(frozen=True)
class Surroundings:
    """What all functions of a platform have in common.

    Attributes:
        log_days: How long logs are kept.
        key: The account's own key, where it was chosen.
    """

    log_days: int
    key: kms.IKey | None

    @property
    def key_arn(self) -> str | None:
        """The ARN of that key."""
        return None if self.key is None else self.key.key_arn


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
            # by content: the same source packed elsewhere must not replace the function
            code=lambda_.Code.from_asset(str(package), asset_hash=digest_of_zip(package)),
            memory_size=function.memory_mb,
            timeout=Duration.seconds(function.timeout_s),
            environment={name: filled(value) for name, value in function.environment.items()},
            reserved_concurrent_executions=function.reserved_concurrency,
            role=self._role(statements),
            log_group=logs.LogGroup.from_log_group_name(self, "LogGroup", log.log_group_name or ""),
        )
        self.function.node.add_dependency(log)
        acknowledge(
            self.function,
            "L1",
            "Python 3.13 is what the packages are built, measured and tested for; a newer one is a "
            "change of the topology that goes through the same.",
        )

    def _role(self, statements: Sequence[Statement]) -> iam.Role:
        """A role with its policy inside, so that it is never there without it."""
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"Function": policy_of(statements)},
        )
        acknowledge_prefixes(role, statements)
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
