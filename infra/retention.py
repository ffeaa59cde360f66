"""`clickstream retention`: delete what is past its time, now.

Belongs here: the command and what it prints. The rules belong in `clickstream_platform.core`, the
steps in `clickstream_platform.defs.lake`; the daily run belongs to Dagster.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from clickstream_platform.core.departures import Departure, Outcome
from clickstream_platform.core.retention import RetentionPolicy
from infra.presentation import one_line
from infra.set_aside.commands import HOME, DryRun, StateDir, Surroundings

Yes = Annotated[bool, typer.Option("--yes", help="Delete without asking.")]
Keys = Annotated[bool, typer.Option("--keys", help="Print every object and partition as well.")]

Told = Callable[[Departure], None]


class RetentionError(RuntimeError):
    """S3 or Glue did not do all that was asked; run it again."""


@dataclass(frozen=True)
class Plan:
    """Retention of one platform.

    Attributes:
        policy: How long things are kept.
        run: Carries it out, or only tells when the first argument says so; calls the second with
            everything that leaves. Raises RetentionError.
    """

    policy: RetentionPolicy
    run: Callable[[bool, Told], Outcome]


def mount(app: typer.Typer, surroundings: Surroundings) -> None:
    """Adds the command to an app."""
    app.command("retention")(RetentionCommand(surroundings, plan_of_platform).retention)


class RetentionCommand:
    """The command, on its surroundings.

    Args:
        surroundings: What the command line does alike in every command.
        plan: Makes the plan once the platform is found.
    """

    def __init__(self, surroundings: Surroundings, plan: Callable[[], Plan]) -> None:
        self._around = surroundings
        self._plan = plan

    def retention(
        self,
        dry_run: DryRun = False,
        yes: Yes = False,
        keys: Keys = False,
        state_dir: StateDir = HOME,
    ) -> None:
        """Delete what is past its time, as the job retention does every night.

        Raw objects that are compacted, generations that nobody reads, records that were set aside,
        and hours past their time. The limits are CLICKSTREAM_RAW_RETENTION_DAYS,
        CLICKSTREAM_EVENTS_RETENTION_DAYS, CLICKSTREAM_QUARANTINE_RETENTION_DAYS and
        CLICKSTREAM_GENERATION_GRACE_H. An object that is in no live generation is kept and named.
        Cut off and run again, it goes on where it was.
        """
        with self._errors_as_messages():
            self._around.ports(state_dir)
            plan = self._plan()
            typer.echo(limits_line(plan.policy))
            expected = plan.run(True, _print_names if keys else _print_nothing)
            _print_outcome(expected)
            if dry_run or expected.is_empty:
                return
            self._ask(yes)
            with self._around.interrupts():
                _print_outcome(plan.run(False, _print_nothing))

    def _ask(self, yes: bool) -> None:
        if yes:
            return
        try:
            agreed = typer.confirm("Delete?")
        except typer.Abort:
            self._around.fail("nothing was deleted: nobody answered; --yes deletes without asking")
        if not agreed:
            self._around.fail("nothing was deleted")

    @contextmanager
    def _errors_as_messages(self) -> Iterator[None]:
        try:
            with self._around.aws_errors():
                yield
        except RetentionError as error:
            self._around.fail(f"{error}; the others are gone, run it again")
        except KeyboardInterrupt:
            self._around.fail("interrupted; run it again, it goes on where it was", code=130)


def plan_of_platform() -> Plan:
    """Retention of the platform that this process's AWS clients talk to."""
    # Not at the top: it brings Dagster, which would cost every other command most of a second.
    from infra.retention_plan import build_plan  # noqa: PLC0415

    return build_plan()


def limits_line(policy: RetentionPolicy) -> str:
    """How long things are kept, for a person."""
    hours = "for ever" if policy.events is None else f"{policy.events.days} days"
    return (
        f"Kept: raw objects {policy.raw.days} days once compacted, hours {hours}, "
        f"set-aside records {policy.set_aside.days} days, "
        f"generations nobody reads {policy.generation_grace.total_seconds() / 3600:.0f} h"
    )


def outcome_table(outcome: Outcome) -> Table:
    """What left, or would leave, by rule."""
    title = "Would be deleted" if outcome.dry_run else "Deleted"
    table = Table(title=title, title_justify="left")
    table.add_column("rule")
    for name in ("objects", "bytes", "partitions"):
        table.add_column(name, justify="right")
    for rule, total in outcome.removed.items():
        numbers = (total.objects, total.size_bytes, total.partitions)
        table.add_row(rule.meaning, *(f"{number:,}" for number in numbers))
    return table


def _print_outcome(outcome: Outcome) -> None:
    console = Console(highlight=False)
    if outcome.is_empty:
        console.print("Nothing is past its time.")
    else:
        console.print(outcome_table(outcome))
    for warning in outcome.warnings:
        console.print(f"[yellow]kept:[/yellow] {escape(one_line(warning))}", soft_wrap=True)


def _print_names(departure: Departure) -> None:
    for name in departure.names:
        typer.echo(one_line(name))


def _print_nothing(_: Departure) -> None:
    return None
