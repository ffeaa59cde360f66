"""The commands of a platform's operation: `clickstream doctor` and its like.

Belongs here: which there are. What they do belongs in the folders beside; `infra.cli` mounts them.
"""

import typer

from infra.deploy.cdk.command import DeployCommands
from infra.deploy.doctor.command import DoctorCommand
from infra.deploy.removal.command import DestroyCommand
from infra.deploy.validation.command import ValidateCommand
from infra.surroundings import Surroundings


def mount(app: typer.Typer, surroundings: Surroundings) -> None:
    """Adds the commands to an app."""
    app.command("doctor")(DoctorCommand(surroundings).doctor)
    app.command("validate")(ValidateCommand(surroundings).validate)
    cdk = DeployCommands(surroundings)
    app.command("deploy")(cdk.deploy)
    app.command("diff")(cdk.diff)
    app.command("destroy")(DestroyCommand(surroundings).destroy)
