"""`clickstream redrive`.

Belongs here: the command, its options, and the order of what it does. What it does belongs in
`redrive` and `undelivered`, what it prints in `text`.
"""

from typing import Annotated, cast, get_args

import msgspec
import typer

from infra.delivery_profiles import archive_function
from infra.deploy.sites import Site
from infra.option_groups import with_groups
from infra.reach import Reach
from infra.set_aside import text
from infra.set_aside.failed_batches import FailureQueue
from infra.set_aside.places import Places
from infra.set_aside.redrive import Consumers, Outcome, Redrive
from infra.set_aside.undelivered import UndeliveredError, UndeliveredObjects
from infra.surroundings import DryRun, Surroundings
from infra.topology import Topology
from lambdas.collector.store import StreamWriter
from lambdas.event_processor.store import Archive
from lambdas.shared.redriven import Consumer
from lambdas.shared.shards import Shards
from lambdas.shared.stream import StreamEnvironment

Yes = Annotated[bool, typer.Option("--yes", help="Send without asking.")]


class RedriveCommand:
    """The command, on its surroundings."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    @with_groups
    def redrive(self, *, dry_run: DryRun = False, yes: Yes = False, reach: Reach) -> None:
        """Give a function the records again that it gave up, as long as the stream has them.

        Works through the queue of failed batches. Their events are put on the stream once more, for
        that function alone: the others have had them. A message goes when the records of its batch
        are on the stream again, or set aside; one that another redrive can do more of is kept. If
        anything is not done the command says what and exits with 1.

        Then archives what Firehose could not deliver, where it is Firehose that delivers. That
        needs neither the stream nor a function.
        """
        try:
            with self._around.aws_errors(), self._around.interrupts():
                site = self._around.platform(reach)
                is_done = self._redrive_batches(site, dry_run=dry_run, yes=yes)
                self._archive_undelivered(site, dry_run=dry_run, yes=yes)
        except UndeliveredError as error:
            self._around.fail(str(error))
        except KeyboardInterrupt:
            self._around.fail("interrupted; run it again, events keep their ids", code=130)
        if not is_done:
            self._around.fail("not every record is redriven; see above what is kept or lost")

    def _redrive_batches(self, site: Site, *, dry_run: bool, yes: bool) -> bool:
        """Works through the queue; whether nothing is kept or lost."""
        topology = site.topology
        queue = FailureQueue(site.client("sqs"), f"{topology.stack}-failed-batches")
        messages = queue.take()
        if not messages:
            typer.echo(text.nothing_failed(queue.hidden()))
            return True
        kinesis, name = site.client("kinesis"), topology.stream.name
        redrive = Redrive(
            queue,
            Shards(kinesis, name),
            StreamWriter(kinesis, name),
            Archive(site.client("s3"), topology.buckets[0].name),
            consumers_of(topology),
        )
        if dry_run:
            redrive.preview(messages, _print_preview)
            return True
        try:
            self._around.require_yes(
                f"{site.name}: {text.waiting_line(messages)}. Send?", "nothing was sent", yes=yes
            )
        except BaseException:
            queue.give_back(messages)
            raise
        return redrive.run(messages, _print_outcome)

    def _archive_undelivered(self, site: Site, *, dry_run: bool, yes: bool) -> None:
        topology = site.topology
        objects = UndeliveredObjects(
            site.client("s3"),
            topology.buckets[0].name,
            Places(site.client("kinesis"), topology.stream.name),
            consumers_of(topology).limits,
        )
        keys = objects.waiting()
        if not keys:
            return
        if not dry_run:
            question = f"{site.name}: {text.undelivered_line(len(keys))}. Archive?"
            self._around.require_yes(question, "nothing was archived", yes=yes)
        for key in keys:
            done = objects.preview(key) if dry_run else objects.archive(key)
            typer.echo("\n".join(text.rearchived_lines(done, is_preview=dry_run)))


def consumers_of(topology: Topology) -> Consumers:
    """What has to be known of the functions that read the stream.

    Batches that our archive gave up are redriven also after Firehose has taken its place.
    """
    archive = archive_function("lambda", topology.stack, {}, 0, "")
    packages = {
        one.name: cast("Consumer", one.package)
        for one in (*topology.functions, archive)
        if one.package in get_args(Consumer)
    }
    variables = topology.function("aggregator").environment  # the limits are the same in each
    told = {name.lower(): value for name, value in variables.items()}
    return Consumers(packages, msgspec.convert(told, StreamEnvironment, strict=False).limits)


def _print_preview(outcome: Outcome) -> None:
    typer.echo("\n".join(text.outcome_lines(outcome, is_preview=True)))


def _print_outcome(outcome: Outcome) -> None:
    typer.echo("\n".join(text.outcome_lines(outcome, is_preview=False)))
