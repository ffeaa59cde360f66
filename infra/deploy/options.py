"""Options that mean the same in every command.

Belongs here: naming a platform in an account, and where it is talked to. `infra.reach` makes a
group of them with `--state-dir`, which names the running platform of this machine.
"""

import re
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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_STACK = "clickstream"


def stack_fault(stack: str) -> str | None:
    """What is wrong with a stack's name, in one line; None if nothing is."""
    if _STACK.fullmatch(stack) and not stack.endswith("-"):
        return None
    return (
        f"{stack!r} is no stack's name: up to 35 lower-case letters, digits and dashes, a letter "
        "first and no dash last"
    )
