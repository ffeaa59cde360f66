"""Options that mean the same in every command.

Belongs here: naming a platform in an account, and where it is talked to. `infra.reach` makes a
group of them with `--state-dir`, which names the running platform of this machine.
"""

import re
from dataclasses import dataclass
from typing import Annotated

import typer

# What the names of buckets, functions and CloudFormation stacks allow, and no longer than leaves
# room for "-athena-results-" and an account within the 63 characters of a bucket's name.
_STACK = re.compile(r"[a-z][a-z0-9-]{0,34}")

OnAws = Annotated[
    bool,
    typer.Option(
        "--aws", help="The platform in an AWS account, not the running one of this machine."
    ),
]
Stack = Annotated[str, typer.Option("--stack", help="The prefix of every name in the account.")]
Profile = Annotated[
    str | None, typer.Option(help="Profile of the credentials; the environment's if left.")
]
Region = Annotated[
    str | None, typer.Option(help="AWS region; the environment's or the profile's if left.")
]
Collector = Annotated[
    str | None, typer.Option("--collector", help="Address of the collector; looked up if left.")
]
Dagster = Annotated[
    str | None,
    typer.Option("--dagster-url", help="Address of Dagster's web server; looked up if left."),
]
Context = Annotated[
    list[str] | None,
    typer.Option(
        "--context", "-c", metavar="KEY=VALUE", help="A setting of the CDK app; may be repeated."
    ),
]
RevertDrift = Annotated[
    bool,
    typer.Option(
        "--revert-drift",
        help="Also set right what was changed or deleted by hand; else CloudFormation compares "
        "templates alone.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_STACK = "clickstream"


@dataclass(frozen=True)
class Target:
    """What is deployed, and where to; a group of options.

    Attributes:
        stack: The prefix of every name.
        profile: The profile of the credentials; None for what the environment says.
        region: The region; None for what the environment or the profile says.
        context: Choices, `KEY=VALUE` each.
    """

    stack: Stack = DEFAULT_STACK
    profile: Profile = None
    region: Region = None
    context: Context = None


def stack_fault(stack: str) -> str | None:
    """What is wrong with a stack's name, in one line; None if nothing is."""
    if _STACK.fullmatch(stack) and not stack.endswith("-"):
        return None
    return (
        f"{stack!r} is no stack's name: up to 35 lower-case letters, digits and dashes, a letter "
        "first and no dash last"
    )
