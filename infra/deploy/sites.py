"""A platform as the commands here look at it, wherever it runs.

Belongs here: what is the same for a laptop and an account, and the two ways to come by it. Nothing
that is done with a site knows which of the two it was.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from infra.deploy.access import Clients, Identity, clients_of, identify, open_session
from infra.deploy.doctor import lambda_functions, running_functions
from infra.local.endpoints import ACCOUNT, Ports
from infra.local.state import State
from infra.resource_types import Function
from infra.topology import Topology, build_topology

if TYPE_CHECKING:
    from infra.deploy.doctor.findings import Finding

# Outputs of the stack `<stack>-compute`. The CDK puts the construct's path before the name, and a
# hash behind it.
COLLECTOR_OUTPUT = "CollectorUrl"
DAGSTER_OUTPUT = "DagsterUrl"


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
    """
    session = open_session(account.profile, account.region)
    identity = identify(session)
    client = clients_of(session)
    topology = build_topology(identity.account, stack=account.stack)
    recreate = f"clickstream deploy --stack {account.stack}"
    expected = lambda_functions.Expected(identity.region, identity.account, topology.stream)
    return Site(
        topology,
        identity,
        client,
        _addresses(account, client),
        recreate,
        f" --aws --stack {account.stack}",
        lambda _command, section: f"docs/operations.md, {section}",
        lambda function: lambda_functions.look_at(client, function, expected, recreate),
    )


def _addresses(account: Account, client: Clients) -> Addresses:
    """What was given, else what the stack has told of itself."""
    if account.collector and account.dagster:
        return Addresses(account.collector, account.dagster)
    name = f"{account.stack}-compute"
    try:
        answer = client("cloudformation").describe_stacks(StackName=name)
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        reason = f"the stack {name} does not tell it ({error})"
        return Addresses(account.collector, account.dagster, reason)
    told = {one["OutputKey"]: one["OutputValue"] for one in answer["Stacks"][0].get("Outputs", [])}
    return Addresses(
        account.collector or output_named(COLLECTOR_OUTPUT, told),
        account.dagster or output_named(DAGSTER_OUTPUT, told),
        f"the stack {name} has no such output",
    )


def output_named(name: str, outputs: Mapping[str, str]) -> str | None:
    """A stack's output, whatever the CDK has put around its name; None if there is none."""
    return next((value for key, value in outputs.items() if name in key), None)
