"""Counting archived and compacted hours by Athena.

Belongs here: the one question and the reading of its answer. What the numbers mean belongs in
`conservation`; asking belongs to the checks in `defs/quality`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from clickstream_platform.core.conservation import HourCounts, TypeCounts
from clickstream_platform.core.hours import HourRange, contiguous_chunks

Row = Mapping[str, str | None]

_NO_TIME = "CAST(NULL AS timestamp)"


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        raw_table: Table of the archived events.
        table: Table of the compacted events.
        hours: The hours to count; None for every hour.
        by_type_since: Hours all of whose events arrived since then are also counted by type.
        recent_since: Since when an arrival counts as recent.
        raw_expired: Hours whose raw objects may have been deleted by retention.
    """

    raw_table: str
    table: str
    hours: HourRange | None
    by_type_since: datetime
    recent_since: datetime
    raw_expired: Sequence[str] = ()

    def sql(self) -> str:
        """One query for all of it, because each costs seconds.

        Returns:
            A SELECT of a row for each hour and, where asked for, for each of its event types.
        """
        branches = [self._raw_sql(), self._compacted_sql()]
        if self.raw_expired:
            branches.append(self._strays_sql())
        return f"""
            WITH counted AS ({" UNION ALL ".join(branches)}),
            summed AS (
                SELECT
                    datehour,
                    event_type,
                    is_hour,
                    sum(raw_rows) AS raw_rows,
                    sum(raw_ids) AS raw_ids,
                    sum(records) AS records,
                    sum(recent) AS recent,
                    sum(compacted_rows) AS compacted_rows,
                    sum(compacted_ids) AS compacted_ids,
                    sum(strays) AS strays,
                    min(first_received_at) AS first_received_at
                FROM counted
                GROUP BY datehour, event_type, is_hour
            ),
            placed AS (
                SELECT
                    summed.*,
                    min(first_received_at) OVER (PARTITION BY datehour) AS first_of_hour
                FROM summed
            )
            SELECT * FROM placed
            WHERE is_hour = 1 OR first_of_hour >= {_literal(self.by_type_since)}
            ORDER BY datehour, is_hour DESC, event_type
        """  # noqa: S608 - the tables are constants, the hours are checked datehours

    def _raw_sql(self) -> str:
        since, recent = _literal(self.by_type_since), _literal(self.recent_since)
        # Where a record lies is counted only for what is compared by type: it is most of the bytes.
        record = f"CASE WHEN received_at >= {since} THEN concat(shard_id, ':', sequence_number) END"
        return f"""
            SELECT
                datehour,
                event_type,
                grouping(event_type) AS is_hour,
                count(*) AS raw_rows,
                count(DISTINCT event_id) AS raw_ids,
                count(DISTINCT {record}) AS records,
                count(CASE WHEN received_at >= {recent} THEN 1 END) AS recent,
                0 AS compacted_rows,
                0 AS compacted_ids,
                0 AS strays,
                min(received_at) AS first_received_at
            FROM {self.raw_table}{self._where()}
            GROUP BY GROUPING SETS ((datehour), (datehour, event_type))
        """  # noqa: S608 - see above

    def _compacted_sql(self) -> str:
        return f"""
            SELECT
                datehour, event_type, grouping(event_type), 0, 0, 0, 0,
                count(*), count(DISTINCT event_id), 0, {_NO_TIME}
            FROM {self.table}{self._where()}
            GROUP BY GROUPING SETS ((datehour), (datehour, event_type))
        """  # noqa: S608 - see above

    def _strays_sql(self) -> str:
        # As ranges: a list of a year's hours would be longer than the 256 KB that Athena takes.
        expired = contiguous_chunks(
            self.raw_expired, max_hours=len(self.raw_expired), max_gap_hours=0
        )
        during = " OR ".join(map(_during, expired))
        ids = "SELECT datehour, event_id FROM {table} WHERE {during}"
        archived = ids.format(table=self.raw_table, during=during)
        compacted = ids.format(table=self.table, during=during)
        return f"""
            SELECT
                archived.datehour, CAST(NULL AS varchar), 1, 0, 0, 0, 0,
                0, 0, count(DISTINCT archived.event_id), {_NO_TIME}
            FROM ({archived}) AS archived
            LEFT JOIN ({compacted}) AS compacted
                ON compacted.datehour = archived.datehour
                AND compacted.event_id = archived.event_id
            WHERE compacted.event_id IS NULL
            GROUP BY archived.datehour
        """  # noqa: S608 - see above

    def _where(self) -> str:
        if self.hours is None:
            return ""
        return f" WHERE {_during(self.hours)}"

    def read(self, rows: Iterable[Row]) -> list[HourCounts]:
        """Reads Athena's answer, whose values are texts.

        Returns:
            The hours that have rows in either table, in order.
        """
        hours: dict[str, HourCounts] = {}
        types: dict[str, dict[str, TypeCounts]] = {}
        for row in rows:
            hour = str(row["datehour"])
            if row["is_hour"] == "1":
                hours[hour] = _hour(hour, row, is_raw_expired=hour in self.raw_expired)
            else:
                types.setdefault(hour, {})[row["event_type"] or ""] = _type(row)
        return [replace(hours[hour], types=types.get(hour, {})) for hour in sorted(hours)]


def _during(hours: HourRange) -> str:
    return f"(datehour >= '{hours.first}' AND datehour < '{hours.end}')"


def _hour(datehour: str, row: Row, *, is_raw_expired: bool) -> HourCounts:
    first = row["first_received_at"]
    return HourCounts(
        datehour,
        raw_rows=_number(row, "raw_rows"),
        raw_ids=_number(row, "raw_ids"),
        rows=_number(row, "compacted_rows"),
        ids=_number(row, "compacted_ids"),
        is_raw_expired=is_raw_expired,
        strays=_number(row, "strays"),
        first_received_at=datetime.fromisoformat(first).replace(tzinfo=UTC) if first else None,
    )


def _type(row: Row) -> TypeCounts:
    names = ("records", "raw_ids", "recent", "compacted_rows")
    return TypeCounts(*(_number(row, name) for name in names))


def _number(row: Row, name: str) -> int:
    return int(row[name] or 0)


def _literal(instant: datetime) -> str:
    """A time as SQL has it, without a zone: the tables' times are in UTC."""
    return f"TIMESTAMP '{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
