"""What the API before the collector writes down of a request.

Belongs here: names and API Gateway's variables for them. How long the log is kept is a choice of
`infra.hosting`.
"""

ACCESS_LOG = {  # nothing of who sent it: addresses are cut before they are stored anywhere
    "at": "$context.requestTime",
    "request": "$context.requestId",
    "route": "$context.routeKey",
    "status": "$context.status",
    "received_bytes": "$context.requestLength",
    "answered_bytes": "$context.responseLength",
    "function_ms": "$context.integrationLatency",
    "error": "$context.error.message",
    "function_error": "$context.integrationErrorMessage",
}
LONGEST_WAIT_MS = 30_000  # of an HTTP API; the collector gives up a second before
