"""The CDK's command line: found, and called.

Belongs here: its commands, literally, and what is needed to run them. When they are run belongs to
the commands.
"""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.deploy.access import Identity

APP = "infra.aws.app"
_ROOT = Path(__file__).parent.parent.parent.parent
_ASSEMBLY = "infra/aws/cdk.out"


class ToolkitError(RuntimeError):
    """The CDK cannot be run, or has failed; the message says what to do."""


@dataclass(frozen=True)
class Deployment:
    """One platform as the CDK is told of it.

    Attributes:
        stack: The prefix of every name.
        identity: Who deploys, where.
        profile: The profile of the credentials; None for what the environment says.
        chosen: Further settings of the app, by name.
        code: The folder with the functions' packages; None where nothing is deployed.
    """

    stack: str
    identity: Identity
    profile: str | None = None
    chosen: Mapping[str, str] = field(default_factory=dict)
    code: Path | None = None

    @property
    def data_stack(self) -> str:
        """The stack of what outlives a deployment."""
        return f"{self.stack}-data"

    @property
    def compute_stack(self) -> str:
        """The stack of everything else."""
        return f"{self.stack}-compute"

    @property
    def stacks(self) -> tuple[str, str]:
        """Both, in the order of their making."""
        return self.data_stack, self.compute_stack


def find_toolkit(app: str = APP) -> tuple[str, ...]:
    """How the CDK is called on this machine.

    Raises:
        ToolkitError: If it, or what the app needs, is not installed.
    """
    if importlib.util.find_spec("aws_cdk") is None:
        raise ToolkitError('aws-cdk-lib is not installed: pip install -e ".[aws]"')
    if not _is_there(app):
        raise ToolkitError(f"{app} is missing: this checkout is not whole")
    if shutil.which("cdk") is not None:
        return ("cdk",)
    if shutil.which("npx") is not None:
        return ("npx", "--yes", "aws-cdk@2")
    raise ToolkitError("neither cdk nor npx is installed: install Node.js 22 or newer")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a package above it is missing
        return False


def command(
    toolkit: Sequence[str], verb: str, deployment: Deployment, stacks: Sequence[str], *more: str
) -> list[str]:
    """A command of the CDK.

    Args:
        toolkit: How the CDK is called.
        verb: `deploy`, `diff` or `destroy`.
        deployment: What it is about.
        stacks: The stacks it is about.
        more: Further options.
    """
    identity = deployment.identity
    settings = (
        f"stack={deployment.stack}",
        f"account={identity.account}",
        f"region={identity.region}",
        *(f"{name}={value}" for name, value in sorted(deployment.chosen.items())),
        *(() if deployment.code is None else (f"code_dir={deployment.code.resolve()}",)),
    )
    profile = () if deployment.profile is None else ("--profile", deployment.profile)
    return [
        *toolkit,
        verb,
        *stacks,
        "--app",
        shlex.join([sys.executable, "-m", APP]),
        "--output",
        _ASSEMBLY,
        *(part for setting in settings for part in ("--context", setting)),
        *profile,
        *more,
    ]


def run(words: Sequence[str], region: str) -> None:
    """Runs the CDK at the root of the repository; a person sees what it says.

    Args:
        words: The command.
        region: The region. The stacks name none, so the CDK would take the environment's, which
            need not be the one that was checked and shown.

    Raises:
        ToolkitError: If it fails.
    """
    environment = {**os.environ, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    try:
        done = subprocess.run(words, cwd=_ROOT, env=environment, check=False)  # noqa: S603 - ours
    except OSError as error:
        raise ToolkitError(f"{words[0]} cannot be run ({error.strerror})") from error
    if done.returncode:
        raise ToolkitError(
            f"the CDK has failed (exit code {done.returncode}); what it says is above"
        )
