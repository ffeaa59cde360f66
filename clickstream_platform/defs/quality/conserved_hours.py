"""Conservation: nothing was lost and nothing counted twice, from the stream's counters to the lake.

Belongs here: the checks of the compacted events that one query answers. The question belongs in
`core.conservation_sql`, what its numbers mean in `core.conservation` and `core.reconciled_counts`;
tests of the marts belong beside their SQL, in dbt.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from clickstream_platform.core.checked_hours import lines_of
from clickstream_platform.core.conservation import HourCounts, came_since, is_overtaken
from clickstream_platform.core.conservation_sql import Question
from clickstream_platform.core.erased import notes_of_hour
from clickstream_platform.core.generations import RAW_EXPIRED
from clickstream_platform.core.hours import HourRange, spanning
from clickstream_platform.core.reconciled_counts import COUNTERS_KEPT
from clickstream_platform.defs.quality.kept_hours import CHECKED_HOURS, keep
from clickstream_platform.defs.quality.real_time import reconcile_hours, reconciled_spec
from clickstream_platform.defs.quality.run_hours import hours_of
from clickstream_platform.defs.quality.told import without_empty
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource, Partition
from clickstream_platform.resources.counters import CountersResource
from clickstream_platform.resources.lake import LakeResource

_CONSERVED = (
    "Archived rows equal compacted rows plus duplicates, in every hour. Of an hour whose raw "
    "objects have begun to expire, what is left must be compacted. An hour that received raw "
    "objects since it was read is left to the rebuild they cause."
)
_SAMPLE = 10


@dataclass(frozen=True)
class _Excused:
    """Hours that differ without being wrong.

    Attributes:
        overtaken: They received raw objects, or lost some to an erasure, since they were read.
        expired: Their raw objects began to expire after they were looked up.
    """

    overtaken: Sequence[str] = ()
    expired: Sequence[str] = ()


def build_hour_checks(
    events: dg.AssetKey, table: str, raw_table: str, settled_after: timedelta
) -> dg.AssetChecksDefinition:
    """The checks that hold back the marts when the compacted events are wrong, and one beside them.

    They take resources `athena`, `lake`, `catalog` and `counters`.

    Args:
        events: The asset of the compacted events.
        table: Its table.
        raw_table: The table of the raw events.
        settled_after: How long after its arrival an event is both counted and archived.
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
    reconciled = reconciled_spec(events)

    @dg.multi_asset_check(name="events_are_conserved", specs=[conserved, unique, reconciled])
    def events_are_conserved(
        context: dg.AssetCheckExecutionContext,
        athena: AthenaResource,
        lake: LakeResource,
        catalog: CatalogResource,
        counters: CountersResource,
    ) -> Iterator[dg.AssetCheckResult]:
        now, hours = datetime.now(UTC), hours_of(context)
        expired = _expired_hours(catalog, table, hours)
        settled_at = now - settled_after
        question = Question(raw_table, table, hours, now - COUNTERS_KEPT, settled_at, expired)
        counts = question.read(athena.query(question.sql()))
        unequal = [one.datehour for one in counts if not one.is_conserved]
        excused = _excused(context, lake, catalog.partitions(table, unequal), unequal, expired)
        times = (now, settled_at)
        compared, outcome = reconcile_hours(reconciled, counters, lake, hours, counts, times)
        # Before the first result: one that blocks ends this.
        keep(lake, hours, lines_of(counts, outcome, now))
        # What is built of them follows, as it follows the events.
        context.instance.report_runless_asset_event(
            dg.AssetMaterialization(CHECKED_HOURS, metadata={"hours": len(counts)})
        )
        yield _conserved_result(conserved, counts, excused)
        yield _unique_result(unique, counts)
        yield compared

    return events_are_conserved


