"""`clickstream cost`: what a million events cost, as a table or as JSON.

Belongs here: the answer's document and how it is printed. The sums belong in `cost`.
"""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra import cost
from infra.cost import Consumer, CostError, Load
from infra.cost_documents import documents_cost
from infra.cost_inputs import PRICES_OF, read_measurements, read_prices
from infra.topology import build_topology

_BUSY = 0.8  # beyond this a function has no room for a peak


def cost_command(
    events_per_day: Annotated[float, typer.Option(help="Events a day, such as 1000000 or 1e9.")],
    window: Annotated[
        float | None,
        typer.Option(help="Seconds the real-time functions gather events; the topology's if left."),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Their largest batch; the topology's if left.")
    ] = None,
    peak_factor: Annotated[
        float, typer.Option(help="How much more than the mean the shards must take.")
    ] = Load.peak_factor,
    events_per_request: Annotated[
        float, typer.Option(help="Events that a request of the collector brings.")
    ] = Load.events_per_request,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate dollars per million events on AWS, beside the documents' design."""
    load = Load(events_per_day, window, batch_size, peak_factor, events_per_request)
    try:
        report = cost_report(load)
    except CostError as error:
        Console(stderr=True, highlight=False).print(f"[red]error:[/red] {escape(str(error))}")
        raise typer.Exit(1) from None
    write_cost(report, as_json=as_json)


def cost_report(load: Load) -> dict[str, Any]:
    """Costs both designs at a load.

    Raises:
        CostError: If the load is out of range.
    """
    load.check()
    topology, prices, measurements = build_topology(), read_prices(), read_measurements()
    ours, consumers, written = cost.our_cost(load, topology, measurements, prices)
    theirs = documents_cost(load, prices)
    collector = cost.collector_cost(load, topology, prices)
    events = load.events_per_day
    our_total, their_total = sum(ours.values()), sum(theirs.values())
    return {
        "events_per_day": events,
        "window_s": next(one.window_s for one in consumers if one.name == "aggregator"),
        "shards": consumers[0].shards,
        "peak_factor": load.peak_factor,
        "usd_per_million": _dollars(our_total / events * cost.MILLION),
        "by_service": _rounded(cost.per_million(ours, events)),
        "usd_per_month": round(our_total * cost.DAYS_A_MONTH, 2),
        "write_units_per_event": {name: round(n / events, 4) for name, n in written.items()},
        "functions": {one.name: _function(one) for one in consumers},
        "collector": {
            "included": False,
            "events_per_request": load.events_per_request,
            "usd_per_million": _dollars(sum(collector.values()) / events * cost.MILLION),
            "by_service": _rounded(cost.per_million(collector, events)),
        },
        "documents": {
            "usd_per_million": _dollars(their_total / events * cost.MILLION),
            "by_service": _rounded(cost.per_million(theirs, events)),
            "usd_per_month": round(their_total * cost.DAYS_A_MONTH, 2),
        },
        "times_cheaper": round(their_total / our_total, 1),
        "prices": f"us-east-1, on demand, {PRICES_OF}",
        "measured": measurements.date,
        "assumptions": assumptions(load),
        "warnings": [text for one in consumers for text in _warnings(one)],
    }


def assumptions(load: Load) -> list[str]:
    """What the figures rest on besides the prices and the measurements."""
    return [
        f"events come evenly over the day; shards are sized for {load.peak_factor:g} times the "
        "mean (1,000 records/s or 1 MB/s in, 2 MB/s out for all consumers), at least one",
        "one record for each event; batches hold what a window gathers, at most the batch size and "
        "6 MB",
        "sessions, pages and types in a batch as in tests.bench.writes: one full shard's traffic, "
        "whatever the window; sessions that come back within a longer window cost less",
        f"a call takes {cost.CALL_MS:g} ms, {cost.PARALLEL_CALLS} at a time; CPU is the bench "
        "machine's, on the share of a vCPU that the memory buys",
        "no fault, retry or cold start; stored items are small; lake objects are kept one month",
        "the batch side (Athena, Glue, Dagster, QuickSight), free tiers, transfer and tax are left "
        "out",
        "the collector is not included: the documents' producers write to Kinesis directly",
    ]


def print_cost(report: dict[str, Any], console: Console) -> None:
    """Prints the answer for a person."""
    table = Table(
        title=f"Dollars per million events at {report['events_per_day']:,.0f} a day, "
        f"{report['window_s']:g} s window",
        title_justify="left",
    )
    table.add_column("service")
    table.add_column("ours", justify="right")
    table.add_column("the documents'", justify="right")
    ours, theirs = report["by_service"], report["documents"]["by_service"]
    for service in sorted({**ours, **theirs}):
        table.add_row(service, *(_cell(side.get(service)) for side in (ours, theirs)))
    table.add_section()
    totals = (report["usd_per_million"], report["documents"]["usd_per_million"])
    table.add_row("all", *map(_cell, totals))
    months = (report["usd_per_month"], report["documents"]["usd_per_month"])
    table.add_row("a month", *(f"{value:,.2f}" for value in months))
    table.add_section()
    collector = report["collector"]
    each = f"{collector['events_per_request']:g} events a request"
    table.add_row(f"collector, not included ({each})", _cell(collector["usd_per_million"]), "-")
    console.print(table)
    plan = ", ".join(
        f"{name}: {one['batch']:,.0f} events" for name, one in report["functions"].items()
    )
    console.print(f"{report['times_cheaper']:g} times cheaper; {report['shards']} shards; {plan}.")
    console.print(f"Prices: {report['prices']}; measured {report['measured']}. Assumed:")
    for text in report["assumptions"]:
        console.print(f"  - {escape(text)}", soft_wrap=True, style="dim")
    for text in report["warnings"]:
        console.print(f"[yellow]warning:[/yellow] {escape(text)}", soft_wrap=True)


def write_cost(report: dict[str, Any], *, as_json: bool) -> None:
    """Prints the answer on standard output, as JSON or as a table."""
    console = Console(highlight=False)
    if as_json:
        console.file.write(json.dumps(report, indent=2) + "\n")
    else:
        print_cost(report, console)


def _function(consumer: Consumer) -> dict[str, float]:
    return {
        "batch": round(consumer.batch.batch_size, 1),
        "window_s": consumer.window_s,
        "invocations_per_day": round(consumer.batches),
        "duration_ms": round(consumer.duration_ms, 1),
        "memory_mb": consumer.memory_mb,
        "busy": round(consumer.busy, 3),
    }


def _warnings(consumer: Consumer) -> list[str]:
    if consumer.busy <= _BUSY:
        return []
    return [
        f"{consumer.name} works {consumer.busy:.0%} of the time on {consumer.memory_mb} MB: give "
        "it more memory, or the stream more shards"
    ]


def _dollars(value: float) -> float:
    return round(value, 4)


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {service: _dollars(value) for service, value in values.items()}


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3f}"
