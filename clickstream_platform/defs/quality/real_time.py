"""Real time against the lake: both count the same events.

Belongs here: the check's specification and result. Which differences have an explanation belongs in
`core.reconciled_counts`; the lake's numbers come with those of `conserved_hours`, from one query.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from clickstream_platform.core.conservation import HourCounts
from clickstream_platform.core.erased import notes_of_hour
from clickstream_platform.core.hours import HourRange, spanning
from clickstream_platform.core.reconciled_counts import (
    Comparison,
    Reconciliation,
    is_comparable,
    reconcile,
)
from clickstream_platform.defs.quality.told import without_empty
from clickstream_platform.resources.counters import CountersError, CountersResource
from clickstream_platform.resources.lake import LakeResource

_DESCRIPTION = (
    "The counters of real time equal the compacted rows, by hour and event type. A difference is "
    "explained by duplicates that real time had forgotten and by events that came after the hour "
    "was compacted. Only hours are compared all of whose events arrived within 23 hours: counters "
    "expire after 24. Real time may have counted more in an hour from which an erasure has taken "
    "events. A warning, because the lake is not wrong when real time is."
)
_ROWS = 50
_SAMPLE = 10
_COLUMNS = ("hour", "event_type", "realtime", "batch", "duplicates", "late", "unexplained")


def reconciled_spec(events: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check of the compacted events; it does not hold back the marts."""
    return dg.AssetCheckSpec(
        "realtime_equals_batch", asset=events, description=_DESCRIPTION, blocking=False
    )


def reconcile_hours(
    spec: dg.AssetCheckSpec,
    counters: CountersResource,
    lake: LakeResource,
    hours: HourRange | None,
    counts: Sequence[HourCounts],
    times: tuple[datetime, datetime],
) -> tuple[dg.AssetCheckResult, Reconciliation | None]:
    """Compares the hours that can be compared; the counters are read only if there is one.

    Args:
        spec: The check.
        counters: The counters.
        lake: The lake; asked for erasures only if it seems to lack something.
        hours: The hours of the run; None for all.
        counts: The lake's numbers.
        times: The present, before the lake was asked; and up to when everything that was counted
            had been archived too.

    Returns:
        The result, and what came of comparing; None if the counters cannot be read.
    """
    now, settled_at = times
    known = [*counts, *_absent(hours, counts)]
    if not any(is_comparable(one, now) for one in known):
        skipped = [one.datehour for one in known if not one.is_empty]
        outcome = Reconciliation((), (), (), tuple(skipped))
        return _compared(spec, outcome), outcome
    wanted = [one.datehour for one in known if is_comparable(one, now) or one.is_empty]
    try:
        found = counters.counts(spanning(wanted))
    except CountersError as error:
        # Real time being out of reach is no reason to hold back the marts: it is told instead.
        return _result(spec, is_passed=False, description=str(error), metadata={}), None
    outcome = reconcile(known, found, now, settled_at)
    # An erasure notes an hour before it changes it: what the counts above lack is noted by now.
    erased = [hour for hour in outcome.lacking if _was_erased(lake, hour)]
    if erased:
        outcome = reconcile(known, found, now, settled_at, erased)
    return _compared(spec, outcome), outcome


def _was_erased(lake: LakeResource, hour: str) -> bool:
    return next(iter(lake.list_objects(notes_of_hour(hour))), None) is not None


def _absent(hours: HourRange | None, counts: Iterable[HourCounts]) -> list[HourCounts]:
    """The hours of the run without any row: real time may know of events that never arrived."""
    if hours is None:
        return []
    present = {one.datehour for one in counts}
    return [HourCounts(hour, 0, 0, 0, 0) for hour in hours.hours() if hour not in present]


def _compared(spec: dg.AssetCheckSpec, outcome: Reconciliation) -> dg.AssetCheckResult:
    lacking = sum(max(0, one.unexplained) for one in outcome.unexplained)
    uncounted = sum(max(0, -one.unexplained) for one in outcome.unexplained)
    return _result(
        spec,
        is_passed=not outcome.unexplained,
        description=_summary(outcome, lacking, uncounted),
        metadata={
            "hours_compared": len(outcome.hours),
            "hours_not_comparable": len(outcome.skipped),
            "hours_not_comparable_sample": [*outcome.skipped[:_SAMPLE]],
            "hours_erased": len(outcome.erased),
            "hours_erased_sample": [*outcome.erased[:_SAMPLE]],
            "counts_unsettled": len(outcome.unsettled),
            "counts_unsettled_sample": [" ".join(place) for place in outcome.unsettled[:_SAMPLE]],
            "realtime": sum(one.realtime for one in outcome.compared),
            "batch": sum(one.batch for one in outcome.compared),
            "duplicates": sum(one.duplicates for one in outcome.compared),
            "late": sum(one.late for one in outcome.compared),
            "unexplained_in_realtime_only": lacking,
            "unexplained_in_batch_only": uncounted,
            "differing": len(outcome.differing),
            "differences": _table(outcome.differing[:_ROWS]),
        },
    )


def _summary(outcome: Reconciliation, lacking: int, uncounted: int) -> str:
    if not outcome.hours:
        return "No hour can be compared: counters expire after 24 h."
    if not outcome.unexplained:
        beside = f"; {len(outcome.unsettled):,} were still changing" if outcome.unsettled else ""
        if outcome.erased:
            beside += (
                f"; in {len(outcome.erased):,} of them real time counted more, and an erasure has "
                "taken events out of the lake since"
            )
        return f"{len(outcome.compared):,} counts of {len(outcome.hours):,} hours agree{beside}."
    return (
        f"{lacking:,} events were counted in real time and are not in the lake; {uncounted:,} are "
        "in the lake and were not counted. `clickstream redrive` knows of batches that a function "
        "gave up."
    )


def _table(comparisons: Iterable[Comparison]) -> dg.TableMetadataValue:
    rows = [
        (
            one.datehour,
            one.event_type,
            one.realtime,
            one.batch,
            one.duplicates,
            one.late,
            one.unexplained,
        )
        for one in comparisons
    ]
    types = ("string", "string", *["int"] * 5)
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(zip(_COLUMNS, row, strict=True))) for row in rows],
        dg.TableSchema(
            [dg.TableColumn(name, kind) for name, kind in zip(_COLUMNS, types, strict=True)]
        ),
    )


def _result(
    spec: dg.AssetCheckSpec,
    *,
    is_passed: bool,
    description: str,
    metadata: Mapping[str, Any],
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=is_passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=description,
        metadata=without_empty(metadata),
    )
