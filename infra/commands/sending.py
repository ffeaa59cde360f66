"""Commands that send events to a collector: `clickstream replay` and `send`.

Belongs here: the commands, their options, and what a person sees. Reading and sending belong in
`infra.sending`; `infra.cli` mounts them.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from infra import sending
from infra.early_ends import console, fail
from infra.local.state import State, StateError
from infra.presentation import report_lines, sending_progress
from infra.reach import HOME, StateDir, running_on

CollectorUrl = Annotated[
    str | None,
    typer.Option("--collector", help="Address of the collector; the running platform's if left."),
]


class LogFormat(StrEnum):
    """Formats of a file of events."""

    COMBINED = "combined"
    NDJSON = "ndjson"


def mount(app: typer.Typer) -> None:
    """Adds the commands to an app."""
    app.command("replay")(replay)
    app.command("send")(send)


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
    state_dir: StateDir = HOME,
) -> None:
    """Send a file of events to the collector.

    Ids follow from the lines, so replaying a file again changes no batch figure. Lines that cannot
    be read are reported with their numbers and passed over.
    """
    url = collector or _collector_on(state_dir)
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


def send(
    events: Annotated[
        int | None, typer.Option(help="Stop after this many events; Ctrl-C otherwise.", min=1)
    ] = None,
    rate: Annotated[float, typer.Option(help="Events a second.", min=0.001)] = 10,
    seed: Annotated[
        int | None, typer.Option(help="The same seed makes the same visitors and choices.")
    ] = None,
    collector: CollectorUrl = None,
    state_dir: StateDir = HOME,
) -> None:
    """Send made-up but realistic sessions, as they happen."""
    url = collector or _collector_on(state_dir)
    with sending_progress(console) as progress:
        try:
            outcome = sending.send(events, rate, seed, url, progress)
        except (sending.SendError, ValueError) as error:
            fail(str(error))
    for line in report_lines(outcome):
        console.print(line)


def _collector_on(state_dir: Path) -> str:
    try:
        ports, _ = running_on(State(state_dir))
    except StateError as error:
        fail(str(error))
    return ports.collector_url


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
