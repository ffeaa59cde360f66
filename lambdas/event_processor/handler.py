"""Archives the stream into the lake.

Belongs here: unwrapping, wiring and metrics. Sorting belongs in `logic`, files in `store`.
"""

from collections import Counter
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.event_processor.direct_s3 import direct_s3
from lambdas.event_processor.logic import sort_batch
from lambdas.event_processor.store import Archive
from lambdas.shared.codec import stream_records
from lambdas.shared.environment import read_environment
from lambdas.shared.observability import (
    logger_for,
    metrics_for,
    record_batch,
    record_quarantined,
)
from lambdas.shared.runtime import settle_garbage_collection
from lambdas.shared.stream import StreamEnvironment

settle_garbage_collection()
logger = logger_for("event_processor")
metrics = metrics_for("event_processor")


class Environment(StreamEnvironment, frozen=True, kw_only=True):
    """The archive's environment."""

    lake_bucket: str


@cache
def _environment() -> Environment:
    return read_environment(Environment)


@cache
def _archive() -> Archive:
    return Archive(direct_s3(boto3.Session()), _environment().lake_bucket)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Entry point of the archive's event source mapping.

    A fault of S3 fails the whole batch, which is safe to deliver again with any boundaries.
    """
    records = stream_records(event)
    record_batch(metrics, records)
    batch = sort_batch(records, _environment().limits)
    _archive().write(batch)
    archived = sum(len(events) for events in batch.hours.values())
    metrics.add_metric("ArchivedEvents", MetricUnit.Count, archived)
    record_quarantined(Counter(item.reason for item in batch.bad))
    for item in batch.bad[:10]:
        logger.warning("quarantined", reason=item.reason, detail=item.detail)
    return {"batchItemFailures": []}
