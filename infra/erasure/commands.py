"""`clickstream erase`.

Belongs here: the command, and what can be said of its options before anything is loaded. The
options belong in `options`, how the command goes on in `dialogue`; `infra.cli` mounts it.
"""

import typer

from clickstream_platform.core.erasure import Given
from infra.dagster_at import DagsterChoice
from infra.erasure.options import Options, Whom
from infra.option_groups import with_groups
from infra.reach import Reach
from infra.surroundings import Surroundings

_LONGEST_ID = 256


def mount(app: typer.Typer, surroundings: Surroundings) -> None:
    """Adds the command to an app."""
    app.command("erase")(EraseCommand(surroundings).erase)


class EraseCommand:
    """The command, on its surroundings."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    @with_groups
    def erase(self, *, whom: Whom, options: Options, dagster: DagsterChoice, reach: Reach) -> None:
        """Erase a person: from the lake, what was built from it, real time and the quarantine.

        With the ids given go the anonymous ids and sessions that occur with them and with no other
        user. Cut off, it goes on when the same ids are given again. At the end every store is
        looked into once more; the exit code is 0 only if nothing was found. The report says what
        was removed and what is gone only later; it does not say who it was.
        """
        given = whom.given
        self._check(given)
        report = options.report
        if report is not None and not report.absolute().parent.is_dir():
            self._around.fail(f"{report} cannot be written: its folder does not exist")
        # It brings Dagster with it: a second for which no other command should have to wait.
        from infra.erasure.dialogue import Dialogue  # noqa: PLC0415

        Dialogue(self._around, options, dagster).run(given, reach)

    def _check(self, given: Given) -> None:
        if not given.ids:
            self._around.fail("nobody is named: give --user or --anonymous-id")
        for one in given.ids:
            if not one.strip() or len(one) > _LONGEST_ID or not one.isprintable():
                self._around.fail(
                    f"an id is 1 to {_LONGEST_ID} printable characters, as the collector takes it"
                )
