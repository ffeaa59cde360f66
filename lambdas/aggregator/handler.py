"""Counts the stream, each event once.

Belongs here: unwrapping, wiring and metrics. What to count belongs in `logic`, writes in `store`.
"""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.aggregator.attempts import Attempts
from lambdas.aggregator.logic import plan_batch, session_key
from lambdas.aggregator.remains import Remains
from lambdas.aggregator.session_store import SessionStore
from lambdas.aggregator.store import CounterStore
from lambdas.shared.codec import stream_records
from lambdas.shared.direct import direct_dynamodb
from lambdas.shared.environment import read_environment
from lambdas.shared.observability import logger_for, metrics_for, record_batch
from lambdas.shared.runtime import CLIENT, settle_garbage_collection
from lambdas.shared.shards import Shards
from lambdas.shared.stream import StreamEnvironment, decode_batch, span_of

settle_garbage_collection()
logger = logger_for("aggregator")
metrics = metrics_for("aggregator")


class Environment(StreamEnvironment, frozen=True, kw_only=True):
    """The aggregator's environment."""

    table_prefix: str
    stream_name: str


@cache
def _environment() -> Environment:
    return read_environment(Environment)


@cache
def _stores() -> tuple[CounterStore, SessionStore, Attempts]:
    environment = _environment()
    dynamodb, prefix = direct_dynamodb(boto3.Session()), environment.table_prefix
    shards = Shards(boto3.client("kinesis", config=CLIENT), environment.stream_name)
    remains = Remains(dynamodb, shards, prefix, environment.limits)
    return (
        CounterStore(dynamodb, prefix),
        SessionStore(dynamodb, prefix),
        Attempts(dynamodb, shards, prefix, remains),
    )


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Entry point of the aggregator's event source mapping.

    A fault of DynamoDB fails the batch; delivered again with any boundaries it counts what is
    still missing. Given up and redriven, it counts what was left out.
    """
    records = stream_records(event)
    record_batch(metrics, records)
    arrivals, bad = decode_batch(records, _environment().limits, "aggregator")
    counters, sessions, attempts = _stores()
    shard_id, span = records[0].shard_id, span_of(records)
    attempt = attempts.begin(records)
    names = map(session_key, arrivals)
    known = sessions.read(names, shard_id, is_next=attempt.is_next)
    plan = plan_batch(arrivals, known, span, attempts.past(attempt, arrivals))
    conflicts = counters.apply(plan)
    sessions.write(plan.sessions, shard_id)
    attempts.end(attempt)
    metrics.add_metric("CountedEvents", MetricUnit.Count, len(arrivals) - plan.duplicates)
    metrics.add_metric("DuplicateEvents", MetricUnit.Count, plan.duplicates)
    metrics.add_metric("UncountableRecords", MetricUnit.Count, bad)
    metrics.add_metric("FencedItems", MetricUnit.Count, conflicts)
    return {"batchItemFailures": []}
