"""Which records go into one invocation.

Belongs here: the pure rules by which Lambda gathers a shard's records: the batch size, the batching
window and the payload limit. Source: AWS Lambda Developer Guide, "Batching behavior".
"""

from typing import NamedTuple

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
_ENVELOPE_BYTES = 420  # JSON around one record, measured on the longest names


class Record(NamedTuple):
    """One record as the stream gives it.

    Attributes:
        sequence_number: Its decimal sequence number.
        partition_key: Its partition key.
        data: Its payload.
        arrived_at: When the stream took it, in seconds since 1970.
    """

    sequence_number: str
    partition_key: str
    data: bytes
    arrived_at: float

    @property
    def payload_bytes(self) -> int:
        """Its share of an invocation's payload: data travels as base64."""
        return (len(self.data) + 2) // 3 * 4 + len(self.partition_key) + _ENVELOPE_BYTES


class Batcher:
    """Gathers one shard's records until a batch is due.

    A batch is due when it is full, when its payload would pass 6 MB, or when its oldest record was
    gathered a window ago.
    """

    def __init__(self, batch_size: int, window_s: float) -> None:
        self._batch_size = batch_size
        self._window_s = window_s
        self._records: list[Record] = []
        self._since = 0.0

    def __len__(self) -> int:
        return len(self._records)

    def add(self, records: list[Record], now: float) -> None:
        """Takes records in the order of the shard; `now` in seconds of any steady clock."""
        if records and not self._records:
            self._since = now
        self._records.extend(records)

    @property
    def has_room(self) -> bool:
        """Whether it is worth reading on before a batch is taken."""
        return len(self._records) < self._batch_size

    @property
    def oldest(self) -> float | None:
        """When the oldest gathered record arrived, in seconds since 1970."""
        return self._records[0].arrived_at if self._records else None

    def take(self, now: float, *, at_once: bool = False) -> list[Record]:
        """The next batch, or nothing when none is due.

        Args:
            now: The clock of `add`.
            at_once: Do not wait for the window (the shard has ended, or the runner stops).
        """
        count = self._fitting()
        full = count == self._batch_size or count < len(self._records)
        if not count or not (full or at_once or now - self._since >= self._window_s):
            return []
        batch, self._records = self._records[:count], self._records[count:]
        self._since = now
        return batch

    def _fitting(self) -> int:
        """How many records from the front fit one invocation; a lone oversized one always does."""
        size = 0
        for count, record in enumerate(self._records[: self._batch_size]):
            size += record.payload_bytes
            if count and size > MAX_PAYLOAD_BYTES:
                return count
        return min(len(self._records), self._batch_size)
