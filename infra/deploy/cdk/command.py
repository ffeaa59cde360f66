"""`clickstream deploy` and `clickstream diff`.

Belongs here: the commands and the order of what a person sees. How the CDK is called belongs in
`toolkit`, what is checked before in `readiness`.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from infra.aws.packaging.commands import FOLDER, PACKAGE_ERRORS, build_for_lambda
from infra.deploy import options
from infra.deploy.access import AccessError, clients_of, open_session
from infra.deploy.cdk.readiness import NotReadyError, Ready, make_ready
from infra.deploy.cdk.toolkit import APP, ToolkitError, command, run
from infra.deploy.removal.tasks import stop_tasks
from infra.early_ends import console
from infra.option_groups import with_groups
from infra.orchestration import dagster_name
from infra.surroundings import DryRun, Surroundings

Yes = Annotated[bool, typer.Option("--yes", help="Deploy without asking.")]
Packages = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the functions' packages, from `clickstream package`; built if left.",
        file_okay=False,
        exists=True,
    ),
]
Build = Callable[[str, Path], object]
Fail = Annotated[bool, typer.Option("--fail", help="Exit with 1 when there is a difference.")]


class DeployCommands:
    """The commands, on their surroundings.

    Args:
        surroundings: What the command line does alike in every command.
        app: The CDK app's module.
        build: Builds a function's package into a folder.
    """

    def __init__(
        self, surroundings: Surroundings, app: str = APP, build: Build = build_for_lambda
    ) -> None:
        self._around = surroundings
        self._app = app
        self._build = build

    @with_groups
    def diff(
        self, *, target: options.Target, packages: Packages = None, fail: Fail = False
    ) -> None:
        """Show what a deployment would change in the account.

        It compares templates and changes nothing, so the right to look is enough.
        """
        with errors_as_messages(self._around):
            ready = self._ready(make_ready(target, self._app), packages)
            more = ("--fail",) if fail else ()
            self._show_differences(ready, "--method", "template", *more)

    @with_groups
    def deploy(
        self,
        *,
        target: options.Target,
        packages: Packages = None,
        revert_drift: options.RevertDrift = False,
        dry_run: DryRun = False,
        yes: Yes = False,
    ) -> None:
        """Deploy the platform to an AWS account.

        Checks tools and credentials, shows what would change, asks, and deploys two stacks: one of
        what keeps data, one of what works on it. Both are CloudFormation's, made by the CDK; an
        account that never had a CDK app needs `cdk bootstrap` once.
        """
        with errors_as_messages(self._around):
            ready = self._ready(make_ready(target, self._app), packages)
            self._show_differences(ready)
            if dry_run:
                return
            question = f"Deploy this to account {ready.deployment.identity.account}?"
            self._around.require_yes(question, "nothing was deployed", yes=yes)
            orchestration = ready.topology.orchestration
            if orchestration is None or not orchestration.is_running:
                ecs = clients_of(open_session(target.profile, target.region))("ecs")
                for task in stop_tasks(ecs, dagster_name(target.stack)):
                    console.print(f"Stopped {task}", soft_wrap=True, markup=False)
            outputs = self._deploy(ready, *(("--revert-drift",) if revert_drift else ()))
        out = Console(highlight=False)
        for name, value in sorted(outputs.items()):
            out.print(f"{name}  {value}", soft_wrap=True, markup=False)
        for verb in ("doctor", "validate"):
            console.print(f"Next: clickstream {verb} --aws --stack {target.stack}", soft_wrap=True)

    def _ready(self, ready: Ready, packages: Path | None) -> Ready:
        """Says what it is about, and sees to the functions' packages."""
        for line in ready.lines:
            console.print(line, soft_wrap=True, markup=False)
        functions = [function.package for function in ready.topology.functions]
        if packages is None:
            packages = FOLDER
            for function in functions:
                console.print(f"Packing {function}", soft_wrap=True, markup=False)
                self._build(function, packages)
        missing = [one for one in functions if not (packages / f"{one}.zip").exists()]
        if missing:
            raise NotReadyError(
                f"{packages} has no {missing[0]}.zip: clickstream package --out {packages}"
            )
        return replace(ready, deployment=replace(ready.deployment, code=packages))

    def _show_differences(self, ready: Ready, *more: str) -> None:
        deployment = ready.deployment
        words = command(ready.toolkit, "diff", deployment, deployment.stacks, *more)
        run(words, deployment.identity.region)

    def _deploy(self, ready: Ready, *further: str) -> dict[str, str]:
        """Deploys both stacks; returns their outputs by stack and name."""
        deployment = ready.deployment
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "outputs.json")
            # Asked already; the CDK would ask again for every change of a policy.
            more = ("--require-approval", "never", "--outputs-file", str(path), *further)
            words = command(ready.toolkit, "deploy", deployment, deployment.stacks, *more)
            run(words, deployment.identity.region)
            return outputs_of(json.loads(path.read_text()) if path.exists() else {})


def outputs_of(document: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The outputs the CDK has written, by `stack.name`."""
    return {
        f"{stack}.{name}": str(value)
        for stack, outputs in document.items()
        for name, value in outputs.items()
    }


@contextmanager
def errors_as_messages(surroundings: Surroundings) -> Iterator[None]:
    """Each way of not getting on is one line."""
    try:
        with surroundings.aws_errors(), surroundings.interrupts():
            yield
    except NotReadyError as error:
        surroundings.fail(str(error), code=2)
    except AccessError as error:
        surroundings.fail(f"{error}: {error.remedy}")
    except (ToolkitError, *PACKAGE_ERRORS) as error:
        surroundings.fail(str(error))
    except KeyboardInterrupt:
        surroundings.fail(
            "interrupted; CloudFormation goes on with what was begun, see its console", code=130
        )
