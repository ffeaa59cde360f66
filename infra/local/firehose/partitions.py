"""Rows that wait to be written, by partition.

Belongs here: when a partition is due, and how many there may be. Source: Data Firehose Developer
Guide, "Buffer data for dynamic partitioning": size and time count for each partition, and records
of a partition beyond the limit fail.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from infra.local.firehose.failures import PROCESSING, Failure
from infra.local.firehose.records import Row

_TOO_MANY = (
    "DynamicPartitioning.ActivePartitionsLimitExceeded",
    "The number of active partitions has exceeded the configured limit",
)

PartitionKeys = tuple[tuple[str, str], ...]


@dataclass
class _Buffer:
    since: float
    rows: list[Row] = field(default_factory=list)
    size: int = 0


class Limits(NamedTuple):
    """When a partition is due, and how many there may be.

    Attributes:
        max_bytes: Size of a partition's rows, as JSON.
        window_s: Age of its first row.
        max_partitions: How many may wait.
    """

    max_bytes: float
    window_s: float
    max_partitions: int


class Partitions:
    """The partitions of one delivery stream; times are seconds of any steady clock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffers: dict[PartitionKeys, _Buffer] = {}

    def add(self, rows: list[Row], now: float) -> list[Failure]:
        """Takes rows; returns those for which there is no room for another partition."""
        failures = []
        for row in rows:
            buffer = self._buffers.get(row.partition_keys)
            if buffer is None:
                if len(self._buffers) >= self._limits.max_partitions:
                    failures.append(Failure(row.taken, PROCESSING, *_TOO_MANY, row.data))
                    continue
                buffer = self._buffers[row.partition_keys] = _Buffer(now)
            buffer.rows.append(row)
            buffer.size += len(row.data)
        return failures

    def due(self, now: float, *, at_once: bool = False) -> list[PartitionKeys]:
        """The partitions that are to be written now."""
        return [
            keys
            for keys, buffer in self._buffers.items()
            if at_once
            or buffer.size >= self._limits.max_bytes
            or now - buffer.since >= self._limits.window_s
        ]

    def rows(self, keys: PartitionKeys) -> list[Row]:
        """The rows of a partition; they go on waiting until they are removed."""
        return self._buffers[keys].rows

    def remove(self, keys: PartitionKeys) -> None:
        """Forgets a partition that is written."""
        del self._buffers[keys]
