"""What the `clickstream` command prints.

Belongs here: tables, progress and wording, for a terminal and for a log alike.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.sending import Outcome
from infra.sending import Progress as SendingProgress
from infra.status import Status

_SHOWN_LINES = 10
_REPORT_EVERY_S = 5.0


class Narrator:
    """Says what goes on: a line for each stage, with the time since the start."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._told = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        return None

    def stage(self, text: str) -> None:
        """Tells what begins."""
        seconds = time.monotonic() - self._started
        self._console.print(f"[dim]{seconds:6.1f} s[/dim]  {escape(text)}", soft_wrap=True)

    def sent(self, done: int, total: int) -> None:
        """Tells from time to time how much was sent."""
        now = time.monotonic()
        if done == total or now - self._told > _REPORT_EVERY_S:
            self._told = now
            self.stage(f"  sent {done:,} of {total:,} events")


@contextmanager
def sending_progress(console: Console) -> Iterator[SendingProgress]:
    """A progress bar for events being sent."""
    columns = (
        TextColumn("sending"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("events"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("sending", total=None)

        def told(done: int, total: int | None) -> None:
            progress.update(task, completed=done, total=total)

        yield told


def report_lines(outcome: Outcome) -> Iterator[str]:
    """What became of the events that were sent, line by line."""
    report = outcome.report
    yield (
        f"{report.accepted:,} accepted, {report.rejected:,} rejected, "
        f"{len(outcome.unreadable):,} lines unreadable, in {report.seconds:.1f} s"
    )
    for line in outcome.unreadable[:_SHOWN_LINES]:
        yield escape(f"  line {line.number}: {line.reason}: {line.detail}")
    if len(outcome.unreadable) > _SHOWN_LINES:
        yield f"  and {len(outcome.unreadable) - _SHOWN_LINES:,} more lines"
    for rejection in report.rejections:
        where = f"line {rejection.line}" if rejection.line else rejection.event_id
        yield escape(f"  {where}: {rejection.reason}: {rejection.detail}")


def summary_table(summary: dict[str, Any]) -> Table:
    """The demo's figures. They are of all events; what the marts call views leaves robots out."""
    title = "What went through, robots included"
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("from", style="dim")
    views = "Athena: page_views_hourly, views + bot_views"
    rows = (
        ("lines", "lines", "the log"),
        ("unparsable lines", "unparsable", "the log"),
        ("events accepted", "accepted", "Kinesis"),
        ("records quarantined", "quarantined", "Athena: quarantine"),
        ("events archived", "archived", "Athena: raw_events"),
        ("duplicates", "duplicates", "Athena: raw_events"),
        ("events compacted", "compacted", "Athena: events"),
        ("hours", "hours", "Athena: events"),
        ("visitors", "visitors", "Athena: stg_clickstream__events"),
        ("sessions, batch", "sessions", "Athena: int_events_sessionized"),
        ("sessions, real time", "sessions_realtime", "DynamoDB: session-metrics"),
        ("page views, batch", "page_views_rollup", views),
        ("page views, real time", "page_views_realtime", "DynamoDB: page-metrics"),
    )
    for label, key, source in rows:
        table.add_row(label, f"{summary[key]:,}", source)
    table.add_section()
    for page in summary["top_pages"][:5]:
        table.add_row(escape(page["page_path"]), f"{page['views']:,}", views)
    table.add_section()
    table.add_row("seconds", f"{summary['seconds']:,}", "")
    return table


def status_tables(status: Status) -> Iterator[Table]:
    """A platform's state as tables."""
    addresses = Table("what", "address", title="Listening", title_justify="left")
    for name, address in status.addresses.items():
        addresses.add_row(name, escape(address))
    yield addresses
    functions = Table(title="Functions", title_justify="left")
    functions.add_column("function")
    for name in ("records done", "waiting", "behind", "reported"):
        functions.add_column(name, justify="right")
    for name, one in status.progress.items():
        behind = "-" if one.behind_s is None else f"{one.behind_s:,.1f} s"
        functions.add_row(name, _count(one.records), _count(one.waiting), behind, one.told)
    yield functions
    queues = Table("queue", "messages", title="Queues", title_justify="left")
    for name, waiting in status.queues.items():
        queues.add_row(name, f"{waiting:,}")
    yield queues
    counts = Table("count", "value", title="Counted in real time", title_justify="left")
    for name, value in status.totals._asdict().items():
        counts.add_row(name.replace("_", " "), f"{value:,}")
    for name, value in sorted(status.by_type.items()):
        counts.add_row(f"{escape(name)} (last 24 h)", f"{value:,}")
    counts.add_row("visitors this hour (± 2.3 %)", f"{status.visitors:,.0f}")
    yield counts
    if status.trending:
        trending = Table("page", "views", "usual", title="Trending", title_justify="left")
        for trend in status.trending:
            trending.add_row(escape(trend.page), f"{trend.views:,}", f"{trend.mean:,.1f}")
        yield trending


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def one_line(text: str) -> str:
    """Text on one line, with escapes for what is not printable."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )
