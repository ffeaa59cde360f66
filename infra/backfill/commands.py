"""`clickstream backfill FROM TO`.

Belongs here: the command, its options and the order of what a person sees. What is said belongs in
`text`, what is started in `plan`; `infra.cli` mounts it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from clickstream_platform.core.hours import HourRange
from infra.backfill import text
from infra.backfill.attempts import Attempts, Progress
from infra.backfill.chunks import ChunkState
from infra.backfill.dagster_server import DagsterServer
from infra.backfill.plan import Division, DivisionError, Plan, UnderWayError, plan
from infra.backfill.teller import Teller
from infra.backfill.window import WindowError, check_inside, read_window
from infra.dagster_web.graphql import DagsterError, GraphQL
from infra.early_ends import console
from infra.option_groups import with_groups
from infra.reach import Reach
from infra.surroundings import Surroundings

JOB = "hourly_rollup"
_ASKED_BEYOND_HOURS = 24

Window = Annotated[
    tuple[str, str],
    typer.Argument(
        metavar="FROM TO",
        help="First and last hour, yyyy-MM-dd-HH in UTC, both rebuilt. A day, yyyy-MM-dd, stands "
        "for its first hour as FROM, for its last as TO.",
        show_default=False,
    ),
]
ChunkHours = Annotated[
    int | None,
    typer.Option(
        help="Hours one run rebuilds at most; if left, as many as the deployment allows "
        "(CLICKSTREAM_MAX_HOURS_PER_RUN). Smaller chunks lose less when one fails, and cost more.",
        min=1,
    ),
]
DagsterUrl = Annotated[
    str | None,
    typer.Option(help="Address of Dagster's web server; looked up if left."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be run.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, even for more than a day.")]
Again = Annotated[
    bool, typer.Option("--again", help="Rebuild all of it, also what an earlier call has rebuilt.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


def mount(app: typer.Typer, surroundings: Surroundings) -> None:
    """Adds the command to an app."""
    app.command("backfill")(BackfillCommand(surroundings).run)


class BackfillCommand:
    """The command, on its surroundings."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    @with_groups
    def run(
        self,
        *,
        hours: Window,
        chunk_hours: ChunkHours = None,
        dagster_url: DagsterUrl = None,
        dry_run: DryRun = False,
        yes: Yes = False,
        again: Again = False,
        as_json: AsJson = False,
        reach: Reach,
    ) -> None:
        """Rebuild hours from their raw objects: compaction, checks. The marts follow.

        FROM and TO are both rebuilt: 2026-11-22-00 2026-11-22-23 is one day, and so is 2026-11-22
        2026-11-22. Readers keep the old hours until the new ones are complete. The work is one
        Dagster backfill, seen in the UI below Runs, whose runs each take a chunk of hours, one
        after the other. Ctrl-C leaves it running; the same command looks on again, or rebuilds
        what failed.
        """
        try:
            window = read_window(*hours)
        except WindowError as error:
            self._around.fail(str(error), code=2)
        with self._errors_as_messages(), self._around.interrupts():
            server = DagsterServer(GraphQL(dagster_url or self._dagster_of(reach)), JOB)
            facts = server.facts()
            check_inside(window, facts.partitions, datetime.now(UTC))
            division = Division(facts.hours_per_run, chunk_hours)
            attempts = Attempts(server, window, division)
            chosen = plan(window, attempts.latest(), division, datetime.now(UTC), again=again)
            for line in text.plan_lines(window, chosen, division, facts):
                console.print(line, soft_wrap=True, markup=False)
            if dry_run:
                if as_json:
                    typer.echo(text.plan_json(window, chosen, division))
                return
            self._start(server, attempts, chosen, yes=yes)
            progress = self._follow(server, attempts, chosen)
            self._conclude(server, window, progress, as_json=as_json)

    def _dagster_of(self, reach: Reach) -> str:
        addresses = self._around.platform(reach).addresses
        if addresses.dagster is None:
            why = addresses.unknown_because
            self._around.fail(f"no Dagster is known ({why}): {addresses.without_dagster}")
        return addresses.dagster

    def _start(self, server: DagsterServer, attempts: Attempts, chosen: Plan, *, yes: bool) -> None:
        wanted = sum(map(len, chosen.launches))
        if wanted > _ASKED_BEYOND_HOURS:
            self._around.require_yes(f"Rebuild {wanted:,} hours?", "nothing was started", yes=yes)
        for backfill_id in attempts.start(chosen):
            console.print(f"Requested: {server.backfill_url(backfill_id)}", soft_wrap=True)

    def _follow(self, server: DagsterServer, attempts: Attempts, chosen: Plan) -> Progress:
        """Looks on until the end; the backfill itself goes on without."""
        if not (chosen.launches or chosen.is_under_way):
            return attempts.progress(chosen.attempt)
        try:
            with Teller(console, server.run_url) as teller:
                return attempts.follow(chosen.attempt, teller.tell)
        except KeyboardInterrupt:
            self._around.fail(
                "no longer looking on; the backfill goes on. The same command looks on again, and "
                f"{server.runs_url} is where it can be seen and canceled",
                code=130,
            )

    def _conclude(
        self, server: DagsterServer, window: HourRange, progress: Progress, *, as_json: bool
    ) -> None:
        failures = {
            run.run_id: server.first_error(run.run_id)
            for run in (chunk.run for chunk in progress.chunks if chunk.state is ChunkState.FAILED)
            if run is not None
        }
        outcome = text.Outcome(window, progress, failures, server.run_url, server.backfill_url)
        typer.echo(outcome.as_json() if as_json else "\n".join(outcome.lines()))
        if not progress.is_done:
            self._around.fail("not every hour is rebuilt; the same command goes on with the rest")

    @contextmanager
    def _errors_as_messages(self) -> Iterator[None]:
        try:
            yield
        except (DagsterError, DivisionError, UnderWayError, WindowError) as error:
            self._around.fail(str(error))
        except KeyboardInterrupt:
            self._around.fail("interrupted; the same command goes on with what was begun", code=130)
