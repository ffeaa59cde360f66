"""What a function's code may do, as the stacks take it.

Belongs here: the shape of a permission and how it becomes a statement of IAM. Which permissions a
function needs is data of `infra.aws.policies`; what Lambda itself needs to log and to read the
stream is granted by `constructs.functions`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from aws_cdk import aws_iam as iam

from infra.aws.arns import filled


class Statement(Protocol):
    """Actions on resources; ARNs may hold `{account}` and `{region}`."""

    @property
    def actions(self) -> Sequence[str]:
        """IAM actions."""
        ...

    @property
    def resources(self) -> Sequence[str]:
        """ARNs."""
        ...


StatementsOf = Callable[[str], Sequence[Statement]]
"""From a function's package below `lambdas` to what its code may do."""


def nothing(_package: str) -> Sequence[Statement]:
    """No permissions beyond those of Lambda itself."""
    return ()


def policy_of(statements: Sequence[Statement]) -> iam.PolicyDocument:
    """Statements as a policy that allows them."""
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                actions=list(statement.actions),
                resources=[filled(resource) for resource in statement.resources],
            )
            for statement in statements
        ]
    )
