"""The `clickstream` command.

Belongs here: which commands there are. Their options and what they print belong in the modules that
mount them.
"""

import sys

import typer

from infra.aws.packaging.commands import package_command
from infra.backfill.commands import mount as mount_backfill
from infra.commands import asking, machine, sending
from infra.commands.machine import SAMPLE
from infra.cost.commands import cost_command
from infra.deploy.commands import mount as mount_deploy
from infra.early_ends import aws_errors_as_messages, fail, signals_as_interrupt
from infra.erasure.commands import mount as mount_erasure
from infra.reach import find_site
from infra.retention.commands import mount as mount_retention
from infra.set_aside.commands import mount as mount_set_aside
from infra.surroundings import Surroundings

__all__ = ["SAMPLE", "app"]

app = typer.Typer(
    name="clickstream",
    help="Exact clickstream analytics on AWS, and the very same on a laptop.",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # it flows paragraphs to the width of the terminal
    pretty_exceptions_enable=False,
)

_surroundings = Surroundings(find_site, fail, aws_errors_as_messages, signals_as_interrupt)
machine.mount(app)
sending.mount(app)
asking.mount(app, _surroundings)
mount_set_aside(app, _surroundings)
mount_retention(app, _surroundings)
mount_erasure(app, _surroundings)
mount_backfill(app, _surroundings)
mount_deploy(app, _surroundings)
app.command("cost")(cost_command)
app.command("package")(package_command)

if __name__ == "__main__":
    sys.exit(app())
