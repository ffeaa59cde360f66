"""What a delivery stream does with the records it has taken.

Belongs here: the way of a record from the shard to an object, and when it may be forgotten. Reading
shards belongs in `runner`.

A shard is read on from a record only when that and all before it are written, or dropped by the
function. A process that dies between writing and noting this writes those records again, in another
object: Firehose, too, delivers at least once. Compaction keeps each event once.
"""

import logging
from collections.abc import Callable, Iterable
from itertools import groupby

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.firehose.failures import Failure
from infra.local.firehose.partitions import Limits, Partitions
from infra.local.firehose.records import Account, Taken
from infra.local.firehose.transforming import Gathering, Transforming
from infra.local.firehose.writing import Writer
from infra.resource_types import DeliveryStream

logger = logging.getLogger(__name__)

MEGABYTE = 2**20

Settle = Callable[[str, str], None]


class Delivery:
    """The way through one delivery stream; times are seconds of any steady clock.

    Args:
        stream: The delivery stream.
        transforming: Calls its function.
        writer: Writes its objects.
        settle: Told a shard and the record up to which all is delivered.
    """

    def __init__(
        self, stream: DeliveryStream, transforming: Transforming, writer: Writer, settle: Settle
    ) -> None:
        self._stream = stream
        self._transforming = transforming
        self._writer = writer
        self._settle = settle
        self._gathered: dict[str, Gathering] = {}
        self._account = Account()
        self._failures: list[Failure] = []
        self._partitions = Partitions(
            Limits(stream.buffer_mb * MEGABYTE, stream.buffer_s, stream.max_partitions)
        )

    def take(self, taken: list[Taken], now: float) -> None:
        """Takes records of one shard, in its order."""
        if not taken:
            return
        for one in taken:
            self._account.take(one)
        stream, shard_id = self._stream, taken[0].shard_id
        gathering = self._gathered.setdefault(
            shard_id, Gathering(stream.transform_buffer_mb * MEGABYTE, stream.transform_buffer_s)
        )
        gathering.add(taken, now)

    def waiting(self, shard_id: str) -> tuple[int, float | None]:
        """How many records of a shard are not delivered, and when the oldest of them arrived."""
        return self._account.waiting(shard_id)

    def deliver(self, now: float, *, at_once: bool = False) -> bool:
        """Transforms and writes what is due.

        Args:
            now: The clock.
            at_once: Do not wait for more.

        Returns:
            Whether all that was due is written; what is not stays due.
        """
        for gathering in self._gathered.values():
            while call := gathering.take(now, at_once=at_once):
                self._transform(call, now)
        try:
            self._write(self._partitions.due(now, at_once=at_once))
        except (ClientError, BotoCoreError):
            logger.exception("cannot write for %s; trying again", self._stream.name)
            return False
        return True

    def _transform(self, call: list[Taken], now: float) -> None:
        outcome = self._transforming.transform(call)
        self._done(outcome.dropped)
        self._failures += outcome.failures
        self._failures += self._partitions.add(outcome.rows, now)

    def _write(self, due: Iterable[tuple[tuple[str, str], ...]]) -> None:
        for keys in due:
            rows = self._partitions.rows(keys)
            failures = self._writer.write_partition(rows)
            self._partitions.remove(keys)
            self._failures += failures
            failed = {id(one.taken) for one in failures}
            self._done([row.taken for row in rows if id(row.taken) not in failed])
        self._failures.sort(key=lambda one: one.error_type)
        for _, group in groupby(list(self._failures), key=lambda one: one.error_type):
            failures = list(group)
            self._writer.write_failures(failures)
            self._failures = self._failures[len(failures) :]
            self._done([one.taken for one in failures])
            logger.error("%d records are not delivered: %s", len(failures), failures[0].message)

    def _done(self, taken: list[Taken]) -> None:
        for shard_id, sequence_number in self._account.settle(taken).items():
            self._settle(shard_id, sequence_number)
