"""Commands about the platform of this machine: `clickstream demo`, `up` and `env`.

Belongs here: the commands, their options, and what a person sees. What a command does belongs in
the module it calls; `infra.cli` mounts them.
"""

import json
import shlex
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra import demo as demo_flow
from infra import up as service
from infra.delivery_profiles import Delivery
from infra.early_ends import console, fail, signals_as_interrupt
from infra.local.endpoints import aws_environment
from infra.local.processes import StartError
from infra.local.state import State, StateError
from infra.presentation import Narrator, summary_table
from infra.reach import HOME, StateDir, running_on

SAMPLE = Path(__file__).parent.parent.parent / "data" / "sample" / "apache_logs"

DEMO_HOME = HOME.with_name("demo")

DeliveryOption = Annotated[
    Delivery, typer.Option(help="How events get into the lake: by our function, or by Firehose.")
]


def mount(app: typer.Typer) -> None:
    """Adds the commands to an app."""
    app.command("demo")(demo)
    app.command("up")(up)
    app.command("env")(env)


def demo(
    log: Annotated[
        Path,
        typer.Option(help="An access log in the combined format.", exists=True, dir_okay=False),
    ] = SAMPLE,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Also write the summary to this file.")
    ] = None,
    delivery: DeliveryOption = "lambda",
    state_dir: StateDir = DEMO_HOME,
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


def up(
    state_dir: StateDir = HOME,
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


def env(state_dir: StateDir = HOME) -> None:
    """Print the variables with which any AWS client talks to the running platform.

    `eval "$(clickstream env)"`, then use the AWS CLI, boto3 or a notebook. For a platform in an
    account they need no more than a profile and a region.
    """
    try:
        ports, _ = running_on(State(state_dir))
    except StateError as error:
        fail(str(error))
    for name, value in aws_environment(ports).items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _check_writable(path: Path | None) -> None:
    """A result that cannot be written is better known before the work than after it."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        fail(f"{path} cannot be written: its folder does not exist, or it is a folder")
