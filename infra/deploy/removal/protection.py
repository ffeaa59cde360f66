"""The stacks' protection against being deleted by mistake.

Belongs here: taking it away once somebody has asked for the data to go, twice. Tables have one of
their own, which `holdings` takes away.
"""

from collections.abc import Sequence

from botocore.exceptions import ClientError

from infra.deploy.access import Clients


def lift_protection(client: Clients, stacks: Sequence[str]) -> list[str]:
    """Lets stacks be deleted; returns those that were protected. One that is gone is left out."""
    cloudformation = client("cloudformation")
    lifted = []
    for stack in stacks:
        try:
            found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":  # its word for: not found
                raise
            continue
        if found.get("EnableTerminationProtection"):
            cloudformation.update_termination_protection(
                StackName=stack, EnableTerminationProtection=False
            )
            lifted.append(stack)
    return lifted
