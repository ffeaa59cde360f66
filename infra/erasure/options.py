"""How an erasure is asked for.

Belongs here: the command's options, in groups.
"""

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from clickstream_platform.core.erasure import Given


@dataclass(frozen=True)
class Whom:
    """Who is to be erased; a group of options.

    Attributes:
        user: User ids of the person.
        anonymous_id: Anonymous ids of theirs.
        only_given: Whether to leave alone what merely occurs with these ids.
    """

    user: Annotated[
        list[str] | None, typer.Option("--user", help="A user id of the person; may be repeated.")
    ] = None
    anonymous_id: Annotated[
        list[str] | None,
        typer.Option("--anonymous-id", help="An anonymous id of theirs; may be repeated."),
    ] = None
    only_given: Annotated[
        bool,
        typer.Option(
            "--only-given",
            help="Leave devices and sessions alone that merely occur with these ids.",
        ),
    ] = False

    @property
    def given(self) -> Given:
        """The ids."""
        ids = (tuple(self.user or ()), tuple(self.anonymous_id or ()))
        return Given(*ids, with_linked=not self.only_given)


@dataclass(frozen=True)
class Options:
    """How it is done; a group of options.

    Attributes:
        dry_run: Only say what would be erased.
        yes: Do not ask.
        report: A file to write the report to as well.
        by: Who asked for it, if told.
        take_over: Pass over another erasure that holds the lock.
    """

    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = (
        False
    )
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False
    report: Annotated[
        Path | None, typer.Option(help="Also write the report to this file.", dir_okay=False)
    ] = None
    by: Annotated[
        str | None, typer.Option("--by", help="Who asked for it; the user of this machine.")
    ] = None
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Pass over another erasure whose process is dead.")
    ] = False

    @property
    def requested_by(self) -> str:
        """Who asked for it."""
        return self.by or getpass.getuser()
