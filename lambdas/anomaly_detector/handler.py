"""Watches the stream and raises each alert once.

Belongs here: unwrapping, wiring and metrics. Rules belong in `rules`, alerts in `store`.
"""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.anomaly_detector.rules import find_alerts
from lambdas.anomaly_detector.store import AlertStore
from lambdas.shared.codec import stream_records
from lambdas.shared.environment import read_environment
from lambdas.shared.observability import logger_for, metrics_for, record_batch
from lambdas.shared.runtime import CLIENT, settle_garbage_collection
from lambdas.shared.stream import StreamEnvironment, decode_batch

settle_garbage_collection()
logger = logger_for("anomaly_detector")
metrics = metrics_for("anomaly_detector")


class Environment(StreamEnvironment, frozen=True, kw_only=True):
    """The detector's environment."""

    table_prefix: str
    alert_topic_arn: str


@cache
def _environment() -> Environment:
    return read_environment(Environment)


@cache
def _store() -> AlertStore:
    environment = _environment()
    return AlertStore(
        boto3.client("dynamodb", config=CLIENT),
        boto3.client("sns", config=CLIENT),
        environment.table_prefix,
        environment.alert_topic_arn,
    )


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Entry point of the detector's event source mapping."""
    records = stream_records(event)
    record_batch(metrics, records)
    arrivals, _ = decode_batch(records, _environment().limits)
    raised = _store().raise_alerts(find_alerts([arrival.event for arrival in arrivals]))
    metrics.add_metric("AlertsRaised", MetricUnit.Count, raised)
    return {"batchItemFailures": []}
