"""Whether the compacted hours hold exactly what the raw hours hold.

Belongs here: the numbers of an hour, and what they say about conservation and uniqueness. How they
are counted belongs in `conservation_sql`, comparing them with real time in `reconciled_counts`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clickstream_platform.core.generations import started_at

# S3 tells when an object was written in whole seconds, rounded down.
_CLOCK_STEP = timedelta(seconds=1)


@dataclass(frozen=True)
class TypeCounts:
    """One event type in one hour.

    Attributes:
        records: Records of the stream that were archived; a record archived twice is one.
        raw_ids: Distinct event_ids among them.
        recent: Archived rows that arrived so recently that real time may not have them yet.
        rows: Rows as compacted.
    """

    records: int
    raw_ids: int
    recent: int
    rows: int


@dataclass(frozen=True)
class HourCounts:
    """One hour, counted in both tables.

    Attributes:
        datehour: The hour.
        raw_rows: Rows as archived, duplicates included.
        raw_ids: Distinct event_ids among them.
        rows: Rows as compacted.
        ids: Distinct event_ids among them.
        is_raw_expired: Whether raw objects of the hour may have been deleted by retention.
        strays: Archived event_ids that were not compacted; counted only where raw expires.
        first_received_at: Earliest arrival among the archived rows; None when there are none.
        types: Its counts by event type, if they were asked for (see `conservation_sql`).
    """

    datehour: str
    raw_rows: int
    raw_ids: int
    rows: int
    ids: int
    is_raw_expired: bool = False
    strays: int = 0
    first_received_at: datetime | None = None
    types: Mapping[str, TypeCounts] = field(default_factory=dict)

    @property
    def duplicates(self) -> int:
        """Archived rows that repeat an event_id of the hour."""
        return self.raw_rows - self.raw_ids

    @property
    def is_empty(self) -> bool:
        """Whether neither table has a row of the hour."""
        return not (self.raw_rows or self.rows)

    @property
    def is_conserved(self) -> bool:
        """Whether nothing was lost between the two tables, as far as that can be told.

        Archived rows equal compacted rows plus duplicates. Once raw objects have expired, the rows
        that are left say less: each of their ids was compacted, and no fewer rows were.
        """
        if self.is_raw_expired:
            return self.strays == 0 and self.rows >= self.raw_ids
        return self.raw_rows == self.rows + self.duplicates

    @property
    def is_unique(self) -> bool:
        """Whether every compacted row has an event_id of its own."""
        return self.rows == self.ids

    def __str__(self) -> str:
        """The numbers of an hour that is wrong, for a person."""
        text = (
            f"{self.datehour}: {self.raw_rows:,} archived with {self.raw_ids:,} ids, "
            f"{self.rows:,} compacted with {self.ids:,} ids"
        )
        return f"{text}, {self.strays:,} not compacted" if self.is_raw_expired else text


def is_overtaken(location: str, written_at: Iterable[datetime]) -> bool:
    """Whether raw objects of an hour came after its generation began to be read.

    Such an hour may hold less than was archived without anything being wrong: its objects were
    announced and it will be rebuilt.

    Args:
        location: Where the hour's partition lies.
        written_at: When each raw object of the hour was written.
    """
    started = started_at(location)
    return started is not None and came_since(started, written_at)


def came_since(read_at: datetime, written_at: Iterable[datetime]) -> bool:
    """Whether some objects may have come after a listing.

    Args:
        read_at: When the listing began.
        written_at: When each object was written.
    """
    return any(at > read_at - _CLOCK_STEP for at in written_at)
