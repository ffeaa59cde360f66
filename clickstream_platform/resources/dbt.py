"""dbt as a resource, started without a detour over the network.

Belongs here: how the dbt command is started. Its arguments belong in `core.dbt_arguments`, what it
connects to in `dbt_sql/profiles.yml`.
"""

from functools import cached_property
from importlib.metadata import version

from dagster_dbt import DbtCliResource
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
