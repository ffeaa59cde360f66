"""Commands that ask a platform: `clickstream status`, `alerts` and `query`.

Belongs here: the commands, their options, and what a person sees. What is read belongs in the
modules they call; `infra.cli` mounts them.
"""

from typing import Annotated

import typer
from rich.console import Console

from infra.alerts import Rule, alerts_json, alerts_table, read_alerts
from infra.answer_text import OutputFormat, print_answer
from infra.option_groups import with_groups
from infra.presentation import status_tables
from infra.querying import Querying, is_question
from infra.reach import Reach
from infra.status import read_status
from infra.surroundings import Surroundings


def mount(app: typer.Typer, surroundings: Surroundings) -> None:
    """Adds the commands to an app."""
    commands = AskingCommands(surroundings)
    app.command("status")(commands.status)
    app.command("alerts")(commands.alerts)
    app.command("query")(commands.query)


class AskingCommands:
    """The commands, on their surroundings."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    @with_groups
    def status(self, *, reach: Reach) -> None:
        """Show what runs, how far the functions are behind, and what was counted.

        It reads the tables of counters as a whole. In an account that is billed by their size.
        """
        site = self._around.platform(reach)
        out = Console(highlight=False)
        with self._around.aws_errors():
            for table in status_tables(read_status(site)):
                out.print(table)

    @with_groups
    def alerts(
        self,
        *,
        rule: Annotated[Rule | None, typer.Option(help="Only alerts of this rule.")] = None,
        limit: Annotated[int, typer.Option(help="The most alerts to print.", min=1)] = 20,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
        reach: Reach,
    ) -> None:
        """Print what the anomaly detector has raised in the last 30 days, the latest first."""
        site = self._around.platform(reach)
        with self._around.aws_errors():
            found = read_alerts(site.client("dynamodb"), site.topology.stack, rule)
        if as_json:
            typer.echo(alerts_json(found, limit))
        elif found:
            Console(highlight=False).print(alerts_table(found, limit))
            typer.echo(f"{min(limit, len(found)):,} of {len(found):,}")
        else:
            typer.echo(f"No alert{f' of the rule {rule}' if rule else ''} is stored.")

    @with_groups
    def query(
        self,
        *,
        sql: Annotated[str, typer.Argument(help="A statement for Athena.")],
        output: Annotated[OutputFormat, typer.Option("--output", "-o", help="How to print.")] = (
            OutputFormat.TABLE
        ),
        limit: Annotated[int, typer.Option(help="The most rows to print.", min=1)] = 1000,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a change.")] = False,
        reach: Reach,
    ) -> None:
        """Ask Athena: `clickstream query "SELECT * FROM raw_events LIMIT 5"`.

        raw_events and quarantine are there a minute after the events. events, page_views_hourly and
        sessions appear with the first hour that is rolled up, about five minutes after its end.
        """
        if not sql.strip(" \t\r\n;"):
            self._around.fail('there is no statement: clickstream query "SELECT 1"')
        site = self._around.platform(reach)
        if not is_question(sql):
            question = f"{site.name}: this statement changes tables. Run it?"
            self._around.require_yes(question, "nothing was run", yes=yes)
        topology = site.topology
        querying = Querying(site.client("athena"), topology.database, topology.workgroup)
        with self._around.aws_errors():
            answer = querying.ask(sql, limit)
        print_answer(answer, output)
