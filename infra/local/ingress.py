"""The collector's front: `python -m infra.local.ingress`, HTTP to Lambda proxy events and back.

Belongs here: what API Gateway's HTTP API does before and after the function (payload format 2.0).
What the answers are belongs to the collector.
"""

import argparse
import base64
import signal
import sys
import uuid
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import waitress

from infra.local.mappings.invocation import Context, Handler, load_handler
from infra.resource_types import Function
from infra.topology import build_topology

MAX_BODY_BYTES = 10 * 1024 * 1024
_STATUS = {200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found", 503: "Busy"}


class Ingress:
    """A WSGI application that calls a Lambda handler."""

    def __init__(self, handler: Handler, function: Function) -> None:
        self._handler = handler
        self._function = function

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Serves one request."""
        answer = self._handler(proxy_event(environ), Context.of(self._function)) or {}
        status = int(answer.get("statusCode", 200))
        headers = list((answer.get("headers") or {}).items())
        headers += [("Set-Cookie", cookie) for cookie in answer.get("cookies") or []]
        body = answer.get("body") or ""
        raw = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
        start_response(f"{status} {_STATUS.get(status, 'Status')}", headers)
        return [raw]


def proxy_event(environ: dict[str, Any]) -> dict[str, Any]:
    """A WSGI request as the event of an HTTP API, payload format 2.0."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    try:
        text, is_base64 = body.decode(), False
    except UnicodeDecodeError:
        text, is_base64 = base64.b64encode(body).decode(), True
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": environ.get("QUERY_STRING", ""),
        "headers": headers,
        "requestContext": {
            "http": {
                "method": method,
                "path": path,
                "protocol": environ["SERVER_PROTOCOL"],
                "sourceIp": environ.get("REMOTE_ADDR", ""),
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
        },
        "body": text,
        "isBase64Encoded": is_base64,
    }


def main() -> None:
    """Serves the collector on the loopback interface until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    function = build_topology().function("collector")
    app = Ingress(load_handler(function.package), function)
    waitress.serve(
        app,
        host="127.0.0.1",
        port=arguments.port,
        threads=8,
        max_request_body_size=MAX_BODY_BYTES,
    )


if __name__ == "__main__":
    main()
