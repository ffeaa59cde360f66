"""A platform as the commands here look at it, wherever it runs.

Belongs here: what is the same for a laptop and an account, and the two ways to come by it. Nothing
that is done with a site knows which of the two it was.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.aws.choices import topology_of
from infra.deploy.access import Clients, Identity, clients_of, identify, open_session
from infra.deploy.doctor import lambda_functions, running_functions
from infra.deploy.stack_outputs import (
    COLLECTOR,
    DAGSTER,
    UntoldError,
    choices_in,
    output_named,
    outputs_of_stack,
)
from infra.local.endpoints import ACCOUNT, Ports
from infra.local.state import State
from infra.resource_types import Function
from infra.topology import Topology, build_topology

if TYPE_CHECKING:
    from infra.deploy.doctor.findings import Finding


@dataclass(frozen=True)
class Addresses:
    """Where a platform is talked to over HTTP.

    Attributes:
        collector: The collector; None if not known.
        dagster: Dagster's web server; None if not known.
        unknown_because: Why one is not known, for a person.
    """

    collector: str | None
    dagster: str | None
    unknown_because: str = ""


@dataclass(frozen=True)
class Site:
    """A platform.

    Attributes:
        topology: What it consists of.
        identity: Who this process is to it.
        client: AWS clients that talk to it, by service.
        addresses: Its HTTP addresses.
        recreate: The command that creates what is missing.
        options: What this command's like need to talk to the same platform.
        advise: What to do, from a command of the running platform and the runbook's section: the
            commands beside `doctor`, `validate`, `deploy`, `diff` and `destroy` speak to the
            running platform alone.
        look_at_function: Tells of a function and what feeds it.
    """

    topology: Topology
    identity: Identity
    client: Clients
    addresses: Addresses
    recreate: str
    options: str
    advise: Callable[[str, str], str]
    look_at_function: Callable[[Function], "Iterable[Finding]"]


@dataclass(frozen=True)
class Account:
    """A platform in an AWS account, as a person names it.

    Attributes:
        stack: The prefix of every name.
        profile: The profile of the credentials; None for what the environment says.
        region: The region; None for what the environment or the profile says.
        collector: The collector's address; None to look it up.
        dagster: Dagster's address; None to look it up.
    """

    stack: str
    profile: str | None = None
    region: str | None = None
    collector: str | None = None
    dagster: str | None = None


def local_site(state: State, ports: Ports) -> Site:
    """The platform that runs on a state directory; the environment must be that platform's.

    Raises:
        AccessError: If its AWS does not answer.
    """
    session = open_session()
    client, topology = clients_of(session), build_topology(ACCOUNT)
    folder, options = state.folder("mappings"), f" --state-dir {state.root}"
    return Site(
        topology,
        identify(session),
        client,
        Addresses(ports.collector_url, ports.ui_url),
        "clickstream up",
        options,
        lambda command, _section: f"clickstream {command}{options}",
        lambda function: running_functions.look_at(folder, state.folder("logs"), function),
    )


def account_site(account: Account) -> Site:
    """The platform in an account.

    Raises:
        AccessError: If AWS cannot be used.
        ValueError: If the stack was deployed with choices this version does not know.
    """
    session = open_session(account.profile, account.region)
    identity = identify(session)
    client = clients_of(session)
    told, unknown_because = _told_by(client, account.stack)
    topology = topology_of({**choices_in(told), "stack": account.stack}, identity.account)
    recreate = f"clickstream deploy --stack {account.stack}"
    expected = lambda_functions.Expected(identity.region, identity.account, topology.stream)
    return Site(
        topology,
        identity,
        client,
        _addresses(account, told, unknown_because),
        recreate,
        f" --aws --stack {account.stack}",
        lambda _command, section: f"docs/operations.md, {section}",
        lambda function: lambda_functions.look_at(client, function, expected, recreate),
    )


def _told_by(client: Clients, stack: str) -> tuple[dict[str, str], str]:
    """The stack's outputs, or why there are none: to find that out is what a doctor is for."""
    try:
        return outputs_of_stack(client, stack), ""
    except UntoldError as error:
        return {}, str(error)


def _addresses(account: Account, told: Mapping[str, str], unknown_because: str) -> Addresses:
    """What was given, else what the stack has told of itself."""
    return Addresses(
        account.collector or output_named(COLLECTOR, told),
        account.dagster or output_named(DAGSTER, told),
        unknown_because or f"the stack {account.stack}-compute has no such output",
    )
