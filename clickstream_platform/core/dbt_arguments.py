"""Which command line dbt is given.

Belongs here: arguments, as pure values, so that a test can compare them literally. Starting dbt
belongs to the assets in `defs/rollups`; what dbt connects to belongs in `dbt_sql/profiles.yml`.
"""

import json

from clickstream_platform.core.build_parts import BuildPart


def build_arguments(part: BuildPart | None = None) -> list[str]:
    """The arguments that build the selected models and run their data tests.

    Unit tests are left out: they prove the SQL, not the data, and cost several Athena queries each.
    `dbt test --select test_type:unit` runs them. The selection itself is added by dagster-dbt.

    Args:
        part: What is built; every model rebuilds the days that depend on its hours
            (`dbt_sql/macros/days.sql`). None builds all days.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if part is None:
        return arguments
    told: dict[str, str | bool] = {"first_hour": part.hours.first, "last_hour": part.hours.last}
    if part.is_anew:
        told["is_anew"] = True
    if part.is_followed:
        told["is_followed"] = True
    if part.tested_since is None:
        arguments += ["--exclude-resource-type", "test"]
    elif part.tested_since != part.hours.first:
        told["tested_since"] = part.tested_since
    return [*arguments, "--vars", json.dumps(told)]


def parse_arguments() -> list[str]:
    """The arguments that write the manifest, without a warehouse or a network."""
    return ["parse", "--quiet"]
