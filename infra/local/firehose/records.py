"""What goes through a delivery stream.

Belongs here: a record with the shard it was taken from, what the function made of it, and the
account of which records are delivered.
"""

from collections import deque
from typing import NamedTuple

from infra.local.mappings.batching import Record


class Taken(NamedTuple):
    """A record taken from a shard."""

    shard_id: str
    record: Record


class Row(NamedTuple):
    """A record as the function transformed it, for one partition."""

    taken: Taken
    data: bytes
    partition_keys: tuple[tuple[str, str], ...]


class Account:
    """Which records of each shard are taken and not delivered yet.

    Records are delivered out of order, hour by hour. A shard may be read on from a record only when
    it and all before it are delivered.
    """

    def __init__(self) -> None:
        self._open: dict[str, deque[Record]] = {}
        self._done: dict[str, set[str]] = {}

    def take(self, taken: Taken) -> None:
        """Notes a record, in the order of its shard."""
        self._open.setdefault(taken.shard_id, deque()).append(taken.record)
        self._done.setdefault(taken.shard_id, set())

    def settle(self, taken: list[Taken]) -> dict[str, str]:
        """Notes records as delivered, each once.

        Returns:
            For each shard that has come further, the last record to which all is delivered.
        """
        for one in taken:
            self._done[one.shard_id].add(one.record.sequence_number)
        further: dict[str, str] = {}
        for shard_id in {one.shard_id for one in taken}:
            waiting, done = self._open[shard_id], self._done[shard_id]
            while waiting and waiting[0].sequence_number in done:
                further[shard_id] = waiting.popleft().sequence_number
                done.remove(further[shard_id])
        return further

    def waiting(self, shard_id: str) -> tuple[int, float | None]:
        """How many records of a shard are not delivered, and when the oldest of them arrived.

        Returns:
            The number, and seconds since 1970; None if there is none.
        """
        waiting = self._open.get(shard_id)
        if not waiting:
            return 0, None
        return len(waiting) - len(self._done[shard_id]), waiting[0].arrived_at
