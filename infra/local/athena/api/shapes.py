"""Query executions in the shape of the API.

Belongs here: GetQueryExecution's members. Does not belong here: actions (see `application`).
"""

import time
from collections.abc import Mapping
from typing import Any

from infra.local.athena.execution.executions import QueryExecution, State

Payload = Mapping[str, Any]

ENGINE_VERSION = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": "Athena engine version 3",
}
_USER_ERROR = 2
_ERROR_TYPE = 1006


def _status(query: QueryExecution) -> Payload:
    status: dict[str, object] = {
        "State": query.state.value,
        "SubmissionDateTime": query.submitted_at,
    }
    if query.completed_at is not None:
        status["CompletionDateTime"] = query.completed_at
    if query.reason:
        status["StateChangeReason"] = query.reason
    if query.state is State.FAILED:
        status["AthenaError"] = {
            "ErrorCategory": _USER_ERROR,
            "ErrorType": _ERROR_TYPE,
            "Retryable": False,
            "ErrorMessage": query.reason,
        }
    return status


def statistics(query: QueryExecution) -> Payload:
    """Return an execution's statistics; those of a running one are its figures so far."""
    end = query.completed_at or time.time()
    started = query.started_at or end
    scanned = query.session.scanned_bytes if query.session else query.scanned_bytes
    figures: dict[str, object] = {
        "EngineExecutionTimeInMillis": int((end - started) * 1000),
        "TotalExecutionTimeInMillis": int((end - query.submitted_at) * 1000),
        "QueryQueueTimeInMillis": int((started - query.submitted_at) * 1000),
        "DataScannedInBytes": scanned,
        "ResultReuseInformation": {"ReusedPreviousResult": query.reused is not None},
    }
    if query.outcome.manifest:
        figures["DataManifestLocation"] = query.outcome.manifest
    return figures


def describe(query: QueryExecution) -> Payload:
    """Return an execution in the shape of GetQueryExecution."""
    request = query.request
    described: dict[str, object] = {
        "QueryExecutionId": query.id,
        "Query": request.sql,
        "StatementType": request.kind.type,
        "SubstatementType": request.kind.subtype,
        "ResultConfiguration": {"OutputLocation": query.output_prefix + request.kind.suffix},
        "QueryExecutionContext": {"Database": request.database, "Catalog": request.catalog},
        "Status": _status(query),
        "Statistics": statistics(query),
        "WorkGroup": request.workgroup,
        "EngineVersion": ENGINE_VERSION,
    }
    if request.parameters:
        described["ExecutionParameters"] = list(request.parameters)
    return described
