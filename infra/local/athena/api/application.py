"""Athena's JSON API over HTTP, as a WSGI application.

Belongs here: requests, responses and error shapes of query executions, and the table of actions.
Does not belong here: catalog, workgroup and prepared statement actions (see `metadata_api`), and
what the actions do (see `service`, `queries`).
"""

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.athena.api import metadata_api, named_api, workgroup_api
from infra.local.athena.api.paging import page, position_of
from infra.local.athena.api.shapes import describe, statistics
from infra.local.athena.errors import ApiError, invalid_request
from infra.local.athena.execution.definitions import PRIMARY
from infra.local.athena.execution.executions import State
from infra.local.athena.results.rows import column_info
from infra.local.athena.service import AthenaService

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

LOG = logging.getLogger(__name__)

Payload = Mapping[str, Any]
Action = Callable[[AthenaService, Payload], Payload]

_MAX_ROWS = 1000
_MAX_BATCH = 50
_REUSE_MINUTES, _MAX_REUSE_MINUTES = 60, 10_080


def start_query_execution(service: AthenaService, request: Payload) -> Payload:
    """StartQueryExecution."""
    context = request.get("QueryExecutionContext") or {}
    results = request.get("ResultConfiguration") or {}
    identity = service.start(
        request["QueryString"],
        database=context.get("Database") or "default",
        catalog=context.get("Catalog") or "AwsDataCatalog",
        workgroup=request.get("WorkGroup") or "primary",
        output_location=results.get("OutputLocation") or "",
        parameters=tuple(request.get("ExecutionParameters") or ()),
        token=request.get("ClientRequestToken"),
        reuse_s=_reuse_age(request.get("ResultReuseConfiguration") or {}),
    )
    return {"QueryExecutionId": identity}


def _reuse_age(configuration: Payload) -> float:
    """Return how old a result may be that is given again, in seconds; 0 for never."""
    by_age = configuration.get("ResultReuseByAgeConfiguration") or {}
    if not by_age.get("Enabled"):
        return 0
    minutes = int(by_age.get("MaxAgeInMinutes") or _REUSE_MINUTES)
    if not 0 <= minutes <= _MAX_REUSE_MINUTES:
        raise invalid_request(f"MaxAgeInMinutes must be between 0 and {_MAX_REUSE_MINUTES}")
    return minutes * 60.0


def get_query_execution(service: AthenaService, request: Payload) -> Payload:
    """GetQueryExecution."""
    return {"QueryExecution": describe(service.queries.get(request["QueryExecutionId"]))}


def batch_get_query_execution(service: AthenaService, request: Payload) -> Payload:
    """BatchGetQueryExecution."""
    if len(request["QueryExecutionIds"]) > _MAX_BATCH:
        raise invalid_request(f"At most {_MAX_BATCH} QueryExecutionIds can be asked for at once")
    found, missing = [], []
    for identity in request["QueryExecutionIds"]:
        try:
            found.append(describe(service.queries.get(identity)))
        except ApiError as error:
            missing.append(
                {"QueryExecutionId": identity, "ErrorCode": error.code, "ErrorMessage": str(error)}
            )
    return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}


def list_query_executions(service: AthenaService, request: Payload) -> Payload:
    """ListQueryExecutions."""
    group = service.definitions.workgroup(request.get("WorkGroup") or PRIMARY)
    identities = service.queries.newest_first(group.name)
    return page(list(identities), request, "QueryExecutionIds")


def stop_query_execution(service: AthenaService, request: Payload) -> Payload:
    """StopQueryExecution."""
    service.queries.cancel(request["QueryExecutionId"])
    return {}


