"""Findings of cdk-nag that we have looked at and keep, each with its argument.

Belongs here: the one way to say so, next to the resource it is about. A finding nobody acknowledged
fails the synthesis; an acknowledgement nobody needs fails the tests.
"""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(resource: IConstruct, rule: str, reason: str) -> None:
    """Keeps a finding of the pack AwsSolutions on one resource.

    Args:
        resource: The resource.
        rule: The rule, like `S1`, with the finding in brackets where a rule has several.
        reason: Why it is right as it is.
    """
    acknowledgment = Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason)
    Validations.of(resource).acknowledge(acknowledgment)
