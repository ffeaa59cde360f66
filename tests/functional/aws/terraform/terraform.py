"""The module as Terraform evaluates it, against the provider's schema."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

MISSING = "the terraform CLI is not installed: the module is only read, not evaluated"


class Planned(NamedTuple):
    """A resource as it would be created, its references filled in."""

    type: str
    name: str
    values: dict[str, Any]


class Plan(NamedTuple):
    """What Terraform would create, and what the module would tell."""

    resources: list[Planned]
    outputs: dict[str, Any]

    def of_type(self, type_: str) -> list[Planned]:
        found = [one for one in self.resources if one.type == type_]
        assert found, f"no {type_} is planned: a test of none of them would prove nothing"
        return found


class TerraformError(Exception):
    """Terraform refuses; what it says is the message."""


class Terraform:
    """Terraform in a folder of its own, without the settings of whoever runs the tests.

    Args:
        folder: The folder.
        provider: The environment in which it finds the provider.
    """

    def __init__(self, folder: Path, provider: Mapping[str, str]) -> None:
        self.folder = folder
        settings = folder / "terraform.rc"
        settings.write_text("")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_CLI_CONFIG_FILE": str(settings),
            **provider,
        }

    def run(self, *arguments: str) -> str:
        """What it prints.

        Raises:
            TerraformError: If it refuses.
        """
        ended = subprocess.run(
            [executable(), *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise TerraformError(ended.stdout + ended.stderr)
        return ended.stdout

    def plan(self, values: Mapping[str, Any]) -> Plan:
        """What it would create with some values of the module's variables.

        Raises:
            TerraformError: If it refuses.
        """
        (self.folder / "chosen.auto.tfvars.json").write_text(json.dumps(values))
        self.run("plan", "-out=planned", "-input=false", "-lock=false", "-no-color")
        shown = json.loads(self.run("show", "-json", "planned"))
        root = shown["planned_values"]
        return Plan(
            [
                Planned(one["type"], one["name"], one["values"])
                for one in root["root_module"]["resources"]
                if one["mode"] == "managed"
            ],
            {name: it.get("value") for name, it in root["outputs"].items()},
        )


def executable() -> str:
    """The CLI; an empty text where there is none."""
    return shutil.which("terraform") or ""
