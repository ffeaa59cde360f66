"""What Dagster's event log says of the audits before, and of the raw objects that came since.

Belongs here: reading the log. What follows from it belongs in `stream_audit`.
"""

from datetime import UTC, datetime

import dagster as dg

from clickstream_platform.defs.quality.audit_result import CLEAN_UNTIL

_LOG_PAGE = 1000
_HISTORY = 50  # executions, those that ended in an error included


def clean_until(instance: dg.DagsterInstance, check: dg.AssetCheckKey) -> datetime | None:
    """Up to when the audits before found everything accounted for; None when there were none."""
    for record in instance.event_log_storage.get_asset_check_execution_history(check, _HISTORY):
        evaluation = record.event.asset_check_evaluation if record.event is not None else None
        noted = evaluation.metadata.get(CLEAN_UNTIL) if evaluation is not None else None
        if isinstance(noted, dg.TimestampMetadataValue):
            return datetime.fromtimestamp(noted.value, UTC)
    return None


def touched_hours(
    instance: dg.DagsterInstance, raw_hours: dg.AssetKey, since: datetime
) -> list[str]:
    """The hours of which new raw objects were recorded since a time."""
    found: set[str] = set()
    cursor: str | None = None
    while True:
        page = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=raw_hours, after_timestamp=since.timestamp()),
            limit=_LOG_PAGE,
            cursor=cursor,
            ascending=True,
        )
        found |= {record.partition_key for record in page.records if record.partition_key}
        if not page.has_more:
            return sorted(found)
        cursor = page.cursor
