"""Memory for an emulator that has none: every change is written down and done again on start.

Belongs here: a WSGI middleware that journals requests which changed something. What a change is
belongs to whoever configures it. moto keeps Glue in memory only, and Glue says which generation of
an hour is the live one: losing that loses the lake's commits.
"""

import base64
import io
import json
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from werkzeug.test import EnvironBuilder, run_wsgi_app

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_KEPT_HEADERS = ("CONTENT_TYPE", "HTTP_X_AMZ_TARGET", "HTTP_HOST", "HTTP_AUTHORIZATION")


class JournalError(RuntimeError):
    """A change that was answered for cannot be done again: the catalog would not be the same."""


class Journal:
    """A WSGI application with a journal of its successful changes.

    Args:
        app: The application.
        path: The journal, one JSON line for each change.
        changes_something: Tells from a WSGI environment whether a request is a change.

    Raises:
        JournalError: If a journaled change is refused now.
    """

    def __init__(
        self, app: WsgiApp, path: Path, changes_something: Callable[[dict[str, Any]], bool]
    ) -> None:
        self._app = app
        self._changes_something = changes_something
        self._lock = threading.Lock()
        self.replayed = self._replay(path)
        self._file = path.open("ab")

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Serves a request; a change is on disk before it is answered."""
        if not self._changes_something(environ):
            return self._app(environ, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        with self._lock:  # changes are journaled in the order they took effect
            answer, status, headers = run_wsgi_app(self._app, environ, buffered=True)
            if status.startswith("2"):
                self._write(environ, body)
        start_response(status, list(headers))
        return answer

    def close(self) -> None:
        """Closes the journal; everything in it is on disk already."""
        self._file.close()

    def _write(self, environ: dict[str, Any], body: bytes) -> None:
        entry = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ.get("QUERY_STRING", ""),
            "headers": {name: environ[name] for name in _KEPT_HEADERS if name in environ},
            "body": base64.b64encode(body).decode(),
        }
        self._file.write(json.dumps(entry).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _replay(self, path: Path) -> int:
        """Does every journaled change again; a last line cut off by a crash was never answered."""
        if not path.exists():
            return 0
        written = path.read_bytes()
        whole = written.rfind(b"\n") + 1
        if whole < len(written):
            os.truncate(path, whole)
        lines = written[:whole].splitlines()
        for number, line in enumerate(lines, 1):
            entry = json.loads(line)
            body = base64.b64decode(entry["body"])
            builder = EnvironBuilder(
                path=entry["path"],
                query_string=entry["query"],
                method=entry["method"],
                input_stream=io.BytesIO(body),
                content_length=len(body),
            )
            environ = {**builder.get_environ(), **entry["headers"]}
            _, status, _ = run_wsgi_app(self._app, environ, buffered=True)
            if not status.startswith("2"):
                raise JournalError(f"{path}, line {number}: it succeeded once and is now {status}")
        return len(lines)
