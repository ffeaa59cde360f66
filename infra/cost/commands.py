"""`clickstream cost`: what a million events cost, as a table or as JSON.

Belongs here: the options, and how the answer is printed. The answer belongs in `report`.
"""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.cost.load import CostError, Load
from infra.cost.report import cost_report
from infra.delivery_profiles import Delivery

EventsPerSession = Annotated[float, typer.Option(help="Mean events of a session.")]
SessionGap = Annotated[float, typer.Option(help="Mean seconds between two events of a session.")]


def cost_command(  # noqa: PLR0913 - one for each option
    *,
    events_per_day: Annotated[float, typer.Option(help="Events a day, such as 1000000 or 1e9.")],
    window: Annotated[
        float | None,
        typer.Option(help="Seconds the real-time functions gather events; the topology's if left."),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Their largest batch; the topology's if left.")
    ] = None,
    shards: Annotated[
        int | None, typer.Option(help="Shards of the stream; as many as the peak needs if left.")
    ] = None,
    peak_factor: Annotated[
        float, typer.Option(help="How much more than the mean the shards must take.")
    ] = Load.peak_factor,
    events_per_session: EventsPerSession = Load.events_per_session,
    session_gap: SessionGap = Load.session_gap_s,
    events_per_request: Annotated[
        float, typer.Option(help="Events that a request of the collector brings.")
    ] = Load.events_per_request,
    delivery: Annotated[
        Delivery, typer.Option(help="How events get into the lake: by our function, or Firehose.")
    ] = "lambda",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate dollars per million events on AWS, beside the documents' design.

    With `--delivery firehose` also beside the other profile.
    """
    load = Load(
        events_per_day,
        window_s=window,
        batch_size=batch_size,
        shards=shards,
        peak_factor=peak_factor,
        events_per_request=events_per_request,
        events_per_session=events_per_session,
        session_gap_s=session_gap,
    )
    try:
        report = cost_report(load, delivery)
        if delivery != "lambda":
            report["other_profiles"] = {"lambda": _side_of(cost_report(load))}
    except CostError as error:
        Console(stderr=True, highlight=False).print(f"[red]error:[/red] {escape(str(error))}")
        raise typer.Exit(1) from None
    write_cost(report, as_json=as_json)


def _side_of(report: dict[str, Any]) -> dict[str, Any]:
    """A design's costs alone."""
    return {name: report[name] for name in ("usd_per_million", "by_service", "usd_per_month")}


def write_cost(report: dict[str, Any], *, as_json: bool) -> None:
    """Prints the answer on standard output, as JSON or as tables."""
    console = Console(highlight=False)
    if as_json:
        console.file.write(json.dumps(report, indent=2) + "\n")
    else:
        print_cost(report, console)


def print_cost(report: dict[str, Any], console: Console) -> None:
    """Prints the answer for a person."""
    console.print(_services(report))
    console.print(_functions(report))
    console.print(
        f"{report['times_cheaper']:g} times cheaper. Prices: {report['prices']}; measured "
        f"{report['measured']}. Assumed:",
        soft_wrap=True,
    )
    for text in report["assumptions"]:
        console.print(f"  - {escape(text)}", soft_wrap=True, style="dim")
    for text in report["warnings"]:
        console.print(f"[yellow]warning:[/yellow] {escape(text)}", soft_wrap=True)


def _services(report: dict[str, Any]) -> Table:
    """Both designs by service, our dearest first."""
    table = Table(
        title=f"Dollars per million events at {report['events_per_day']:,.0f} a day, "
        f"{report['window_s']:g} s window",
        title_justify="left",
    )
    table.add_column("service")
    others = report.get("other_profiles", {})
    name = f"ours, {report['delivery']}" if others else "ours"
    for header in (name, *(f"ours, {other}" for other in others), "the documents'"):
        table.add_column(header, justify="right")
    sides = (report, *others.values(), report["documents"])
    by_service = [side["by_service"] for side in sides]
    services = {service for side in by_service for service in side}
    for service in sorted(services, key=lambda one: (-by_service[0].get(one, 0), one)):
        table.add_row(service, *(_cell(side.get(service)) for side in by_service))
    table.add_section()
    table.add_row("a million events", *(_cell(side["usd_per_million"]) for side in sides))
    table.add_row("a month", *(f"{side['usd_per_month']:,.2f}" for side in sides))
    table.add_section()
    collector = report["collector"]
    each = f"{collector['events_per_request']:g} events a request"
    table.add_row(
        f"collector, not included ({each})",
        _cell(collector["usd_per_million"]),
        *["-"] * (len(sides) - 1),
    )
    marts = report["marts"]
    each = f"{marts['queries_per_day']:,} Athena queries a day"
    table.add_row(
        f"marts, not included ({each})",
        _cell(marts["usd_per_million"]),
        *["-"] * (len(sides) - 1),
    )
    return table


def _functions(report: dict[str, Any]) -> Table:
    """How our functions run: their average batches."""
    shards = report["shards"]
    table = Table(
        title=f"Batches on {shards:,} shard{'s' if shards > 1 else ''}", title_justify="left"
    )
    table.add_column("function", no_wrap=True)
    for header in ("window", "events", "sessions", "a day", "ms", "MB"):
        table.add_column(header, justify="right")
    for name, one in report["functions"].items():
        table.add_row(
            name,
            f"{one['window_s']:g} s",
            f"{one['batch']:,.0f}",
            f"{one['sessions']:,.0f}",
            f"{one['invocations_per_day']:,}",
            f"{one['duration_ms']:,.0f}",
            f"{one['memory_mb']:,}",
        )
    return table


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3f}"
