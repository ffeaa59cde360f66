"""What every larger command does alike.

Belongs here: finding the platform, ending early, asking a person, and the options that mean the
same everywhere. What a command does belongs in its own room; `infra.cli` makes the surroundings.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, NoReturn

import typer

from infra.deploy.access import AccessError
from infra.deploy.sites import Addresses, Site, taken_for_granted
from infra.local.state import StateError
from infra.reach import Reach

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]


@dataclass(frozen=True)
class Surroundings:
    """What the command line does alike in every command.

    Attributes:
        find: Finds the platform that is named; this process's AWS clients talk to it from then on.
            Raises StateError or AccessError.
        fail: Ends the command with a message and an exit code, 1 unless told.
        aws_errors: Turns errors of AWS into messages.
        interrupts: Makes SIGTERM end a command as Ctrl-C does.
    """

    find: Callable[[Reach], Site]
    fail: Callable[..., NoReturn]
    aws_errors: Callable[[], AbstractContextManager[None]]
    interrupts: Callable[[], AbstractContextManager[None]]

    def require_sense(self, reach: Reach) -> None:
        """Ends the command when its options can name no platform."""
        if (fault := reach.fault) is not None:
            self.fail(fault, code=2)

    def platform(self, reach: Reach) -> Site:
        """The platform that is named, or the command ends with what to do."""
        self.require_sense(reach)
        try:
            with self.aws_errors():
                site = self.find(reach)
                said = taken_for_granted(site)
        except StateError as error:
            self.fail(str(error))
        except AccessError as error:
            self.fail(f"{error}: {error.remedy}")
        if said is not None:
            typer.echo(said, err=True)
        return site

    def collector_of(self, addresses: Addresses) -> str:
        """The collector's address, or the command ends with what to do."""
        if addresses.collector is None:
            why = addresses.unknown_because
            self.fail(f"the collector's address is not known ({why}): give --collector")
        return addresses.collector

    def require_yes(self, question: str, otherwise: str, *, yes: bool) -> None:
        """Asks a person, and ends the command unless the answer is yes.

        Args:
            question: The question.
            otherwise: What is said then: "nothing was deleted".
            yes: Whether `--yes` has answered already.
        """
        if yes:
            return
        try:
            agreed = typer.confirm(question, err=True)
        except typer.Abort:
            self.fail(f"{otherwise}: nobody answered; --yes goes on without asking")
        if not agreed:
            self.fail(otherwise)