def get_query_results(service: AthenaService, request: Payload) -> Payload:
    """GetQueryResults: the first row of a SELECT is its header, as on Athena."""
    query = service.queries.get(request["QueryExecutionId"])
    if query.state is not State.SUCCEEDED:
        detail = "failed" if query.state is State.FAILED else "not yet finished"
        raise invalid_request(f"Query has {detail}. Current state: {query.state.value}")
    count = int(request.get("MaxResults") or _MAX_ROWS)
    if not 1 <= count <= _MAX_ROWS:
        raise invalid_request(f"MaxResults must be between 1 and {_MAX_ROWS}")
    start = position_of(request)
    outcome = query.outcome
    rows = [
        {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
        for row in outcome.rows.read(start, count)
    ]
    metadata = {"ColumnInfo": [column_info(column) for column in outcome.columns]}
    answer: dict[str, object] = {
        "UpdateCount": outcome.update_count,
        "ResultSet": {"Rows": rows, "ResultSetMetadata": metadata},
    }
    if start + count < len(outcome.rows):
        answer["NextToken"] = str(start + count)
    return answer


def get_query_runtime_statistics(service: AthenaService, request: Payload) -> Payload:
    """GetQueryRuntimeStatistics."""
    query = service.queries.get(request["QueryExecutionId"])
    times = {k: v for k, v in statistics(query).items() if k.endswith("InMillis")}
    outcome = query.outcome
    is_select = query.request.kind.subtype == "SELECT"
    written = max(0, len(outcome.rows) - 1) if is_select else outcome.update_count
    rows = {
        "InputBytes": query.scanned_bytes,
        "OutputRows": written,
        "OutputBytes": outcome.output_bytes,
    }
    return {"QueryRuntimeStatistics": {"Timeline": times, "Rows": rows}}


ACTIONS: Mapping[str, Action] = {
    "StartQueryExecution": start_query_execution,
    "GetQueryExecution": get_query_execution,
    "BatchGetQueryExecution": batch_get_query_execution,
    "ListQueryExecutions": list_query_executions,
    "StopQueryExecution": stop_query_execution,
    "GetQueryResults": get_query_results,
    "GetQueryRuntimeStatistics": get_query_runtime_statistics,
    **metadata_api.ACTIONS,
    **named_api.ACTIONS,
    **workgroup_api.ACTIONS,
}


class AthenaApi:
    """The WSGI application."""

    def __init__(self, service: AthenaService) -> None:
        self._service = service

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        """Serve one HTTP request."""
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"] == "/health":
            status, answer = "200 OK", {"service": "athena", "engine": "duckdb"}
        else:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = environ["wsgi.input"].read(length)
            status, answer = self.answer(environ.get("HTTP_X_AMZ_TARGET", ""), body)
        content = json.dumps(answer).encode()
        headers: Iterable[tuple[str, str]] = (
            ("Content-Type", "application/x-amz-json-1.1"),
            ("Content-Length", str(len(content))),
            ("x-amzn-RequestId", str(uuid.uuid4())),
        )
        start_response(status, list(headers))
        return [content]

    def answer(self, target: str, body: bytes) -> tuple[str, dict[str, Any]]:
        """Run one action.

        Args:
            target: The ``X-Amz-Target`` header, e.g. ``AmazonAthena.GetQueryExecution``.
            body: The JSON request.

        Returns:
            The HTTP status and the JSON answer. Errors are always 400, which boto3 never retries.
        """
        try:
            return "200 OK", dict(self._dispatch(target, body))
        except ApiError as error:
            return _refusal(error)
        except (ClientError, BotoCoreError) as error:
            LOG.warning("%s: the backend refused: %s", target, error)
            return _refusal(invalid_request(str(error)))

    def _dispatch(self, target: str, body: bytes) -> Payload:
        name = target.rpartition(".")[2]
        action = ACTIONS.get(name)
        if action is None:
            LOG.warning("action %r is not served", name)
            raise invalid_request(f"The embedded Athena does not serve the action {name!r}")
        try:
            request = json.loads(body or b"{}")
        except ValueError as error:
            raise ApiError("SerializationException", f"The body is not JSON: {error}") from error
        if not isinstance(request, dict):
            raise ApiError("SerializationException", "The body is not a JSON object")
        return action(self._service, _Request(request))


class _Request(dict[str, Any]):
    """A request whose missing required members are the client's mistake."""

    def __missing__(self, key: str) -> object:
        raise invalid_request(f"{key} is required")


def _refusal(error: ApiError) -> tuple[str, dict[str, Any]]:
    answer = {"__type": error.code, "Message": error.message, "message": error.message}
    if error.code == "InvalidRequestException":
        answer["AthenaErrorCode"] = "INVALID_INPUT"
    return "400 Bad Request", answer
