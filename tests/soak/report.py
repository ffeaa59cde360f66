"""What a soak leaves: a table on the terminal, and `docs/bench/soak.json` and `.md`.

Belongs here: showing a report. What is in it belongs in `run`.
"""

from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import report as bench
from tests.soak.comparison import SHOWN, Check
from tests.soak.outcome import Options, Report

_HOW = """\
`make soak`: a platform of its own, whose functions reach the embedded AWS through microburst
(throttles, errors, refusals, resets in AWS' own format) and a proxy that applies a call and loses
its answer, or does one half of a batch and throttles the other. Meanwhile processes are killed, and
a shard is split and later merged with another. Then everything heals, the batches that were given
up are redriven, and every stored item is compared with a plain count of the stream.

A refusal (AccessDenied) fails an invocation at once; a retryable error is tried again inside it."""


def show(report: Report, console: Console) -> None:
    """Prints the report."""
    told = Table("what", "how often", title="What happened", title_justify="left")
    for name, value in _happened(report).items():
        told.add_row(name, _figure(value))
    console.print(told)
    checks = Table("check", "expected", "found", "", title="Checks", title_justify="left")
    for check in report.checks:
        verdict = "[green]holds[/]" if check.holds else f"[red]{len(check.differences)} differ[/]"
        checks.add_row(check.name, f"{check.expected:,}", f"{check.found:,}", verdict)
    console.print(checks)
    for check in report.checks:
        _show_differences(check, console)


def _show_differences(check: Check, console: Console) -> None:
    if check.holds:
        return
    title = (
        f"{check.name}: the first {min(SHOWN, len(check.differences))} of {len(check.differences)}"
    )
    table = Table(title=title, title_justify="left")
    for name in ("item", "expected", "found", "note"):
        table.add_column(name, overflow="fold")
    for difference in check.differences[:SHOWN]:
        table.add_row(*(cell[:300] for cell in difference))
    console.print(table)


def _happened(report: Report) -> dict[str, Any]:
    """The figures that are not checks."""
    sent, told = report.sent, report.told
    figures: dict[str, Any] = {}
    if sent is not None:
        figures |= {
            "events accepted by the collector, duplicates included": sent.collected,
            "events it was sent again for want of an answer": sent.resent,
            "records of direct producers": sent.direct,
            "events a second while sending": round((sent.collected + sent.direct) / sent.seconds),
        }
    figures |= report.figures
    figures["faults begun"] = sum(report.begun.values())
    figures["calls interfered with"] = sum(
        count for name, count in report.injected.items() if not name.startswith("refused ")
    )
    figures |= {f"killed: {name}": count for name, count in sorted(report.kills.items())}
    figures |= {f"ended by itself: {name}": count for name, count in sorted(report.ends.items())}
    if told is not None:
        figures |= {f"invocations failed: {n}": c for n, c in sorted(told.failed.items())}
    figures |= {f"batches given up: {n}": c for n, c in sorted(report.given_up.items())}
    figures["records in them, redriven"] = report.redriven
    figures["redrives"] = report.redrives
    figures |= {f"seconds {name}": seconds for name, seconds in report.seconds.items()}
    return figures


def write(report: Report, options: Options) -> None:
    """Writes both files."""
    checks = [
        (check.name, f"{check.expected:,}", f"{check.found:,}", "yes" if check.holds else "no")
        for check in report.checks
    ]
    happened = _happened(report)
    causes = dict(sorted(report.told.causes.items())) if report.told else {}
    parts = [
        f"{options.events:,} events, seed {options.seed}, "
        f"{sum(report.seconds.values()):.0f} s in all.",
        "## Checks",
        bench.table(("check", "expected", "found", "holds"), checks),
        "## What happened",
        bench.table(("what", "how often"), [(n, _figure(v)) for n, v in happened.items()]),
        "## Faults",
        bench.table(("fault, kill or reshard", "times"), sorted(report.begun.items())),
        bench.table(("call interfered with", "times"), report.injected.items()),
        "## Why invocations failed",
        bench.table(("function and error", "times"), causes.items()),
        "## How",
        _HOW,
    ]
    figures = {
        "events": options.events,
        "seed": options.seed,
        "happened": happened,
        "faults": report.begun,
        "injected": report.injected,
        "causes": causes,
        "checks": [check.as_json() for check in report.checks],
    }
    bench.write("soak", "Soak under faults", figures, parts)


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
