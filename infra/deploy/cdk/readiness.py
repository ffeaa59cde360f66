"""What has to be right before the CDK is called.

Belongs here: the checks that save a person from a long error of somebody else's tool. The doctor's
own checks are used where it has them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from infra.aws.choices import NAMES, topology_of
from infra.deploy import options
from infra.deploy.access import Clients, clients_of, identify, open_session
from infra.deploy.cdk.toolkit import Deployment, find_toolkit
from infra.deploy.doctor.account import check_clock
from infra.deploy.doctor.findings import Level
from infra.deploy.doctor.machine import check_python
from infra.deploy.stack_outputs import (
    UntoldError,
    choices_in,
    is_missing,
    outputs_of_platform,
)
from infra.topology import Topology

# They are told by options of their own; told twice, nobody could say which one counts.
_OWN = frozenset({"stack", "account", "region"})


class NotReadyError(RuntimeError):
    """Something was called wrongly, or this machine cannot do it; one line for a person."""


@dataclass(frozen=True)
class Ready:
    """All that is needed to call the CDK.

    Attributes:
        toolkit: How the CDK is called.
        deployment: What it is about.
        topology: What is chosen, its account and region unfilled.
        kept: The names of what is chosen because it was before.
    """

    toolkit: tuple[str, ...]
    deployment: Deployment
    topology: Topology
    kept: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """What it is about, for a person."""
        deployment, identity = self.deployment, self.deployment.identity
        about = (
            f"Account {identity.account}, region {identity.region}, as {identity.arn}; stacks "
            f"{deployment.data_stack} and {deployment.compute_stack}"
        )
        kept = ", ".join(f"{name}={deployment.chosen.get(name)}" for name in sorted(self.kept))
        return (about, f"As chosen before: {kept}") if kept else (about,)


def make_ready(target: options.Target, app: str) -> Ready:
    """Checks names, settings, tools, credentials and clock.

    What was chosen at the last deployment and is not told now stays chosen: a setting that somebody
    forgets must not undo what somebody wanted.

    Raises:
        NotReadyError: If the stack's name or a setting is wrong, or this machine's clock.
        ToolkitError: If the CDK cannot be called.
        AccessError: If AWS cannot be used.
    """
    stack = target.stack
    if (fault := options.stack_fault(stack)) is not None:
        raise NotReadyError(fault)
    told = _settings_of(target.context or ())
    toolkit = find_toolkit(app)
    session = open_session(target.profile, target.region)
    identity = identify(session)
    for finding in chain(check_python(), check_clock(identity)):
        if finding.level is Level.PROBLEM:
            raise NotReadyError(f"{finding.subject}: {finding.says}: {finding.means}; {finding.do}")
    before = _before(clients_of(session), stack)
    kept = before or {}
    chosen = {name: value for name, value in {**kept, **told}.items() if value}
    topology = _topology_of(stack, chosen)
    if before is not None:
        _refuse_harm(_topology_of(stack, before), topology)
    deployment = Deployment(stack, identity, target.profile, chosen)
    return Ready(toolkit, deployment, topology, tuple(kept.keys() - told.keys()))


def _settings_of(context: Sequence[str]) -> dict[str, str]:
    """Settings by their names.

    Raises:
        NotReadyError: If one is none, in one line.
    """
    found: dict[str, str] = {}
    for setting in context:
        name, equals, value = setting.partition("=")
        if not equals:
            raise NotReadyError(f"--context {setting!r} is no setting: write KEY=VALUE")
        if name in _OWN:
            raise NotReadyError(
                f"--context {name} has an option of its own: --stack, --region or --profile"
            )
        found[name] = value
    _topology_of("any", found)
    return found


def _topology_of(stack: str, chosen: Mapping[str, str]) -> Topology:
    try:
        return topology_of({**chosen, "stack": stack})
    except ValueError as error:
        raise NotReadyError(f"--context: {error}; there are {', '.join(sorted(NAMES))}") from None


def _before(client: Clients, stack: str) -> dict[str, str] | None:
    """What was chosen at the last deployment; None where there was none."""
    try:
        return choices_in(outputs_of_platform(client, stack))
    except UntoldError as error:
        if is_missing(error):
            return None
        raise NotReadyError(f"what was chosen before is not known: {error}") from error


def _refuse_harm(before: Topology, after: Topology) -> None:
    """Refuses changes in which accepted events would be lost on the way.

    Raises:
        NotReadyError: Saying which, and how to do it otherwise.
    """
    if before.hosting.kms != after.hosting.kms:
        raise NotReadyError(
            f"kms is {before.hosting.kms} and stays so: while stream and tables have another key "
            "already, the functions may not use it yet. Deploy another --stack, and send there"
        )
    packages = {one.package for one in after.functions}
    if not before.delivery_streams and "event_processor" not in packages:
        raise NotReadyError(
            "delivery=firehose in one step would miss what the function is gathering: "
            "--context delivery=both first (docs/operations.md, Change the delivery profile)"
        )
