"""`clickstream destroy`.

Belongs here: the command, its two questions, and the order of things. What is deleted belongs in
`holdings`, what is left in `leftovers`.
"""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from rich.console import Console

from infra.cost.inputs import read_prices
from infra.deploy import options
from infra.deploy.access import Clients, clients_of, open_session
from infra.deploy.cdk.command import errors_as_messages
from infra.deploy.cdk.readiness import Ready, make_ready
from infra.deploy.cdk.toolkit import APP, command, run
from infra.deploy.removal import text
from infra.deploy.removal.holdings import Holding, RemovalError, holdings_of, there
from infra.deploy.removal.leftovers import cost_of_keeping, tagged
from infra.deploy.removal.protection import lift_protection
from infra.deploy.removal.run_history import cost_of_run_history, run_history
from infra.deploy.removal.tasks import stop_tasks
from infra.early_ends import console
from infra.option_groups import with_groups
from infra.orchestration import dagster_name
from infra.surroundings import DryRun, Surroundings
from infra.topology import Topology, build_topology

Data = Annotated[
    bool,
    typer.Option(
        "--data", help="Also delete what holds data: buckets, tables, stream, queues, catalog."
    ),
]


class DestroyCommand:
    """The command, on its surroundings.

    Args:
        surroundings: What the command line does alike in every command.
        app: The CDK app's module.
    """

    def __init__(self, surroundings: Surroundings, app: str = APP) -> None:
        self._around = surroundings
        self._app = app
        self._out = Console(highlight=False)

    @with_groups
    def destroy(
        self, *, target: options.Target, data: Data = False, dry_run: DryRun = False
    ) -> None:
        """Take the platform down, and with --data everything it has stored.

        Without --data the stack of functions, API and Dagster goes; what holds data stays, and what
        that costs is shown. Asks for the stack's name; before data is deleted also for the
        account's id. At the end it says what is left. Cut off and run again, it goes on.
        """
        with errors_as_messages(self._around):
            ready = make_ready(target, self._app)
            stack, client = target.stack, clients_of(open_session(target.profile, target.region))
            identity = ready.deployment.identity
            topology = build_topology(identity.account, stack=stack)
            held = [
                *holdings_of(topology, client, identity),
                *run_history(dagster_name(stack), client("rds")),
            ]
            self._announce(ready, topology, client, self._there(held), data=data)
            if dry_run:
                return
            self._require("the stack's name", stack, "nothing was destroyed")
            for task in stop_tasks(client("ecs"), dagster_name(stack)):
                self._say(f"stopped  {task}")
            self._destroy(ready, ready.deployment.compute_stack)
            if data:
                otherwise = f"{ready.deployment.compute_stack} is gone, no data was deleted"
                self._require("the account's id, to delete the data", identity.account, otherwise)
                self._delete(ready, client, held)
            left = self._there(held)
            for line in text.left_lines(
                left, tagged(client, ready.deployment.stack, ready.deployment.stacks), data=data
            ):
                self._say(line)
            if data and left:
                self._around.fail("not all data is deleted; run it again")

    def _there(self, held: list[Holding]) -> list[Holding]:
        try:
            return list(there(held))
        except RemovalError as error:
            self._around.fail(str(error))

    def _announce(
        self,
        ready: Ready,
        topology: Topology,
        client: Clients,
        held: Sequence[Holding],
        *,
        data: bool,
    ) -> None:
        for line in ready.lines:
            self._say(line)
        deployment = ready.deployment
        self._say(f"Will go: all of the stack {deployment.compute_stack}")
        if data:
            names = [holding.name for holding in held]
            for line in text.going_lines(deployment.data_stack, names):
                self._say(line)
            return
        costs = [
            *cost_of_keeping(topology, client),
            *cost_of_run_history(dagster_name(topology.stack), client("rds"), read_prices()),
        ]
        for line in text.kept_lines([holding.name for holding in held], costs):
            self._say(line)

    def _destroy(self, ready: Ready, stack: str) -> None:
        more = ("--exclusively", "--force")  # asked already
        words = command(ready.toolkit, "destroy", ready.deployment, [stack], *more)
        run(words, ready.deployment.identity.region)

    def _delete(self, ready: Ready, client: Clients, held: Sequence[Holding]) -> None:
        """Empties and unprotects, destroys the stack, and deletes what that has retained.

        CloudFormation refuses a bucket that is full and a table that is protected; what its
        template retains it leaves behind. In this order neither matters.
        """
        lift_protection(client, ready.deployment.stacks)
        self._each(held, Holding.prepare, "emptied")
        self._destroy(ready, ready.deployment.data_stack)
        self._each(held, Holding.delete, "deleted")

    def _each(self, held: Sequence[Holding], step: Callable[[Holding], bool], done: str) -> None:
        """Takes a step with every holding; one that cannot be taken does not keep the others."""
        failed = []
        for holding in held:
            try:
                if step(holding):
                    self._say(f"{done:8} {holding.name}")
            except RemovalError as error:
                failed.append(str(error))
        if failed:
            self._around.fail(f"{'; '.join(failed)}; run it again")

    def _require(self, what: str, wanted: str, otherwise: str) -> None:
        """Asks for a word; ends the command unless it is the right one."""
        try:
            told = typer.prompt(f"Type {what} ({wanted})", err=True)
        except typer.Abort:
            self._around.fail(f"{otherwise}: nobody answered")
        if told.strip() != wanted:
            self._around.fail(otherwise)

    def _say(self, line: str) -> None:
        console.print(line, soft_wrap=True, markup=False)
