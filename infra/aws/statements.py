"""Permissions as CDK takes them.

Belongs here: turning statements into a role's policy, and saying why a resource may end in `*`.
Which permissions a function needs is data of `infra.aws.policies`.
"""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import IConstruct

from infra.aws.acknowledgements import acknowledge
from infra.aws.arns import filled
from infra.aws.policies.statements import Statement

_NO_RESOURCE = (
    "AWS knows no resource for these actions: signing in to ECR, describing task definitions and "
    "network interfaces, and the channels of a session."
)
_NAMED_LATER = {
    "ecs": "Tasks of our own cluster and revisions of our own definition; ECS numbers them.",
    "glue": "Tables of our own database; dbt makes them, and builds each beside itself.",
    "logs": "The streams of one log group; Lambda and ECS name them when they start something.",
    "quicksight": "Ingestions of our own data sets; each refresh gives one a name.",
    "s3": "Objects below one prefix of the lake; their names hold hours, shards and positions.",
}


def policy_of(statements: Sequence[Statement]) -> iam.PolicyDocument:
    """Statements as a policy that allows them."""
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                sid=statement.sid,
                actions=list(statement.actions),
                resources=[filled(resource) for resource in statement.resources],
                conditions={
                    operator: {key: list(map(filled, values)) for key, values in tests.items()}
                    for operator, tests in statement.conditions.items()
                },
            )
            for statement in statements
        ]
    )


def acknowledge_prefixes(role: IConstruct, statements: Sequence[Statement]) -> None:
    """Says why some resources are all that begin with a name.

    Raises:
        KeyError: If a service has such resources for which no reason is known.
    """
    for statement in statements:
        for resource in statement.resources:
            if resource == "*":
                acknowledge(role, "IAM5[Resource::*]", _NO_RESOURCE)
            elif resource.endswith("*"):
                service = resource.split(":")[2]
                shown = resource.replace("{account}", "<AWS::AccountId>")
                shown = shown.replace("{region}", "<AWS::Region>")
                acknowledge(role, f"IAM5[Resource::{shown}]", _NAMED_LATER[service])
