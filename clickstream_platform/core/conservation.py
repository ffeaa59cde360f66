"""Whether the compacted hours hold exactly what the raw hours hold.

Belongs here: the question as Athena SQL and the reading of its answer. Asking it belongs to the
checks in `defs/quality`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from clickstream_platform.core.generations import started_at
from clickstream_platform.core.hours import HourRange

# S3 tells when an object was written in whole seconds, rounded down.
_CLOCK_STEP = timedelta(seconds=1)


@dataclass(frozen=True)
class HourCounts:
    """One hour, counted in both tables.

    Attributes:
        datehour: The hour.
        raw_rows: Rows as archived, duplicates included.
        raw_ids: Distinct event_ids among them.
        rows: Rows as compacted.
        ids: Distinct event_ids among them.
    """

    datehour: str
    raw_rows: int
    raw_ids: int
    rows: int
    ids: int

    @property
    def duplicates(self) -> int:
        """Archived rows that repeat an event_id of the hour."""
        return self.raw_rows - self.raw_ids

    @property
    def is_conserved(self) -> bool:
        """Whether archived rows equal compacted rows plus duplicates."""
        return self.raw_rows == self.rows + self.duplicates

    @property
    def is_unique(self) -> bool:
        """Whether every compacted row has an event_id of its own."""
        return self.rows == self.ids


def counts_sql(raw_table: str, table: str, hours: HourRange | None) -> str:
    """The query of one row per hour with the columns of `HourCounts`.

    Args:
        raw_table: Table of the archived events.
        table: Table of the compacted events.
        hours: The hours to count; None for every hour.
    """
    where = ""
    if hours is not None:
        where = f" WHERE datehour >= '{hours.first}' AND datehour < '{hours.end}'"
    return f"""
        WITH raw_hours AS (
            SELECT datehour, count(*) AS raw_rows, count(DISTINCT event_id) AS raw_ids
            FROM {raw_table}{where}
            GROUP BY datehour
        ),
        compacted_hours AS (
            SELECT
                datehour, count(*) AS compacted_rows, count(DISTINCT event_id) AS compacted_ids
            FROM {table}{where}
            GROUP BY datehour
        )
        SELECT
            coalesce(raw_hours.datehour, compacted_hours.datehour) AS datehour,
            coalesce(raw_rows, 0) AS raw_rows,
            coalesce(raw_ids, 0) AS raw_ids,
            coalesce(compacted_rows, 0) AS compacted_rows,
            coalesce(compacted_ids, 0) AS compacted_ids
        FROM raw_hours
        FULL OUTER JOIN compacted_hours ON raw_hours.datehour = compacted_hours.datehour
        ORDER BY 1
    """  # noqa: S608 - the tables are constants, the hours are checked datehours


def read_counts(rows: Iterable[Mapping[str, str | None]]) -> list[HourCounts]:
    """Reads Athena's answer to `counts_sql`, whose values are texts."""
    return [
        HourCounts(
            datehour=str(row["datehour"]),
            raw_rows=int(row["raw_rows"] or 0),
            raw_ids=int(row["raw_ids"] or 0),
            rows=int(row["compacted_rows"] or 0),
            ids=int(row["compacted_ids"] or 0),
        )
        for row in rows
    ]


def is_overtaken(location: str, written_at: Iterable[datetime]) -> bool:
    """Whether raw objects of an hour came after its generation began to be read.

    Such an hour may hold less than was archived without anything being wrong: its objects were
    announced and it will be rebuilt.

    Args:
        location: Where the hour's partition lies.
        written_at: When each raw object of the hour was written.
    """
    started = started_at(location)
    return started is not None and any(at > started - _CLOCK_STEP for at in written_at)
