"""Conservation: nothing was lost and nothing counted twice between the raw zone and the lake.

Belongs here: the checks of the compacted events. The question and the reading of its answer belong
in `core.conservation`; tests of the marts belong beside their SQL, in dbt.
"""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from clickstream_platform.core.conservation import (
    HourCounts,
    counts_sql,
    is_overtaken,
    read_counts,
)
from clickstream_platform.core.hours import HourRange, spanning
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource

# The checks have no partitions of their own (in Dagster 1.13 those are a preview), so they read the
# run's from its tags, for which there are no public constants.
_PARTITION_TAG = "dagster/partition"
_RANGE_START_TAG = "dagster/asset_partition_range_start"
_RANGE_END_TAG = "dagster/asset_partition_range_end"

_CONSERVED = (
    "Archived rows equal compacted rows plus duplicates, in every hour. An hour that "
    "received raw objects since it was read is left to the rebuild they cause."
)
_SAMPLE = 10


def build_conservation_checks(
    events: dg.AssetKey, table: str, raw_table: str
) -> dg.AssetChecksDefinition:
    """The checks that hold back the marts when the compacted events are wrong.

    Args:
        events: The asset of the compacted events.
        table: Its table.
        raw_table: The table of the raw events.
    """
    conserved = dg.AssetCheckSpec(
        "raw_equals_compacted_plus_duplicates",
        asset=events,
        description=_CONSERVED,
        blocking=True,
    )
    unique = dg.AssetCheckSpec(
        "event_id_is_unique",
        asset=events,
        description="No two compacted rows of an hour have the same event_id.",
        blocking=True,
    )

    @dg.multi_asset_check(name="events_are_conserved", specs=[conserved, unique])
    def events_are_conserved(
        context: dg.AssetCheckExecutionContext,
        athena: AthenaResource,
        lake: LakeResource,
        catalog: CatalogResource,
    ) -> Iterator[dg.AssetCheckResult]:
        hours = _hours_of(context)
        counts = read_counts(athena.query(counts_sql(raw_table, table, hours)))
        unequal = [one for one in counts if not one.is_conserved]
        overtaken = _overtaken_hours(lake, catalog.locations(table, _names(unequal)))
        wrong = [one for one in unequal if one.datehour not in overtaken]
        yield _result(conserved, counts, wrong, overtaken)
        yield _result(unique, counts, [one for one in counts if not one.is_unique])

    return events_are_conserved


def _hours_of(context: dg.AssetCheckExecutionContext) -> HourRange | None:
    """The hours of the run, or None (every hour) when it was started without any."""
    tags = context.run.tags
    if _PARTITION_TAG in tags:
        return HourRange(tags[_PARTITION_TAG], tags[_PARTITION_TAG])
    if _RANGE_START_TAG in tags:
        return HourRange(tags[_RANGE_START_TAG], tags[_RANGE_END_TAG])
    return None


def _names(counts: list[HourCounts]) -> list[str]:
    return [one.datehour for one in counts]


def _overtaken_hours(lake: LakeResource, locations: Mapping[str, str]) -> list[str]:
    """The hours, of some with their locations, that have raw objects no generation has seen."""
    if not locations:
        return []
    objects = lake.list_raw(spanning(locations))
    return [
        hour
        for hour, location in locations.items()
        if is_overtaken(location, [one.modified_at for one in objects.get(hour, [])])
    ]


def _result(
    spec: dg.AssetCheckSpec,
    counts: list[HourCounts],
    wrong: list[HourCounts],
    overtaken: Sequence[str] = (),
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=not wrong,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "hours": len(counts),
            "raw_rows": sum(one.raw_rows for one in counts),
            "rows": sum(one.rows for one in counts),
            "duplicates": sum(one.duplicates for one in counts),
            "hours_overtaken": list(overtaken[:_SAMPLE]),
            "hours_wrong": [str(one) for one in wrong[:_SAMPLE]],
        },
    )
