"""Roles, and the logs of who has them.

Belongs here: a role with what it may do, and a log group that forgets. What it may do is data of
`infra.aws.policies`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.aws.policies.principals import statements_of
from infra.terraform.blocks import KEY_ARN, OWN_KEY, policy, resource
from infra.terraform.hcl import Block, Call, Expression, Value
from infra.terraform.names import Names, label, reference
from infra.topology import Topology


@dataclass(frozen=True)
class Principal:
    """Who has a role.

    Attributes:
        principal: As `infra.aws.policies` calls it.
        name: Its name in the account, and its role's.
        topology: The platform it is in.
        trusted: The policy that lets a service take the role.
        when: The condition under which it is there; None for always.
    """

    principal: str
    name: str
    topology: Topology
    trusted: Call
    when: str | None = None

    def its(self, type_: str, attribute: str) -> Expression:
        """An attribute of a resource that is named after it."""
        return Expression(reference(type_, self.name, attribute, self.when))


def role(who: Principal, names: Names) -> Iterator[Block]:
    """A role and its policies.

    What a key of one's own asks for is a policy of its own, there only with that key.
    """
    called = label(who.name)
    yield resource(
        "aws_iam_role",
        called,
        {"name": who.name, "assume_role_policy": who.trusted},
        when=who.when,
    )
    plain = statements_of(who.principal, who.topology)
    keyed = statements_of(who.principal, who.topology, key_arn=f"${{{KEY_ARN.text}}}")
    of_role: dict[str, Value] = {"role": who.its("aws_iam_role", "id")}
    yield resource(
        "aws_iam_role_policy",
        called,
        {"name": "work", **of_role, "policy": policy(names, plain)},
        when=who.when,
    )
    conditions = [one for one in (OWN_KEY, who.when) if one is not None]
    yield resource(
        "aws_iam_role_policy",
        f"{called}_own_key",
        {"name": "own-key", **of_role, "policy": policy(names, keyed[len(plain) :])},
        when=" && ".join(conditions),
    )


def policies_of(who: Principal) -> list[Expression]:
    """What must be there before the role is used."""
    called = label(who.name)
    return [Expression(f"aws_iam_role_policy.{one}") for one in (called, f"{called}_own_key")]


def log_group(called: str, name: str, when: str | None = None) -> Block:
    """A log group that forgets; what must be known longer is in metrics."""
    return resource(
        "aws_cloudwatch_log_group",
        called,
        {
            "name": name,
            "retention_in_days": Expression("var.log_retention_days"),
            "kms_key_id": KEY_ARN,
        },
        when=when,
    )
