"""What a stream audit says.

Belongs here: the check's specification, and its findings as a person reads them. Finding them
belongs in `stream_audit`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import dagster as dg

from clickstream_platform.core.audit_window import AuditWindow
from clickstream_platform.core.stream_audit import Findings, Gap

_DESCRIPTION = (
    "Every record that the stream took in a window is archived or quarantined, and nothing else "
    "is. The stream keeps a record for a day, so it is the witness; records that were redriven for "
    "another function have been archived before, and records that were given up and redriven for "
    "the archive are audited where they lie now. What was there until `clickstream erase` took it "
    "out is known by the places that it noted."
)
# Under this name a result says up to when everything is accounted for; the next audit begins there.
CLEAN_UNTIL = "clean_until"

_ROWS = 50
_COLUMNS = ("shard_id", "first", "last", "records", "first_arrived_at", "last_arrived_at")


def audit_spec(raw_hours: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check of the raw objects.

    Nothing waits for it. It is blocking so that a loss fails the run: failed runs are told, checks
    are only looked at.
    """
    return dg.AssetCheckSpec(
        "accepted_equals_archived_plus_quarantined",
        asset=raw_hours,
        description=_DESCRIPTION,
        blocking=True,
    )


def audit_result(
    spec: dg.AssetCheckSpec,
    window: AuditWindow,
    findings: Findings,
    clean_until: datetime | None,
) -> dg.AssetCheckResult:
    """The result: an error when a record is missing, a warning when there is one too many.

    Args:
        spec: The check.
        window: What was audited.
        findings: What was found.
        clean_until: Up to when everything is accounted for now; None when that is not known.
    """
    is_lost = findings.missing > 0
    invented = findings.invented_sample
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=findings.is_conserved,
        severity=dg.AssetCheckSeverity.ERROR if is_lost else dg.AssetCheckSeverity.WARN,
        description=_summary(findings),
        metadata={
            "window_start": _time(window.start),
            "window_end": _time(window.end),
            CLEAN_UNTIL: _time(clean_until),
            "records": findings.records,
            "archived": findings.archived,
            "quarantined": findings.quarantined,
            "redriven": findings.redriven,
            "erased": findings.erased,
            "for_other_functions": findings.for_other_functions,
            "missing": findings.missing,
            "missing_ranges": _table(findings.gaps[:_ROWS]),
            "archived_and_quarantined": findings.in_both,
            "archived_but_not_on_the_stream": findings.invented,
            "archived_but_not_on_the_stream_sample": (
                f"{invented.shard_id}:{invented.number}" if invented is not None else ""
            ),
        },
    )


def _time(at: datetime | None) -> dg.MetadataValue[Any]:
    return dg.MetadataValue.null() if at is None else dg.MetadataValue.timestamp(at)


def _summary(findings: Findings) -> str:
    if findings.missing:
        return (
            f"{findings.missing:,} of {findings.records:,} records are neither archived nor "
            "quarantined. `clickstream redrive --dry-run` lists the batches that were given up: "
            "ranges that it names are archived by `clickstream redrive`. The others are lost "
            "when the stream forgets them, a day after they arrived."
        )
    if findings.in_both or findings.invented:
        return (
            f"Nothing is missing, but {findings.in_both:,} records are both archived and "
            f"quarantined, and {findings.invented:,} are archived that the stream never had."
        )
    erased = f"; {findings.erased:,} of them have been erased since" if findings.erased else ""
    return f"All of {findings.records:,} records are accounted for{erased}."


def _table(gaps: Iterable[Gap]) -> dg.TableMetadataValue:
    """Ranges of missing records. Sequence numbers are texts: they are longer than 64 bits."""
    rows = [
        (
            gap.shard_id,
            str(gap.first),
            str(gap.last),
            gap.records,
            gap.since.isoformat(timespec="seconds"),
            gap.until.isoformat(timespec="seconds"),
        )
        for gap in gaps
    ]
    types = ("string", "string", "string", "int", "string", "string")
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(zip(_COLUMNS, row, strict=True))) for row in rows],
        dg.TableSchema(
            [dg.TableColumn(name, kind) for name, kind in zip(_COLUMNS, types, strict=True)]
        ),
    )
