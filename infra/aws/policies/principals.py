"""Who may do what.

Belongs here: the one question that deployments and tests ask. The answers belong in `functions`,
`delivery_streams` and `dagster_task`.
"""

from infra.aws.policies import dagster_task, delivery_streams
from infra.aws.policies.functions import FUNCTIONS
from infra.aws.policies.statements import Statement
from infra.topology import Topology

DAGSTER = "dagster"
FIREHOSE = "firehose"


def principals_of(topology: Topology) -> tuple[str, ...]:
    """Everybody who has a role in a platform."""
    delivering = (FIREHOSE,) if topology.delivery_streams else ()
    return (*(one.package for one in topology.functions), *delivering, DAGSTER)


def statements_of(
    principal: str, topology: Topology, *, key_arn: str | None = None
) -> tuple[Statement, ...]:
    """What a role allows.

    Args:
        principal: A function's package below `lambdas`, `firehose` for the delivery stream, or
            `dagster` for the batch side's tasks.
        topology: What there is.
        key_arn: The key of one's own with which the data is encrypted, if there is one.

    Returns:
        The statements, with `{region}` and `{account}` left in their resources.

    Raises:
        KeyError: If there is no such principal.
        ValueError: If the platform has none.
    """
    if principal == DAGSTER:
        statements, key_use = dagster_task.dagster_statements(topology), dagster_task.KEY_USE
    elif principal == FIREHOSE:
        statements = delivery_streams.delivery_statements(topology)
        key_use = delivery_streams.KEY_USE
    else:
        describe, key_use = FUNCTIONS[principal]
        statements = describe(topology)
    return statements if key_arn is None else (*statements, *key_use.statements(key_arn))
