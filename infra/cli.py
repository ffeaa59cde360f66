"""The `clickstream` command.

Belongs here: commands, their options, and what a person sees. What a command does belongs in the
module it calls.
"""

import json
import os
import shlex
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import boto3
import typer
from rich.console import Console

from infra import demo as demo_flow
from infra import sending
from infra import up as service
from infra.alerts import Rule, alerts_json, alerts_table, read_alerts
from infra.aws.packaging.commands import package_command
from infra.backfill.commands import mount as mount_backfill
from infra.cost.commands import cost_command
from infra.delivery_profiles import Delivery
from infra.deploy.commands import mount as mount_deploy
from infra.early_ends import (
    aws_errors_as_messages,
    console,
    fail,
    signals_as_interrupt,
)
from infra.erasure.commands import mount as mount_erasure
from infra.local.endpoints import ACCOUNT, Ports, aws_environment
from infra.local.processes import StartError
from infra.local.state import State, StateError
from infra.presentation import (
    Narrator,
    print_answer,
    report_lines,
    sending_progress,
    status_tables,
    summary_table,
)
from infra.querying import Querying, is_question
from infra.retention.commands import mount as mount_retention
from infra.set_aside.commands import mount
from infra.status import read_status
from infra.surroundings import Surroundings
from infra.topology import build_topology

HOME = Path(".clickstream")
SAMPLE = Path(__file__).parent.parent / "data" / "sample" / "apache_logs"

app = typer.Typer(
    name="clickstream",
    help="Exact clickstream analytics on AWS, and the very same on a laptop.",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # it flows paragraphs to the width of the terminal
    pretty_exceptions_enable=False,
)

StateDir = Annotated[
    Path, typer.Option("--state-dir", help="Where the platform keeps its state.", file_okay=False)
]
CollectorUrl = Annotated[
    str | None,
    typer.Option("--collector", help="Address of the collector; the running platform's if left."),
]


DeliveryOption = Annotated[
    Delivery, typer.Option(help="How events get into the lake: by our function, or by Firehose.")
]


class LogFormat(StrEnum):
    """Formats of a file of events."""

    COMBINED = "combined"
    NDJSON = "ndjson"


class OutputFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command()
def demo(
    log: Annotated[
        Path,
        typer.Option(help="An access log in the combined format.", exists=True, dir_okay=False),
    ] = SAMPLE,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Also write the summary to this file.")
    ] = None,
    delivery: DeliveryOption = "lambda",
    state_dir: StateDir = HOME / "demo",
) -> None:
    """Send a real access log through the whole platform and print what came out.

    Starts the embedded AWS, replays the log through the collector over HTTP, lets the batch side
    run, reads every figure back from DynamoDB and Athena, and stops everything again. Look at its
    result in the Dagster UI with `clickstream up --state-dir .clickstream/demo`.
    """
    _check_writable(json_out)
    with signals_as_interrupt(), Narrator(console) as narrator:
        try:
            watch = demo_flow.Watch(narrator.stage, narrator.sent)
            summary = demo_flow.run_demo(log, state_dir, watch, delivery)
        except (demo_flow.DemoError, StateError, StartError) as error:
            fail(str(error))
        except KeyboardInterrupt:
            fail("interrupted; everything was stopped", code=130)
    if json_out is not None:
        json_out.write_text(json.dumps(summary, indent=2) + "\n")
    Console(highlight=False).print(summary_table(summary))


@app.command()
def up(
    state_dir: StateDir = HOME / "platform",
    port: Annotated[int, typer.Option(help="Port of the collector.", min=1, max=65535)] = 8080,
    ui_port: Annotated[int, typer.Option(help="Port of Dagster's UI.", min=1, max=65535)] = 3000,
    archive_window: Annotated[
        float, typer.Option(help="Seconds the archive gathers events into one object.", min=0)
    ] = 60,
    first_hour: Annotated[
        str | None,
        typer.Option(
            help="First hour of the batch side's partitions, yyyy-MM-dd-HH in UTC. Kept for later "
            "starts; at first 30 days ago."
        ),
    ] = None,
    delivery: Annotated[
        Delivery | None,
        typer.Option(
            help="How events get into the lake: by our function, or by Firehose. Kept for later "
            "starts; at first by our function."
        ),
    ] = None,
) -> None:
    """Keep the platform running: collector, functions, embedded AWS, Dagster UI.

    Ctrl-C stops everything it started. The state survives and is used by the next start.
    """
    options = service.UpOptions(state_dir, port, ui_port, archive_window, first_hour, delivery)
    with signals_as_interrupt(), Narrator(console) as narrator:
        try:
            service.run(options, narrator.stage, partial(console.print, soft_wrap=True))
        except (StateError, StartError, ValueError) as error:
            fail(str(error))
        except KeyboardInterrupt:
            console.print("Stopped. The state is kept; start again with the same command.")


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="The file to send.", exists=True, dir_okay=False)],
    log_format: Annotated[
        LogFormat,
        typer.Option("--format", help="combined: an access log; ndjson: one JSON event a line."),
    ] = LogFormat.COMBINED,
    rate: Annotated[
        float | None, typer.Option(help="Events a second; as fast as possible if left.", min=0.001)
    ] = None,
    collector: CollectorUrl = None,
    state_dir: StateDir = HOME / "platform",
) -> None:
    """Send a file of events to the collector.

    Ids follow from the lines, so replaying a file again changes no batch figure. Lines that cannot
    be read are reported with their numbers and passed over.
    """
    url = collector or _ports(state_dir).collector_url
    with sending_progress(console) as progress:
        try:
            outcome = sending.replay(file, log_format.value, url, rate, progress)
        except (sending.SendError, ValueError) as error:
            fail(str(error))
    for line in report_lines(outcome):
        console.print(line)
    if collector is None and outcome.first_hour is not None:
        _warn_of_early_hours(state_dir, outcome.first_hour)
    if outcome.unreadable and not outcome.report.taken:
        fail(f"nothing in {file} is in the {log_format} format; --format chooses another")
    if outcome.report.rejected:
        raise typer.Exit(1)


