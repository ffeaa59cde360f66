"""Policies held against what calls need, both ways.

Belongs here: the two questions. The answers of IAM are those of ministack's evaluator, which judges
requests by AWS's rules; which needs there are belongs in `authorisation`.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from infra.aws.policies.statements import Statement, policy_document
from tests.trail.authorisation import ACCOUNT, REGION, Need


def allows(statements: Sequence[Statement], need: Need) -> bool:
    """Whether a role with these statements may do it."""
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/role/session",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=need.action,
        resource_arn=need.resource,
        region=REGION,
    )
    policy = parse_policy_document(policy_document(statements))
    return bool(evaluate(context, [policy]).decision == "Allow")


def unused_parts(statements: Sequence[Statement], needs: Set[Need]) -> Iterator[tuple[str, str]]:
    """The actions of a policy that nothing needs, and the resources of the others."""
    for statement in statements:
        named = [need for need in needs if need.action in statement.actions]
        used = {need.action for need in named if allows([statement], need)}
        yield from ((statement.sid, action) for action in statement.actions if action not in used)
        for resource in statement.resources if used else ():
            one = replace(statement, resources=(resource,))
            if not any(allows([one], need) for need in named):
                yield statement.sid, resource