def _expired_hours(
    catalog: CatalogResource, table: str, hours: HourRange | None
) -> tuple[str, ...]:
    """The hours whose raw objects retention may have deleted."""
    if hours is None:
        found = catalog.all_partitions(table)
    else:
        found = catalog.partitions(table, hours.hours())
    return tuple(sorted(hour for hour, one in found.items() if _is_expired(one)))


def _is_expired(partition: Partition) -> bool:
    return RAW_EXPIRED.items() <= partition.parameters.items()


def _excused(
    context: dg.AssetCheckExecutionContext,
    lake: LakeResource,
    partitions: dict[str, Partition],
    unequal: Sequence[str],
    expired: Collection[str],
) -> _Excused:
    """Of the hours that differ, those that do so because they changed while they were counted."""
    if not unequal:
        return _Excused()
    objects = lake.list_raw(spanning(unequal))
    overtaken = []
    for hour in unequal:
        present = partitions.get(hour)
        # An erasure may have deleted raw objects and not yet published the hour without them.
        changes = [*objects.get(hour, []), *lake.list_objects(notes_of_hour(hour))]
        written_at = [one.modified_at for one in changes]
        if present is not None:
            is_excused = is_overtaken(present.location, written_at)
        else:  # an hour without objects when the run looked is not compacted
            is_excused = came_since(_started(context), written_at)
        if is_excused:
            overtaken.append(hour)
    late = [hour for hour, one in partitions.items() if _is_expired(one) and hour not in expired]
    return _Excused(overtaken, sorted(late))


def _started(context: dg.AssetCheckExecutionContext) -> datetime:
    """When the run began, before it listed any object."""
    return datetime.fromtimestamp(
        context.instance.get_run_stats(context.run.run_id).start_time, UTC
    )


def _conserved_result(
    spec: dg.AssetCheckSpec, counts: Sequence[HourCounts], excused: _Excused
) -> dg.AssetCheckResult:
    excuses = {*excused.overtaken, *excused.expired}
    wrong = [one for one in counts if not one.is_conserved and one.datehour not in excuses]
    expired = [one.datehour for one in counts if one.is_raw_expired]
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=not wrong,
        severity=dg.AssetCheckSeverity.ERROR,
        description=_summary(counts, wrong, len(excuses)),
        metadata=without_empty(
            {
                **_totals(counts, wrong),
                "hours_overtaken": list(excused.overtaken[:_SAMPLE]),
                "hours_with_expired_raw": len(expired),
                "hours_with_expired_raw_sample": [*expired[:_SAMPLE]],
                "hours_expired_meanwhile": list(excused.expired[:_SAMPLE]),
            }
        ),
    )


def _summary(counts: Sequence[HourCounts], wrong: Sequence[HourCounts], excused: int) -> str:
    if wrong:
        return f"{len(wrong):,} of {len(counts):,} hours do not add up; {wrong[0]}"
    rows, duplicates = (
        sum(one.rows for one in counts),
        sum(one.duplicates for one in counts),
    )
    beside = f"; {excused:,} hours have changed meanwhile" if excused else ""
    return (
        f"{len(counts):,} hours: {rows:,} compacted rows and {duplicates:,} duplicates are all "
        f"that was archived{beside}."
    )


def _unique_result(spec: dg.AssetCheckSpec, counts: Sequence[HourCounts]) -> dg.AssetCheckResult:
    wrong = [one for one in counts if not one.is_unique]
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=not wrong,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{len(wrong):,} of {len(counts):,} hours hold an event_id twice."
        if wrong
        else f"Each of {sum(one.rows for one in counts):,} rows has an event_id of its own.",
        metadata=without_empty(_totals(counts, wrong)),
    )


def _totals(
    counts: Sequence[HourCounts], wrong: Sequence[HourCounts]
) -> dict[str, int | list[str]]:
    return {
        "hours": len(counts),
        "raw_rows": sum(one.raw_rows for one in counts),
        "rows": sum(one.rows for one in counts),
        "duplicates": sum(one.duplicates for one in counts),
        "hours_wrong": [str(one) for one in wrong[:_SAMPLE]],
    }
