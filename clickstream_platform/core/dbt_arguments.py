"""Which command line dbt is given.

Belongs here: arguments, as pure values, so that a test can compare them literally. Starting dbt
belongs to the assets in `defs/rollups`; what dbt connects to belongs in `dbt_sql/profiles.yml`.
"""

import json

from clickstream_platform.core.hours import HourRange


def build_arguments(hours: HourRange | None) -> list[str]:
    """The arguments that build the selected models and run their data tests.

    Unit tests are left out: they prove the SQL, not the data, and cost several Athena queries each.
    `dbt test --select test_type:unit` runs them. The selection itself is added by dagster-dbt.

    Args:
        hours: The hours that have changed; every model rebuilds the days that depend on them
            (`dbt_sql/macros/days.sql`). None builds all days.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if hours is None:
        return arguments
    changed = {"first_hour": hours.first, "last_hour": hours.last}
    return [*arguments, "--vars", json.dumps(changed)]


def parse_arguments() -> list[str]:
    """The arguments that write the manifest, without a warehouse or a network."""
    return ["parse", "--quiet"]
