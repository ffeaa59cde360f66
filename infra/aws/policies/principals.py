"""Who may do what.

Belongs here: the one question that deployments and tests ask. The answers belong in `functions` and
`dagster_task`.
"""

from infra.aws.policies.dagster_task import KEY_USE, dagster_statements
from infra.aws.policies.functions import FUNCTIONS
from infra.aws.policies.statements import Statement
from infra.topology import Topology

DAGSTER = "dagster"
PRINCIPALS = (*FUNCTIONS, DAGSTER)


def statements_of(
    principal: str, topology: Topology, *, key_arn: str | None = None
) -> tuple[Statement, ...]:
    """What a role allows.

    Args:
        principal: A function's package below `lambdas`, or `dagster` for the batch side's tasks.
        topology: What there is.
        key_arn: The key of one's own with which the data is encrypted, if there is one.

    Returns:
        The statements, with `{region}` and `{account}` left in their resources.

    Raises:
        KeyError: If there is no such principal.
    """
    if principal == DAGSTER:
        statements, key_use = dagster_statements(topology), KEY_USE
    else:
        describe, key_use = FUNCTIONS[principal]
        statements = describe(topology)
    return statements if key_arn is None else (*statements, *key_use.statements(key_arn))
