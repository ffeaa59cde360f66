"""Transforms the stream for Firehose, which archives it.

Belongs here: unwrapping, wiring and metrics. Judging records belongs in `logic`, bad ones in
`store`, Firehose's envelopes in `invocation`.
"""

from collections import Counter
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.firehose_transform.invocation import Answer, answers, delivered_records
from lambdas.firehose_transform.logic import transform
from lambdas.firehose_transform.store import Quarantine
from lambdas.shared.environment import read_environment
from lambdas.shared.observability import (
    logger_for,
    metrics_for,
    record_batch,
    record_quarantined,
)
from lambdas.shared.runtime import CLIENT, settle_garbage_collection
from lambdas.shared.stream import StreamEnvironment

settle_garbage_collection()
logger = logger_for("firehose_transform")
metrics = metrics_for("firehose_transform")


class Environment(StreamEnvironment, frozen=True, kw_only=True):
    """The transform's environment."""

    lake_bucket: str


@cache
def _environment() -> Environment:
    return read_environment(Environment)


@cache
def _quarantine() -> Quarantine:
    return Quarantine(boto3.client("s3", config=CLIENT), _environment().lake_bucket, logger)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[Answer]]:
    """Entry point of the delivery stream's transformation.

    Every record is answered once. A bad one is dropped when it is in the quarantine; when it could
    not be put there it alone is answered as failed, and Firehose keeps it below its error prefix.
    """
    delivered = delivered_records(event)
    record_batch(metrics, [one.record for one in delivered])
    transformed = transform(delivered, _environment().limits)
    unkept = _quarantine().keep(transformed.bad)
    found, refused = answers(transformed.without_quarantine(unkept))
    if refused:
        logger.error("rows beyond the size of an answer are left to Firehose", records=refused)
    archived = sum(one["result"] == "Ok" for one in found)
    metrics.add_metric("TransformedEvents", MetricUnit.Count, archived)
    metrics.add_metric("UndeliveredRecords", MetricUnit.Count, len(unkept) + refused)
    kept = [one for index, one in transformed.bad.items() if index not in unkept]
    record_quarantined(Counter(one.reason for one in kept))
    for one in kept[:10]:
        logger.warning("quarantined", reason=one.reason, detail=one.detail)
    return {"records": found}
