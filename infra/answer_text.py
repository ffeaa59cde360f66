"""What `clickstream query` prints: the rows of an answer, and what it took.

Rows go to standard output in the chosen format. What is told about them goes there only in a table;
beside CSV and JSON, which are for programs, it goes to standard error.
"""

import csv
import json
import sys
from collections.abc import Iterator
from enum import StrEnum

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.querying import Answer


class OutputFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def print_answer(answer: Answer, output: OutputFormat) -> None:
    """Prints an answer's rows, and says so when there are more than those."""
    if output is OutputFormat.TABLE:
        console = Console(highlight=False)
        _print_rows(answer, console)
        console.print(_took(answer), style="dim", soft_wrap=True)
        return
    if output is OutputFormat.JSON:
        rows = [dict(_named(answer, row)) for row in answer.rows]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        writer = csv.writer(sys.stdout)
        writer.writerow(answer.columns)
        writer.writerows(answer.rows)
    if answer.is_cut:
        sys.stderr.write(f"{_counted(answer)}\n")


def _took(answer: Answer) -> str:
    return f"{_counted(answer)}, {answer.scanned_bytes:,} bytes scanned, {answer.seconds:.2f} s"


def _counted(answer: Answer) -> str:
    rows = f"{len(answer.rows):,} row{'' if len(answer.rows) == 1 else 's'}"
    return f"The first {rows}, there are more (--limit)" if answer.is_cut else rows


def _print_rows(answer: Answer, console: Console) -> None:
    """A table where it fits the terminal; where not, a line for each column."""
    table = Table(*(escape(column) for column in answer.columns))
    for row in answer.rows:
        table.add_row(*(escape(_shown(cell)) for cell in row))
    width = console.measure(table, options=console.options.update(max_width=sys.maxsize)).maximum
    if not console.is_terminal:
        console.width = max(width, console.width)
    if width <= console.width:
        console.print(table)
        return
    widest = max(map(len, answer.columns))
    for number, row in enumerate(answer.rows, 1):
        console.print(f"row {number}", style="bold")
        for column, cell in _named(answer, row):
            line = f"  {column:{widest}}  {_shown(cell)}"
            console.print(line, markup=False, soft_wrap=True)


def _named(answer: Answer, row: list[str | None]) -> Iterator[tuple[str, str | None]]:
    """A row's cells by their columns; DESCRIBE names three columns and answers one cell."""
    return zip(answer.columns, row, strict=False)


def _shown(cell: str | None) -> str:
    return "NULL" if cell is None else cell
