"""What has to be right before the CDK is called.

Belongs here: the checks that save a person from a long error of somebody else's tool. The doctor's
own checks are used where it has them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from infra.deploy import options
from infra.deploy.access import identify, open_session
from infra.deploy.cdk.toolkit import Deployment, find_toolkit
from infra.deploy.doctor.account import check_clock
from infra.deploy.doctor.findings import Level
from infra.deploy.doctor.machine import check_python

_SETTING = re.compile(r"[A-Za-z][\w:/.@-]*=.+", re.DOTALL)
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
    """

    toolkit: tuple[str, ...]
    deployment: Deployment

    @property
    def line(self) -> str:
        """What it is about, for a person."""
        deployment, identity = self.deployment, self.deployment.identity
        return (
            f"Account {identity.account}, region {identity.region}, as {identity.arn}; stacks "
            f"{deployment.data_stack} and {deployment.compute_stack}"
        )


def make_ready(
    stack: str, profile: str | None, region: str | None, context: Sequence[str] | None, app: str
) -> Ready:
    """Checks names, tools, credentials and clock.

    Raises:
        NotReadyError: If the stack's name or a setting is wrong, or this machine's clock.
        ToolkitError: If the CDK cannot be called.
        AccessError: If AWS cannot be used.
    """
    settings = tuple(context or ())
    if (fault := options.stack_fault(stack) or _fault_of(settings)) is not None:
        raise NotReadyError(fault)
    toolkit = find_toolkit(app)
    session = open_session(profile, region)
    identity = identify(session)
    for finding in chain(check_python(), check_clock(identity)):
        if finding.level is Level.PROBLEM:
            raise NotReadyError(f"{finding.subject}: {finding.says}: {finding.means}; {finding.do}")
    return Ready(toolkit, Deployment(stack, identity, profile, settings))


def _fault_of(settings: Sequence[str]) -> str | None:
    """What is wrong with settings of the app, in one line; None if nothing is."""
    for setting in settings:
        if not _SETTING.fullmatch(setting):
            return f"--context {setting!r} is no setting: write KEY=VALUE"
        name = setting.partition("=")[0]
        if name in _OWN:
            return f"--context {name} has an option of its own: --stack, --region or --profile"
    return None
