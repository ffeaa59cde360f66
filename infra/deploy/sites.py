"""A platform as the commands look at it, wherever it runs.

Belongs here: what is the same for a laptop and an account, and the two ways to come by it. Nothing
that is done with a site knows which of the two it was; `infra.reach` decides.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from infra.aws.choices import topology_of
from infra.delivery_profiles import Delivery
from infra.deploy import progress
from infra.deploy.access import AccessError, Clients, Identity, clients_of, identify, open_session
from infra.deploy.doctor import delivery_streams, lambda_functions, running_functions
from infra.deploy.doctor.alarms import check_alarms
from infra.deploy.stack_outputs import (
    COLLECTOR,
    DAGSTER,
    UntoldError,
    choices_in,
    output_named,
    outputs_of_platform,
)
from infra.local.endpoints import ACCOUNT, Ports
from infra.local.state import State
from infra.resource_types import DataSet, Function
from infra.topology import Topology, build_topology

if TYPE_CHECKING:
    from infra.deploy.doctor.findings import Finding

_QUERY_CACHE = "athena-cache"
Look = Callable[[], "Iterable[Finding]"]


@dataclass(frozen=True)
class Addresses:
    """Where a platform is talked to over HTTP.

    Attributes:
        collector: The collector; None if not known.
        dagster: Dagster's web server; None if not known.
        unknown_because: Why one is not known, for a person.
        dagster_may_be_absent: Whether no answer from Dagster's address means that none works on the
            platform. On this machine it does; elsewhere perhaps only the way to it is closed.
        without_dagster: What to do when it does not answer and should.
    """

    collector: str | None
    dagster: str | None
    unknown_because: str = ""
    dagster_may_be_absent: bool = False
    without_dagster: str = ""

    def given(self, collector: str | None = None, dagster: str | None = None) -> "Addresses":
        """These, but for those that a person has given."""
        return replace(self, collector=collector or self.collector, dagster=dagster or self.dagster)


@dataclass(frozen=True)
class Site:
    """A platform.

    Attributes:
        topology: What it consists of.
        identity: Who this process is to it.
        client: AWS clients that talk to it, by service.
        addresses: Its HTTP addresses.
        name: What a person is asked about before something is changed or sent.
        recreate: The command that creates what is missing.
        options: What any command needs to talk to the same platform.
        look_at_function: Tells the doctor of a function and what feeds it.
        progress_of: Tells how far a function has come.
        data_sets: Its data sets in SPICE; none where there is no QuickSight.
        query_cache: Where the embedded Athena keeps copies of objects, if there are any.
        untold: Why it is not known what was chosen for it; empty where it is.
        further: What else the doctor looks at: what it is about, and what looks.
    """

    topology: Topology
    identity: Identity
    client: Clients
    addresses: Addresses
    name: str
    recreate: str
    options: str
    look_at_function: Callable[[Function], "Iterable[Finding]"]
    progress_of: Callable[[Function], progress.Progress]
    data_sets: tuple[DataSet, ...]
    query_cache: Path | None = None
    untold: str = ""
    further: tuple[tuple[str, Look], ...] = ()


@dataclass(frozen=True)
class Account:
    """A platform in an AWS account, as a person names it.

    Attributes:
        stack: The prefix of every name.
        profile: The profile of the credentials; None for what the environment says.
        region: The region; None for what the environment or the profile says.
    """

    stack: str
    profile: str | None = None
    region: str | None = None

    @property
    def options(self) -> str:
        """The options that name it."""
        profile = "" if self.profile is None else f" --profile {self.profile}"
        region = "" if self.region is None else f" --region {self.region}"
        return f" --aws --stack {self.stack}{profile}{region}"


def local_site(state: State, ports: Ports, delivery: Delivery = "lambda") -> Site:
    """The platform that runs on a state directory; the environment must be that platform's.

    Raises:
        AccessError: If its AWS does not answer.
    """
    session = open_session()
    topology = build_topology(ACCOUNT, delivery=delivery)
    folder, logs = state.folder("mappings"), state.folder("logs")
    cache = state.root / _QUERY_CACHE
    deliveries = (
        (one, next(f for f in topology.functions if f.name == one.transform))
        for one in topology.delivery_streams
    )
    return Site(
        topology,
        identify(session),
        clients_of(session),
        Addresses(ports.collector_url, ports.ui_url, "", dagster_may_be_absent=True),
        name=f"the platform on {state.root}",
        recreate="clickstream up",
        options=f" --state-dir {state.root}",
        look_at_function=partial(running_functions.look_at, folder, logs),
        progress_of=partial(progress.of_runner, folder),
        data_sets=topology.data_sets,
        query_cache=cache if cache.is_dir() else None,
        further=tuple(
            (
                f"delivery stream {one.name}",
                partial(running_functions.look_at_delivery, folder, logs, one, function),
            )
            for one, function in deliveries
        ),
    )


def account_site(account: Account) -> Site:
    """The platform in an account.

    Raises:
        AccessError: If AWS cannot be used, or the stack was deployed with choices that this version
            does not know.
    """
    session = open_session(account.profile, account.region)
    identity = identify(session)
    client = clients_of(session)
    told, untold = _told_by(client, account.stack)
    topology = _chosen(told, account.stack, identity)
    # what was deployed once is compared by its templates alone, unless drift is named
    drift = " --revert-drift" if told else ""
    recreate = f"clickstream deploy{drift} --stack {account.stack}"
    expected = lambda_functions.Expected(identity.region, identity.account, topology.stream)
    return Site(
        topology,
        identity,
        client,
        Addresses(
            output_named(COLLECTOR, told),
            output_named(DAGSTER, told),
            untold or f"the stack {account.stack}-compute has no such output",
            without_dagster="open the way to it (docs/operations.md, Dagster on ECS) and give "
            "--dagster-url; --no-dagster where none works on the platform",
        ),
        name=f"account {identity.account}, region {identity.region}, stack {account.stack}",
        recreate=recreate,
        options=account.options,
        look_at_function=lambda function: lambda_functions.look_at(
            client, function, expected, recreate
        ),
        progress_of=partial(progress.of_account, client, topology),
        # Not to load one that is there would leave an erased person in it; so unless it is told.
        data_sets=topology.data_sets if untold or topology.hosting.quicksight_principal else (),
        untold=untold,
        further=(
            *(
                (
                    f"delivery stream {one.name}",
                    partial(delivery_streams.look_at, client, one, recreate),
                )
                for one in topology.delivery_streams
            ),
            ("alarms", partial(check_alarms, client, topology.alarms, recreate)),
        ),
    )


def taken_for_granted(site: Site) -> str | None:
    """What a person has to know before a site is used that does not tell what was chosen for it.

    Returns:
        A line for a person; None where nothing is taken for granted.

    Raises:
        AccessError: If there is no such platform.
        botocore.exceptions.ClientError: If it may not be asked for.
    """
    if not site.untold:
        return None
    kinesis = site.client("kinesis")
    try:
        kinesis.describe_stream_summary(StreamName=site.topology.stream.name)
    except kinesis.exceptions.ResourceNotFoundException:
        message = f"there is no platform: {site.name}, has no stream {site.topology.stream.name}"
        raise AccessError(message, "check --stack, --region and --profile") from None
    return f"Its choices are taken for the defaults: {site.untold}"


def _told_by(client: Clients, stack: str) -> tuple[dict[str, str], str]:
    """The stack's outputs, or why there are none: to find that out is what a doctor is for."""
    try:
        return outputs_of_platform(client, stack), ""
    except UntoldError as error:
        return {}, str(error)


def _chosen(told: Mapping[str, str], stack: str, identity: Identity) -> Topology:
    """The platform as it was deployed; by the defaults where the stack tells nothing."""
    try:
        return topology_of({**choices_in(told), "stack": stack}, identity.account)
    except ValueError as error:
        message = f"the platform {stack} was deployed by another version ({error})"
        raise AccessError(message, "use that version, or deploy with this one") from error
