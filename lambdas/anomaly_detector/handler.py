"""Watches the stream and raises each alert once.

Belongs here: unwrapping, wiring and metrics. Judging belongs in `logic` and `rules`, the state's
log in `log`, alerts in `store`.
"""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.anomaly_detector.log import DetectorLog
from lambdas.anomaly_detector.logic import examine
from lambdas.anomaly_detector.settings import DetectorEnvironment
from lambdas.anomaly_detector.store import AlertStore
from lambdas.shared.codec import stream_records
from lambdas.shared.direct import direct_dynamodb
from lambdas.shared.environment import read_environment
from lambdas.shared.observability import logger_for, metrics_for, record_batch
from lambdas.shared.runtime import CLIENT, settle_garbage_collection
from lambdas.shared.shards import Shards
from lambdas.shared.stream import decode_batch, span_of

settle_garbage_collection()
logger = logger_for("anomaly_detector")
metrics = metrics_for("anomaly_detector")


@cache
def _environment() -> DetectorEnvironment:
    return read_environment(DetectorEnvironment)


@cache
def _stores() -> tuple[DetectorLog, AlertStore]:
    environment = _environment()
    prefix, dynamodb = environment.table_prefix, direct_dynamodb(boto3.Session())
    kinesis, sns = boto3.client("kinesis", config=CLIENT), boto3.client("sns", config=CLIENT)
    return (
        DetectorLog(dynamodb, Shards(kinesis, environment.stream_name), prefix),
        AlertStore(dynamodb, sns, prefix, environment.alert_topic_arn),
    )


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Entry point of the detector's event source mapping.

    Alerts are raised before the batch is logged: a batch that fails in between is examined again
    from the same state, and its alerts are found again.
    """
    records = stream_records(event)
    record_batch(metrics, records)
    arrivals, _ = decode_batch(records, _environment().limits, "anomaly_detector")
    log, alerts = _stores()
    shard_id, (_, last) = records[0].shard_id, span_of(records)
    state = log.take(shard_id)
    before = state.fence
    findings = examine(arrivals, state, last, _environment().thresholds)
    raised = alerts.raise_alerts(findings.alerts) + alerts.raise_pending(findings.unjudged)
    log.append(shard_id, state, before, findings.segments)
    metrics.add_metric("AlertsRaised", MetricUnit.Count, raised)
    return {"batchItemFailures": []}
