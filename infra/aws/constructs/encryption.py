"""The account's own key, where one was chosen.

Belongs here: the key and which services of AWS may use it on our behalf. What is encrypted with it
is said where that thing is created.
"""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

_ROTATION_DAYS = 365
_PUBLISHERS = ("s3", "cloudwatch", "budgets")


class OwnKey(Construct):
    """A key that rotates every year and outlives the stack: without it the data is lost.

    Attributes:
        key: The key.
    """

    def __init__(self, scope: Construct, id_: str, stack: str) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{stack}",
            description=f"Encrypts what {stack} stores",
            enable_key_rotation=True,
            rotation_period=Duration.days(_ROTATION_DAYS),
            removal_policy=RemovalPolicy.RETAIN,
        )
        in_this_account = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        for service in _PUBLISHERS:  # they put messages on our queue and our topics
            self._allow(
                f"{service}.amazonaws.com", ["Decrypt", "GenerateDataKey*"], in_this_account
            )
        logs = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:*"
        self._allow(
            f"logs.{Aws.REGION}.amazonaws.com",
            ["Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey"],
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
        )

    def _allow(
        self, service: str, actions: list[str], condition: dict[str, dict[str, str]]
    ) -> None:
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(service)],
                actions=[f"kms:{action}" for action in actions],
                resources=["*"],
                conditions=condition,
            )
        )
