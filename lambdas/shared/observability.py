"""Logs and metrics, the same way in every function.

Belongs here: one logger and one metrics sink per function. Metrics ride in the log line (EMF), so
they cost no call; dimensions stay few because every combination is billed.
"""

import time
from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.shared.codec import StreamRecord

NAMESPACE = "Clickstream"


def logger_for(function: str) -> Logger:
    """The structured logger of one function."""
    return Logger(service=function)


def metrics_for(function: str) -> Metrics:
    """The EMF metrics of one function, with the function's name as only dimension."""
    return Metrics(namespace=NAMESPACE, service=function)


def record_batch(metrics: Metrics, records: list[StreamRecord]) -> None:
    """Measures a batch: its size, and how long its oldest record has waited."""
    lag_ms = 1000 * (time.time() - records[0].arrived_at.timestamp())
    metrics.add_metric("BatchRecords", MetricUnit.Count, len(records))
    metrics.add_metric("Lag", MetricUnit.Milliseconds, max(0, lag_ms))


def record_quarantined(reasons: Mapping[str, int]) -> None:
    """Measures bad records by reason, the one further dimension there is."""
    for reason, count in reasons.items():
        with single_metric(
            namespace=NAMESPACE, name="QuarantinedRecords", unit=MetricUnit.Count, value=count
        ) as metric:
            metric.add_dimension("reason", reason)
