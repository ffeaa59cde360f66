"""Which platform a command is about, and how it is found.

Belongs here: the options by which a person names a platform, and the one place that decides between
this machine and an account. It directs the AWS clients of this process, and of those it starts, to
the platform; from then on nobody asks which of the two it is. What a platform looks like belongs in
`infra.deploy.sites`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import boto3
import typer

from infra.delivery_profiles import Delivery
from infra.deploy.access import open_session
from infra.deploy.options import DEFAULT_STACK, OnAws, Profile, Region, Stack, stack_fault
from infra.deploy.sites import Account, Site, account_site, local_site
from infra.local.endpoints import Ports, aws_environment
from infra.local.state import State

HOME = Path(".clickstream/platform")

StateDir = Annotated[
    Path, typer.Option("--state-dir", help="Where the platform keeps its state.", file_okay=False)
]


@dataclass(frozen=True)
class Reach:
    """A platform as a person names it; a group of options.

    Attributes:
        on_aws: Whether it is one in an AWS account, else it is the running one of this machine.
        stack: The prefix of every name in the account.
        profile: The profile of the credentials; None for what the environment says.
        region: The region; None for what the environment or the profile says.
        state_dir: Where the running one keeps its state.
    """

    on_aws: OnAws = False
    stack: Stack = DEFAULT_STACK
    profile: Profile = None
    region: Region = None
    state_dir: StateDir = HOME

    @property
    def fault(self) -> str | None:
        """What is wrong with the options, in one line; None if nothing is.

        Whoever names an account and forgets `--aws` must not erase somebody on this machine.
        """
        if self.on_aws:
            return stack_fault(self.stack)
        if (self.stack, self.profile, self.region) != (DEFAULT_STACK, None, None):
            return "--stack, --profile and --region name a platform in an account: add --aws"
        return None


def find_site(reach: Reach) -> Site:
    """The platform that is named; this process's AWS clients talk to it from then on.

    Raises:
        StateError: If none runs on the state directory.
        AccessError: If AWS cannot be used.
    """
    if reach.on_aws:
        region = str(open_session(reach.profile, reach.region).region_name)
        direct_clients(account_environment(reach.profile, region))
        return account_site(Account(reach.stack, reach.profile, region))
    state = State(reach.state_dir)
    ports, delivery = running_on(state)
    direct_clients(aws_environment(ports))
    return local_site(state, ports, delivery)


def running_on(state: State) -> tuple[Ports, Delivery]:
    """Where the platform of a state directory listens, and its delivery profile.

    Raises:
        StateError: If none runs there.
    """
    running = state.read_running()
    return Ports(**running["ports"]), running["delivery"]


def account_environment(profile: str | None, region: str) -> dict[str, str | None]:
    """The variables with which any AWS client talks to an account; None for one that must go.

    A profile that was named counts more than keys in the environment, for every client and every
    process that is started: otherwise half of a command would work in another account.
    """
    found: dict[str, str | None] = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    if profile is not None:
        keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        found.update({"AWS_PROFILE": profile, **dict.fromkeys(keys)})
    return found


def direct_clients(variables: Mapping[str, str | None]) -> None:
    """Has the AWS clients of this process, made from now on, and of its children read variables."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    boto3.setup_default_session()  # the one before may remember other credentials
