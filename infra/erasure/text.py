"""How an erasure is shown.

Belongs here: wording and tables. The ids given are never printed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from infra.erasure.stores import Findings

_SHOWN_HOURS = 20


def findings_table(findings: Findings) -> Table:
    """What was found, by store."""
    table = Table("found", title="What would be erased", title_justify="left")
    table.add_column("count", justify="right")
    for name, count in findings.counts.items():
        table.add_row(name.replace("_", " "), f"{count:,}")
    table.add_row("hours", f"{len(findings.rows.hours):,}")
    table.add_row("raw objects to look through", f"{findings.raw_objects:,}")
    return table


def links_line(findings: Findings) -> str:
    """Which ids beside those given are the person's."""
    links = findings.links
    line = (
        f"{len(links.devices):,} anonymous ids and {len(links.sessions):,} sessions occur with "
        "them and with no other user."
    )
    if links.shared_devices or links.shared_sessions:
        line += (
            f" {links.shared_devices:,} anonymous ids and {links.shared_sessions:,} sessions are "
            "shared with others: only what carries an id of the person goes from there."
        )
    return line


def hour_lines(findings: Findings) -> Iterator[str]:
    """The rows of each hour, the first few hours."""
    hours = findings.rows.hours
    for hour in hours[:_SHOWN_HOURS]:
        counts = {table: n for (table, at), n in findings.rows.by_hour.items() if at == hour}
        yield f"  {hour}  " + ", ".join(f"{n:,} in {table}" for table, n in sorted(counts.items()))
    if len(hours) > _SHOWN_HOURS:
        yield f"  and {len(hours) - _SHOWN_HOURS:,} more hours"


def question(findings: Findings) -> str:
    """What a person is asked before anything is erased."""
    rows = findings.counts["raw_rows"] + findings.counts["event_rows"]
    found = (
        f"{rows:,} rows in {len(findings.rows.hours):,} hours and all that was built from them"
        if any(findings.counts.values())
        else "what may be left of a person of whom nothing was found"
    )
    return (
        f"Erase {found}? Every answer of Athena that is kept goes as well, whoever asked. "
        "This cannot be undone"
    )


def report_table(report: Mapping[str, Any]) -> Table:
    """What was removed."""
    table = Table("removed", title="Erased", title_justify="left")
    table.add_column("count", justify="right")
    for name, count in report["removed"].items():
        table.add_row(name.replace("_", " "), f"{count:,}")
    return table


def report_lines(report: Mapping[str, Any], place: str) -> Iterator[str]:
    """What stays for a while, the check, and where the report is."""
    yield "Not deleted by this:"
    for one in report["remains"]:
        until = f", gone by {one['until']}" if one["until"] else ""
        advice = f" ({escape(one['advice'])})" if one["advice"] else ""
        yield f"  - {escape(one['what'])}{until}{advice}"
    yield f"Checked at {report['verified']['at']}: nothing is left in any store that was looked at."
    yield f"Report: {place}, sha256 {report['sha256']}"
