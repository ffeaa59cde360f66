"""The front door: HTTP in, verdicts out.

Belongs here: routes, status codes and wiring. What an event is belongs in `logic` and `shared`.
"""

import base64
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, CORSConfig, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from lambdas.collector.front_door import KEY_MAX_AGE_S, FrontDoor, PastTheFrontDoorError
from lambdas.collector.logic import Client, Verdict, judge, read_body
from lambdas.collector.store import StreamWriter
from lambdas.shared.environment import read_environment
from lambdas.shared.event import InvalidEvent
from lambdas.shared.observability import logger_for, metrics_for
from lambdas.shared.stream import StreamEnvironment

logger = logger_for("collector")
metrics = metrics_for("collector")
_WHERE_TO = "send events to the address of the distribution, not to the API's own"
app = APIGatewayHttpResolver(cors=CORSConfig(allow_origin="*", max_age=86400))


class Environment(StreamEnvironment, frozen=True, kw_only=True):
    """The collector's environment.

    Attributes:
        stream_name: Where events go.
        front_door: Where the key of the distribution before the API is kept; None if there is none.
    """

    stream_name: str
    front_door: str | None = None


@cache
def _environment() -> Environment:
    return read_environment(Environment)


@cache
def _writer() -> StreamWriter:
    # One try a call: what is not taken is tried again entry by entry, within the request's time.
    # A read that times out may have been taken, so it is given time before it is repeated.
    quick = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
    return StreamWriter(boto3.client("kinesis", config=quick), _environment().stream_name)


@cache
def _front_door() -> FrontDoor | None:
    name = _environment().front_door
    if name is None:
        return None
    # 60 ms of a cold start, which only those with a front door have to spend
    from aws_lambda_powertools.utilities import parameters  # noqa: PLC0415

    return FrontDoor(lambda: str(parameters.get_secret(name, max_age=KEY_MAX_AGE_S)))


def _client(request: APIGatewayProxyEventV2) -> Client:
    front_door = _front_door()
    if front_door is not None:
        return front_door.client_of({name.lower(): it for name, it in request.headers.items()})
    http = request.request_context.http
    return Client(http.source_ip or "", http.user_agent or "")


@app.get("/health")
def health() -> dict[str, str]:
    """Whether the collector runs."""
    return {"status": "ok"}


@app.post("/v1/events")
def post_events() -> Response[str]:
    """Takes one event or a list of them; answers with a verdict for each.

    200 when at least one was accepted, 400 when none was, 503 when the stream refused some that
    would be accepted: send those marked `retry` again.
    """
    request = app.current_event
    try:
        client = _client(request)
    except PastTheFrontDoorError:
        metrics.add_metric("RejectedRequests", MetricUnit.Count, 1)
        return _answer(403, {"error": "past_the_front_door", "detail": _WHERE_TO})
    try:
        text = request.body or ""
        raw = read_body(base64.b64decode(text) if request.is_base64_encoded else text)
    except InvalidEvent as error:
        metrics.add_metric("RejectedRequests", MetricUnit.Count, 1)
        status = 413 if error.reason == "too_many_events" else 400
        return _answer(status, {"error": error.reason, "detail": error.detail})
    entries, rejected = judge(raw, client, datetime.now(UTC), _environment().limits)
    refused = {entry.position for entry in _writer().put(entries)}
    verdicts = rejected + [
        Verdict(entry.position, "retry", entry.event_id, "throttled", "the stream is busy")
        if entry.position in refused
        else Verdict(entry.position, "accepted", entry.event_id)
        for entry in entries
    ]
    accepted = len(entries) - len(refused)
    metrics.add_metric("AcceptedEvents", MetricUnit.Count, accepted)
    metrics.add_metric("RejectedEvents", MetricUnit.Count, len(rejected))
    metrics.add_metric("ThrottledEvents", MetricUnit.Count, len(refused))
    body = {
        "accepted": accepted,
        "rejected": len(rejected),
        "results": [verdict.as_json() for verdict in sorted(verdicts)],
    }
    return _answer(503 if refused else 200 if accepted else 400, body)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point of the function behind the HTTP API."""
    return app.resolve(event, context)


def _answer(status: int, body: dict[str, Any]) -> Response[str]:
    return Response(status, "application/json", json.dumps(body, separators=(",", ":")))
