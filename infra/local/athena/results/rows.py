"""Query results: the file Athena leaves in S3 and the pages GetQueryResults serves.

Belongs here: rows, CSV and column descriptions. Does not belong here: the text of one value (see
`values`) and where result files are uploaded (see `executor`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import duckdb

from infra.local.athena.results.values import formatter
from infra.local.athena.sql.types import (
    Column,
    api_type,
    hive_type,
    is_case_sensitive,
    precision_and_scale,
)

Row = Sequence[str | None]

_FETCH_ROWS = 5000
_PAGE_ROWS = 1000
_FIELD = re.compile(r'(?:"((?:[^"]|"")*)")?([,\n])')


class Rows(Protocol):
    """Rows that can be read from any position."""

    def read(self, start: int, count: int) -> list[Row]:
        """Return up to `count` rows from position `start`."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def discard(self) -> None:
        """Free what the rows occupy."""


@dataclass
class MemoryRows:
    """The few rows of a utility statement."""

    rows: list[Row] = field(default_factory=list)

    def read(self, start: int, count: int) -> list[Row]:
        """Return up to `count` rows from position `start`."""
        return self.rows[start : start + count]

    def __len__(self) -> int:
        return len(self.rows)

    def discard(self) -> None:
        """Free the rows."""
        self.rows = []


class FileRows:
    """A SELECT's rows, header first, in a local copy of the CSV file that is uploaded to S3.

    Large results must not stay in memory for as long as the query is remembered, so only the
    offset of every thousandth row does.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offsets: list[int] = []
        self._count = 0
        self._holders = 1

    def write(self, rows: Iterable[Row]) -> None:
        """Write all rows, header first; called once."""
        with self.path.open("wb") as file:
            for row in rows:
                if self._count % _PAGE_ROWS == 0:
                    self._offsets.append(file.tell())
                file.write(csv_line(row).encode())
                self._count += 1

    def read(self, start: int, count: int) -> list[Row]:
        """Return up to `count` rows from position `start`."""
        end = min(start + count, self._count)
        if start >= end:
            return []
        first, last = start // _PAGE_ROWS, (end - 1) // _PAGE_ROWS + 1
        with self.path.open("rb") as file:
            file.seek(self._offsets[first])
            stop = self._offsets[last] if last < len(self._offsets) else None
            data = file.read(-1 if stop is None else stop - self._offsets[first])
        rows = parse_csv(data.decode())
        skip = start - first * _PAGE_ROWS
        return rows[skip : skip + end - start]

    def __len__(self) -> int:
        return self._count

    def hold(self) -> None:
        """Keep the local file until a further `discard`."""
        self._holders += 1

    def discard(self) -> None:
        """Delete the local file once nobody else holds it."""
        self._holders -= 1
        if not self._holders:
            self.path.unlink(missing_ok=True)


def csv_line(row: Row) -> str:
    """Return a row as Athena writes it: every value quoted, NULL as nothing at all."""
    fields = ("" if value is None else '"' + value.replace('"', '""') + '"' for value in row)
    return ",".join(fields) + "\n"


def parse_csv(text: str) -> list[Row]:
    """Read back what `csv_line` wrote."""
    rows: list[Row] = []
    row: list[str | None] = []
    for match in _FIELD.finditer(text):
        value, end = match.groups()
        row.append(None if value is None else value.replace('""', '"'))
        if end == "\n":
            rows.append(row)
            row = []
    return rows


def text_lines(rows: Iterable[Row]) -> str:
    """Return rows as the ``.txt`` result of a DDL or utility statement."""
    return "\n".join("\t".join(value or "" for value in row) for row in rows)


def columns_of(cursor: duckdb.DuckDBPyConnection) -> list[Column]:
    """Return the columns of the result a cursor holds."""
    return [Column(item[0], hive_type(item[1])) for item in cursor.description or []]


def formatted_rows(
    cursor: duckdb.DuckDBPyConnection, columns: Sequence[Column]
) -> Iterator[list[str | None]]:
    """Yield a cursor's remaining rows as Athena prints them."""
    formatters = [formatter(column.type) for column in columns]
    while batch := cursor.fetchmany(_FETCH_ROWS):
        for row in batch:
            yield [
                None if value is None else text(value)
                for text, value in zip(formatters, row, strict=True)
            ]


def column_info(column: Column) -> dict[str, object]:
    """Return a column as GetQueryResults describes it."""
    precision, scale = precision_and_scale(column.type)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column.name,
        "Label": column.name,
        "Type": api_type(column.type),
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": is_case_sensitive(column.type),
    }


@dataclass
class Outcome:
    """What a finished statement leaves behind.

    Attributes:
        columns: Columns of the result; empty for statements without one.
        rows: The result's rows, including a header row for a SELECT.
        update_count: Rows written by CTAS, INSERT or UNLOAD.
        manifest: S3 address of the list of files written, or None.
        output_bytes: Size of the result or of the files written.
        update_type: What Trino calls a statement that writes rows, ``INSERT``; empty for others.
    """

    columns: Sequence[Column] = ()
    rows: Rows = field(default_factory=MemoryRows)
    update_count: int = 0
    manifest: str | None = None
    output_bytes: int = 0
    update_type: str = ""
