"""Counts the stream, each event once.

Belongs here: unwrapping, wiring and metrics. What to count belongs in `logic`, writes in `store`.
"""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.aggregator.logic import plan_batch, session_key
from lambdas.aggregator.store import CounterStore
from lambdas.shared.codec import stream_records
from lambdas.shared.environment import read_environment
from lambdas.shared.observability import logger_for, metrics_for, record_batch
from lambdas.shared.runtime import CLIENT, settle_garbage_collection
from lambdas.shared.stream import StreamEnvironment, decode_batch

settle_garbage_collection()
logger = logger_for("aggregator")
metrics = metrics_for("aggregator")


class Environment(StreamEnvironment, frozen=True, kw_only=True):
    """The aggregator's environment."""

    table_prefix: str


@cache
def _environment() -> Environment:
    return read_environment(Environment)


@cache
def _store() -> CounterStore:
    return CounterStore(boto3.client("dynamodb", config=CLIENT), _environment().table_prefix)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Entry point of the aggregator's event source mapping.

    A fault of DynamoDB fails the batch; delivered again with any boundaries it counts what is
    still missing.
    """
    records = stream_records(event)
    record_batch(metrics, records)
    arrivals, bad = decode_batch(records, _environment().limits)
    store = _store()
    known = store.sessions(session_key(arrival) for arrival in arrivals)
    span = (records[0].sequence_number, records[-1].sequence_number)
    plan = plan_batch(arrivals, known, span)
    conflicts = store.apply(plan)
    metrics.add_metric("CountedEvents", MetricUnit.Count, len(arrivals) - plan.duplicates)
    metrics.add_metric("DuplicateEvents", MetricUnit.Count, plan.duplicates)
    metrics.add_metric("UncountableRecords", MetricUnit.Count, bad)
    metrics.add_metric("FencedItems", MetricUnit.Count, conflicts)
    return {"batchItemFailures": []}
