"""What every larger command does alike.

Belongs here: finding the platform, ending early, asking a person, and the options that mean the
same everywhere. What a command does belongs in its own room; `infra.cli` makes the surroundings.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from infra.local.endpoints import Ports

HOME = Path(".clickstream/platform")

StateDir = Annotated[
    Path, typer.Option("--state-dir", help="Where the platform keeps its state.", file_okay=False)
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]


@dataclass(frozen=True)
class Surroundings:
    """What the command line does alike in every command.

    Attributes:
        ports: The ports of the platform of a state directory; this process's AWS clients talk to it
            from then on.
        fail: Ends the command with a message and an exit code, 1 unless told.
        aws_errors: Turns errors of AWS into messages.
        interrupts: Makes SIGTERM end a command as Ctrl-C does.
    """

    ports: Callable[[Path], Ports]
    fail: Callable[..., NoReturn]
    aws_errors: Callable[[], AbstractContextManager[None]]
    interrupts: Callable[[], AbstractContextManager[None]]

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