@app.command()
def send(
    events: Annotated[
        int | None, typer.Option(help="Stop after this many events; Ctrl-C otherwise.", min=1)
    ] = None,
    rate: Annotated[float, typer.Option(help="Events a second.", min=0.001)] = 10,
    seed: Annotated[
        int | None, typer.Option(help="The same seed makes the same visitors and choices.")
    ] = None,
    collector: CollectorUrl = None,
    state_dir: StateDir = HOME / "platform",
) -> None:
    """Send made-up but realistic sessions, as they happen."""
    url = collector or _ports(state_dir).collector_url
    with sending_progress(console) as progress:
        try:
            outcome = sending.send(events, rate, seed, url, progress)
        except (sending.SendError, ValueError) as error:
            fail(str(error))
    for line in report_lines(outcome):
        console.print(line)


@app.command()
def status(state_dir: StateDir = HOME / "platform") -> None:
    """Show what runs, how far the functions are behind, and what was counted."""
    ports = _ports(state_dir)
    out = Console(highlight=False)
    with aws_errors_as_messages():
        for table in status_tables(read_status(State(state_dir), ports)):
            out.print(table)


@app.command()
def alerts(
    rule: Annotated[Rule | None, typer.Option(help="Only alerts of this rule.")] = None,
    limit: Annotated[int, typer.Option(help="The most alerts to print.", min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    state_dir: StateDir = HOME / "platform",
) -> None:
    """Print what the anomaly detector has raised in the last 30 days, the latest first."""
    _ports(state_dir)
    with aws_errors_as_messages():
        found = read_alerts(boto3.client("dynamodb"), build_topology(ACCOUNT).stack, rule)
    if as_json:
        typer.echo(alerts_json(found, limit))
    elif found:
        Console(highlight=False).print(alerts_table(found, limit))
        typer.echo(f"{min(limit, len(found)):,} of {len(found):,}")
    else:
        typer.echo(f"No alert{f' of the rule {rule}' if rule else ''} is stored.")


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="A statement for Athena.")],
    output: Annotated[OutputFormat, typer.Option("--output", "-o", help="How to print.")] = (
        OutputFormat.TABLE
    ),
    limit: Annotated[int, typer.Option(help="The most rows to print.", min=1)] = 1000,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a change.")] = False,
    state_dir: StateDir = HOME / "platform",
) -> None:
    """Ask Athena: `clickstream query "SELECT * FROM raw_events LIMIT 5"`.

    raw_events and quarantine are there a minute after the events. events, page_views_hourly and
    sessions appear with the first hour that is rolled up, about five minutes after its end.
    """
    _ports(state_dir)
    topology = build_topology()
    querying = Querying(boto3.client("athena"), topology.database, topology.workgroup)
    if not yes and not is_question(sql):
        typer.confirm("This statement changes tables. Run it?", abort=True)
    with aws_errors_as_messages():
        answer = querying.ask(sql, limit)
    print_answer(answer, output.value)


@app.command()
def env(state_dir: StateDir = HOME / "platform") -> None:
    """Print the variables with which any AWS client talks to the running platform.

    `eval "$(clickstream env)"`, then use the AWS CLI, boto3 or a notebook.
    """
    for name, value in aws_environment(_ports(state_dir)).items():
        typer.echo(f"export {name}={shlex.quote(value)}")


app.command("cost")(cost_command)
app.command("package")(package_command)


def _ports(state_dir: Path) -> Ports:
    """The running platform's ports; this process's AWS clients talk to it from now on."""
    try:
        running = State(state_dir).read_running()
    except StateError as error:
        fail(str(error))
    ports = Ports(**running["ports"])
    os.environ.update(aws_environment(ports))
    return ports


def _warn_of_early_hours(state_dir: Path, first_hour: str) -> None:
    """Says so when the batch side has no partitions for what was sent: it would wait for ever."""
    first_partition = State(state_dir).open().get("first_hour")
    if first_partition is not None and first_hour < first_partition:
        console.print(
            f"The batch side's partitions begin at {first_partition}; the hours from {first_hour} "
            "on are archived and wait. To have them rolled up, stop the platform and start it with "
            f"`clickstream up --first-hour {first_hour}`",
            soft_wrap=True,
        )


def _check_writable(path: Path | None) -> None:
    """A result that cannot be written is better known before the work than after it."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        fail(f"{path} cannot be written: its folder does not exist, or it is a folder")


_surroundings = Surroundings(_ports, fail, aws_errors_as_messages, signals_as_interrupt)
mount(app, _surroundings)
mount_retention(app, _surroundings)
mount_erasure(app, _surroundings)
mount_backfill(app, _surroundings)
mount_deploy(app, _surroundings)

if __name__ == "__main__":
    sys.exit(app())
