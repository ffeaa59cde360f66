"""`clickstream quarantine …`, and the mounting of all commands about what was set aside.

Belongs here: these commands and their options. What they do belongs in `replay`, what they print in
`text`; `infra.cli` mounts them.
"""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console

from infra.deploy import options
from infra.deploy.sites import Site
from infra.option_groups import with_groups
from infra.reach import Reach
from infra.set_aside import text
from infra.set_aside.front_door import CollectorDoor, DoorError, Refusal
from infra.set_aside.quarantine import Chosen, Quarantine, QuarantineError, SetAside
from infra.set_aside.redrive_command import RedriveCommand, Yes, consumers_of
from infra.set_aside.replay import Replay, preview
from infra.surroundings import DryRun, Surroundings

Reason = Annotated[str | None, typer.Option(help="Only records set aside for this reason.")]
Day = Annotated[
    str | None, typer.Option(help="Only records that arrived on this day, yyyy-MM-dd in UTC.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def mount(app: typer.Typer, surroundings: Surroundings) -> None:
    """Adds the commands to an app."""
    commands = SetAsideCommands(surroundings)
    quarantine = typer.Typer(
        help="Records that were set aside: see them, and send them again once the cause is fixed.",
        no_args_is_help=True,
    )
    quarantine.command("list")(commands.list_)
    quarantine.command("show")(commands.show)
    quarantine.command("replay")(commands.replay)
    app.add_typer(quarantine, name="quarantine")
    app.command("redrive")(RedriveCommand(surroundings).redrive)


class SetAsideCommands:
    """The commands, on their surroundings."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    @with_groups
    def list_(
        self, *, reason: Reason = None, day: Day = None, as_json: AsJson = False, reach: Reach
    ) -> None:
        """Count what is set aside, by day and reason, the newest day first."""
        chosen = self._chosen(reason, day)
        with self._errors_as_messages():
            counts = _quarantine_of(self._around.platform(reach)).counts(chosen)
        if as_json:
            typer.echo(text.counts_json(counts))
        elif counts:
            Console(highlight=False).print(text.counts_table(counts))
        else:
            typer.echo(text.nothing_set_aside(chosen))

    @with_groups
    def show(
        self,
        *,
        reason: Reason = None,
        day: Day = None,
        limit: Annotated[int, typer.Option(help="The most records to print.", min=1)] = 20,
        as_json: AsJson = False,
        reach: Reach,
    ) -> None:
        """Print records that are set aside, the newest first, with payload and reason.

        A payload is printed as text when it is printable UTF-8, else as base64.
        """
        chosen = self._chosen(reason, day)
        with self._errors_as_messages():
            records = _quarantine_of(self._around.platform(reach)).newest_first(chosen)
            found, more = list(islice(records, limit)), next(records, None) is not None
        if as_json:
            typer.echo(json.dumps([text.as_json(record) for record in found], indent=2))
            return
        for record in found:
            typer.echo("\n".join(text.record_lines(record)))
        if more:
            typer.echo(f"There are more; --limit {limit * 10} shows them.", err=True)
        if not found:
            typer.echo(text.nothing_set_aside(chosen))

    @with_groups
    def replay(
        self,
        *,
        reason: Reason = None,
        day: Day = None,
        dry_run: DryRun = False,
        yes: Yes = False,
        reach: Reach,
        collector: options.Collector = None,
    ) -> None:
        """Send set-aside records again, those that are acceptable now.

        For each of the others it says why it is still refused; these stay set aside. Events keep
        their ids: cut off and run again, the lake keeps each once, and real time counts each once
        among its session's last 512. Times are judged as of now, also against a lateness limit.
        """
        chosen = self._chosen(reason, day)
        with self._errors_as_messages():
            site = self._around.platform(reach)
            quarantine, limits = _quarantine_of(site), consumers_of(site.topology).limits
            expected = preview(quarantine, chosen, limits, lambda *_: None)
            if not expected.records:
                typer.echo(text.nothing_set_aside(chosen))
                return
            if dry_run or not (yes or expected.accepted):  # there is nothing to ask about
                preview(quarantine, chosen, limits, _print_refused)
                typer.echo(text.preview_line(expected))
                return
            url = self._around.collector_of(site.addresses.given(collector))
            self._around.require_yes(
                f"{site.name}: {text.preview_line(expected)}. Send?", "nothing was sent", yes=yes
            )
            with self._door(url) as door:
                replay = Replay(quarantine, door, _print_refused)
                try:
                    replay.run(chosen)
                finally:
                    typer.echo(text.replayed_line(replay.outcome))

    def _chosen(self, reason: str | None, day: str | None) -> Chosen:
        if day is not None:
            try:
                day = f"{datetime.strptime(day, '%Y-%m-%d'):%Y-%m-%d}"  # noqa: DTZ007 - a day
            except ValueError:
                self._around.fail(f"{day} is no day: write yyyy-MM-dd, as 2026-11-23")
        return Chosen(day, reason)

    @contextmanager
    def _door(self, url: str) -> Iterator[CollectorDoor]:
        with self._around.interrupts(), closing(CollectorDoor(url)) as door:
            yield door

    @contextmanager
    def _errors_as_messages(self) -> Iterator[None]:
        try:
            with self._around.aws_errors():
                yield
        except (DoorError, QuarantineError) as error:
            self._around.fail(str(error))
        except KeyboardInterrupt:
            self._around.fail("interrupted; run it again, events keep their ids", code=130)


def _quarantine_of(site: Site) -> Quarantine:
    return Quarantine(site.client("s3"), site.topology.buckets[0].name)


def _print_refused(record: SetAside, refusal: Refusal) -> None:
    typer.echo(text.refused_line(record, refusal))
