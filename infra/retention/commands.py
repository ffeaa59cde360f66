"""`clickstream retention`: delete what is past its time, now.

Belongs here: the command and what it prints. Who carries it out belongs in `plan`, the
rules in `clickstream_platform.core`, the steps in `clickstream_platform.defs.lake`.
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
from infra.dagster_at import DagsterAt, DagsterChoice
from infra.dagster_web.graphql import DagsterError
from infra.deploy.sites import Site
from infra.option_groups import with_groups
from infra.presentation import one_line
from infra.reach import Reach
from infra.surroundings import DryRun, Surroundings

Yes = Annotated[bool, typer.Option("--yes", help="Delete without asking.")]
Keys = Annotated[bool, typer.Option("--keys", help="Print every object and partition as well.")]

Told = Callable[[Departure], None]
Tell = Callable[[str], None]


class RetentionError(RuntimeError):
    """S3 or Glue did not do all that was asked; run it again."""


class StillRunningError(RuntimeError):
    """Nobody looks on any more, and Dagster goes on; the message is the run's address."""


@dataclass(frozen=True)
class Plan:
    """Retention of one platform.

    Attributes:
        policy: How long things are kept.
        by: Who carries it out, a line for a person.
        look: Only tells what would leave; calls its argument with all of it.
        carry_out: Deletes it; calls its argument with a line when something has changed. Raises
            RetentionError, DagsterError or StillRunningError.
    """

    policy: RetentionPolicy
    by: str
    look: Callable[[Told], Outcome]
    carry_out: Callable[[Tell], Outcome]


def mount(app: typer.Typer, surroundings: Surroundings) -> None:
    """Adds the command to an app."""
    app.command("retention")(RetentionCommand(surroundings, plan_of_platform).retention)


class RetentionCommand:
    """The command, on its surroundings.

    Args:
        surroundings: What the command line does alike in every command.
        plan: Makes the plan once the platform is found; raises DagsterError.
    """

    def __init__(self, surroundings: Surroundings, plan: Callable[[Site, DagsterAt], Plan]) -> None:
        self._around = surroundings
        self._plan = plan

    @with_groups
    def retention(
        self,
        *,
        dry_run: DryRun = False,
        yes: Yes = False,
        keys: Keys = False,
        dagster: DagsterChoice,
        reach: Reach,
    ) -> None:
        """Delete what is past its time, as the job retention does every night.

        Raw objects that are compacted, generations that nobody reads, records that were set aside,
        and hours past their time. A raw object that is in no live generation is kept and named,
        unless its whole hour is past its time. A run of Dagster's does it, apart from runs that
        rebuild hours. Its limits count, which are shown: CLICKSTREAM_RAW_RETENTION_DAYS,
        CLICKSTREAM_EVENTS_RETENTION_DAYS, CLICKSTREAM_QUARANTINE_RETENTION_DAYS and
        CLICKSTREAM_GENERATION_GRACE_H where Dagster was started. Where none works, this process
        does it, by the variables of this shell. Cut off and run again, it goes on where it was.
        """
        with self._errors_as_messages():
            site = self._around.platform(reach)
            plan = self._plan(site, DagsterAt.of(site.addresses, dagster))
            typer.echo(plan.by)
            typer.echo(limits_line(plan.policy))
            expected = plan.look(_print_names if keys else _print_nothing)
            _print_outcome(expected)
            if dry_run or expected.is_empty:
                return
            self._around.require_yes(f"{site.name}: delete?", "nothing was deleted", yes=yes)
            with self._around.interrupts():
                _print_outcome(plan.carry_out(typer.echo))

    @contextmanager
    def _errors_as_messages(self) -> Iterator[None]:
        try:
            with self._around.aws_errors():
                yield
        except RetentionError as error:
            self._around.fail(f"{error}; the others are gone, run it again")
        except DagsterError as error:
            self._around.fail(str(error))
        except StillRunningError as error:
            self._around.fail(f"no longer looking on; the run goes on: {error}", code=130)
        except KeyboardInterrupt:
            self._around.fail("interrupted; run it again, it goes on where it was", code=130)


def plan_of_platform(site: Site, where: DagsterAt) -> Plan:
    """Retention of a platform; this process's AWS clients talk to it."""
    # Not at the top: it brings Dagster, which would cost every other command most of a second.
    from infra.retention.plan import build_plan  # noqa: PLC0415

    return build_plan(site, where)


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
