"""dbt as a resource, started without a detour over the network.

Belongs here: how the dbt command is started. Its arguments belong in `core.dbt_arguments`, what it
connects to in `dbt_sql/profiles.yml`.
"""

import sys
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version


class DbtResource(DbtCliResource):
    """The dbt command of this environment."""

    @cached_property
    def _cli_version(self) -> Version:
        """The version of dbt, from the installed package.

        The parent runs `dbt --version` before every command: five seconds, and a request to the
        package index that no production run should make.
        """
        return Version(version("dbt-core"))


def dbt_for(project: DbtProject) -> DbtResource:
    """The dbt command for a project: the one installed beside this Python, on PATH or not."""
    beside = Path(sys.executable).with_name("dbt")
    return DbtResource(
        project_dir=str(project.project_dir),
        dbt_executable=str(beside) if beside.exists() else "dbt",
    )
