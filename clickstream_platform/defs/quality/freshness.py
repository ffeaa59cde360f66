"""Freshness: whether data is as recent as it ought to be.

Belongs here: two answers to that. A policy asks how long ago an asset was materialized. It cannot
know whether there was anything to materialize, so it is wide: a site sleeps at night and at
weekends. The check asks whether what has arrived was compacted in time. It is tight, and content
with a quiet hour.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from clickstream_platform.core.hours import HourRange, spanning
from clickstream_platform.core.retention import is_read
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from lambdas.shared import lake as layout

_HOUR = timedelta(hours=1)
# An hour is compacted after its end and a grace; a run before it may take its time.
_BEHIND_RAW = timedelta(hours=2)
# Late files are gathered for a quarter of an hour, four times at most, and then wait for the run
# that is under way.
_IN_TIME = timedelta(hours=2)
_LOOK_BACK = timedelta(hours=24)
_DESCRIPTION = (
    "What arrived for an hour of the last day that has ended is compacted within two hours: the "
    "sensor sees it, runs are started, and they succeed. A quiet hour has nothing to compact."
)
_SAMPLE = 10


def with_freshness(
    assets: Iterable[dg.AssetsDefinition | dg.AssetSpec],
    raw_hours: dg.AssetKey,
    derived_layers: Sequence[str],
    quiet: tuple[timedelta, timedelta],
) -> Sequence[dg.AssetsDefinition | dg.AssetSpec]:
    """Gives assets a freshness policy.

    Args:
        assets: The assets.
        raw_hours: The asset of the raw objects: how long the site was quiet.
        derived_layers: Layers (first parts of keys) that follow it, a little later.
        quiet: How long no event may arrive before that is a warning, and before it is a failure.
    """
    warn, fail = quiet
    raw = dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn)
    derived = dg.FreshnessPolicy.time_window(
        fail_window=fail + _BEHIND_RAW, warn_window=warn + _BEHIND_RAW
    )

    def fresh(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.key == raw_hours:
            return spec.replace_attributes(freshness_policy=raw)
        if spec.key.path[0] in derived_layers:
            return spec.replace_attributes(freshness_policy=derived)
        return spec

    return dg.map_asset_specs(fresh, list(assets))


def build_compacted_in_time_check(
    raw_hours: dg.AssetKey, table: str, partitions: dg.PartitionsDefinition[str]
) -> dg.AssetChecksDefinition:
    """The check that closed hours are compacted in time.

    It compares listings and locations, not what Dagster remembers, so it also finds what the sensor
    never heard of. It takes resources `lake` and `catalog`.

    It is a check of the raw hours, which nobody materializes: one of the compacted events would be
    part of every rebuild. It is blocking so that it fails its run, because failed runs are told.

    Args:
        raw_hours: The asset of the raw objects.
        table: The table of the compacted events.
        partitions: The hours that can be compacted; others wait for a setting.
    """
    spec = dg.AssetCheckSpec(
        "closed_hours_are_compacted", asset=raw_hours, description=_DESCRIPTION, blocking=True
    )

    @dg.multi_asset_check(name="hours_are_compacted_in_time", specs=[spec])
    def hours_are_compacted_in_time(
        lake: LakeResource, catalog: CatalogResource
    ) -> dg.AssetCheckResult:
        now = datetime.now(UTC)
        hours = [hour for hour in closed_hours(now).hours() if partitions.has_partition_key(hour)]
        objects = lake.list_raw(spanning(hours)) if hours else {}
        late = overdue(objects, catalog.locations(table, objects), now - _IN_TIME)
        return dg.AssetCheckResult(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=not late,
            severity=dg.AssetCheckSeverity.ERROR,
            description=_summary(late),
            metadata={
                "hours": len(hours),
                "hours_quiet": len(hours) - len(objects),
                "hours_overdue": late[:_SAMPLE],
            },
        )

    return hours_are_compacted_in_time


def _summary(late: Sequence[str]) -> str:
    if not late:
        return "What has arrived is compacted."
    return (
        f"{len(late)} hours hold raw objects older than {_IN_TIME} that are not compacted: look at "
        "the sensor raw_objects and at the last runs of hourly_rollup."
    )


def closed_hours(now: datetime) -> HourRange:
    """The hours of the last day that ended long enough ago to be compacted."""
    last = now - _IN_TIME - _HOUR
    return HourRange(layout.datehour_of(last - _LOOK_BACK), layout.datehour_of(last))


def overdue(
    objects: Mapping[str, Sequence[StoredObject]], locations: Mapping[str, str], before: datetime
) -> list[str]:
    """The hours with raw objects of before a time that no generation has read.

    Args:
        objects: The raw objects of each hour.
        locations: Where the hours lie that are compacted.
        before: The time.
    """
    return [
        hour
        for hour, stored in sorted(objects.items())
        if any(
            one.modified_at < before and not is_read(locations.get(hour), one.modified_at)
            for one in stored
        )
    ]
