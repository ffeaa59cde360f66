"""What a deployed platform tells of itself: the outputs of its two stacks.

Belongs here: asking CloudFormation, and the outputs by what they mean. What is done with them
belongs to whoever asks.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from infra.deploy.access import Clients

# The CDK puts the construct's path before the name, and a hash behind it.
COLLECTOR = "CollectorUrl"
DAGSTER = "DagsterUrl"
CHOICES = "Choices"


class UntoldError(RuntimeError):
    """A stack does not tell its outputs: it is not there, or it may not be asked."""


def outputs_of_platform(client: Clients, stack: str) -> dict[str, str]:
    """The outputs of a platform's stacks; of the data alone where that of compute is gone.

    Args:
        client: AWS clients, by service.
        stack: The prefix of every name of the platform.

    Raises:
        UntoldError: With a stack's name and CloudFormation's own words.
    """
    cloudformation = client("cloudformation")
    found = _outputs(cloudformation, f"{stack}-data")
    try:
        return {**found, **_outputs(cloudformation, f"{stack}-compute")}
    except UntoldError as error:
        if not is_missing(error):
            raise
        return found


def _outputs(cloudformation: Any, name: str) -> dict[str, str]:
    try:
        answer = cloudformation.describe_stacks(StackName=name)
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise UntoldError(f"the stack {name} does not tell it ({error})") from error
    return {one["OutputKey"]: one["OutputValue"] for one in answer["Stacks"][0].get("Outputs", [])}


def is_missing(error: UntoldError) -> bool:
    """Whether there is no such stack, for which CloudFormation has no code of its own."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and "does not exist" in cause.response["Error"]["Message"]


def output_named(name: str, outputs: Mapping[str, str]) -> str | None:
    """A stack's output, whatever the CDK has put around its name; None if there is none."""
    return next((value for key, value in outputs.items() if name in key), None)


def choices_in(outputs: Mapping[str, str]) -> dict[str, str]:
    """What was chosen at the last deployment, by name; nothing if that was not told."""
    told = output_named(CHOICES, outputs)
    return {} if told is None else dict(json.loads(told))
