"""`clickstream erase`.

Belongs here: the command and its options, and what can be said of them before anything is loaded.
How the command goes on belongs in `dialogue`; `infra.cli` mounts it.
"""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from clickstream_platform.core.erasure import Given
from infra.erasure.options import Options
from infra.local.endpoints import ACCOUNT
from infra.surroundings import HOME, StateDir, Surroundings
from infra.topology import Topology, build_topology

_LONGEST_ID = 256

Users = Annotated[
    list[str] | None, typer.Option("--user", help="A user id of the person; may be repeated.")
]
Devices = Annotated[
    list[str] | None,
    typer.Option("--anonymous-id", help="An anonymous id of theirs; may be repeated."),
]


def mount(app: typer.Typer, surroundings: Surroundings, topology: Topology | None = None) -> None:
    """Adds the command to an app; it is about the platform's own topology unless told."""
    app.command("erase")(EraseCommand(surroundings, topology or build_topology(ACCOUNT)).erase)


class EraseCommand:
    """The command, on its surroundings."""

    def __init__(self, surroundings: Surroundings, topology: Topology) -> None:
        self._around = surroundings
        self._topology = topology

    def erase(  # noqa: PLR0913 - one for each option
        self,
        *,
        user: Users = None,
        anonymous_id: Devices = None,
        only_given: Annotated[
            bool,
            typer.Option(
                "--only-given",
                help="Leave devices and sessions alone that merely occur with these ids.",
            ),
        ] = False,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Only say what would be erased.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
        report: Annotated[
            Path | None, typer.Option(help="Also write the report to this file.", dir_okay=False)
        ] = None,
        requested_by: Annotated[
            str | None, typer.Option("--by", help="Who asked for it; the user of this machine.")
        ] = None,
        take_over: Annotated[
            bool,
            typer.Option("--take-over", help="Pass over another erasure whose process is dead."),
        ] = False,
        state_dir: StateDir = HOME,
    ) -> None:
        """Erase a person: from the lake, what was built from it, real time and the quarantine.

        With the ids given go the anonymous ids and sessions that occur with them and with no other
        user. Cut off, it goes on when the same ids are given again. At the end every store is
        looked into once more; the exit code is 0 only if nothing was found. The report says what
        was removed and what is gone only later; it does not say who it was.
        """
        given = self._given(user, anonymous_id, with_linked=not only_given)
        if report is not None and not report.absolute().parent.is_dir():
            self._around.fail(f"{report} cannot be written: its folder does not exist")
        options = Options(
            dry_run=dry_run,
            yes=yes,
            report=report,
            requested_by=requested_by or getpass.getuser(),
            take_over=take_over,
            state_dir=state_dir,
        )
        # It brings Dagster with it: a second for which no other command should have to wait.
        from infra.erasure.dialogue import Dialogue  # noqa: PLC0415

        Dialogue(self._around, self._topology, options).run(given)

    def _given(
        self, user: list[str] | None, anonymous_id: list[str] | None, *, with_linked: bool
    ) -> Given:
        given = Given(tuple(user or ()), tuple(anonymous_id or ()), with_linked)
        if not given.ids:
            self._around.fail("nobody is named: give --user or --anonymous-id")
        for one in given.ids:
            if not one.strip() or len(one) > _LONGEST_ID or not one.isprintable():
                self._around.fail(
                    f"an id is 1 to {_LONGEST_ID} printable characters, as the collector takes it"
                )
        return given
