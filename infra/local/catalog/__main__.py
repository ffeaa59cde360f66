"""The embedded Glue and QuickSight: moto behind a journal, `python -m infra.local.catalog`.

Belongs here: wiring and serving. moto's own server closes every connection; waitress keeps them.
"""

import argparse
import logging
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import boto3
import waitress
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from infra.local.catalog.journal import Journal
from infra.local.catalog.quicksight import QuickSight
from infra.querying import Querying

_GLUE_READS = ("Get", "BatchGet", "List", "Search", "Check", "Query")
_SERVICE = "clickstream-catalog"


def changes_something(environ: dict[str, Any]) -> bool:
    """Whether a request changes the catalog and must be remembered.

    Ingestions are not: they run, and running one again on every start would be wrong.
    """
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return not target.rpartition(".")[2].startswith(_GLUE_READS)
    is_ingestion = "/ingestions/" in environ["PATH_INFO"]
    return environ["REQUEST_METHOD"] in {"POST", "PUT", "DELETE"} and not is_ingestion


class _Health:
    def __init__(self, app: Any, journal: Journal) -> None:
        self._app = app
        self._journal = journal

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/health":
            return self._app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        body = f'{{"service": "{_SERVICE}", "replayed": {self._journal.replayed}}}'
        return [body.encode()]


def main() -> None:
    """Serves on the loopback interface until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--workgroup", default="primary")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(0)  # nothing to save: every change was on disk before it was answered

    signal.signal(signal.SIGTERM, stop)
    moto = _raw_uri(DomainDispatcherApplication(create_backend_app))
    querying = Querying(boto3.client("athena"), "default", arguments.workgroup)

    def count_rows(schema: str, table: str) -> int:
        return querying.number(f'SELECT count(*) FROM "{schema}"."{table}"')  # noqa: S608 - our names

    app = QuickSight(moto, count_rows)
    journal = Journal(app, arguments.journal, changes_something)
    waitress.serve(_Health(journal, journal), host="127.0.0.1", port=arguments.port, threads=8)


def _raw_uri(app: Any) -> Any:
    """Moto reads the address as it was sent from a variable that only its own server sets."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        environ.setdefault("RAW_URI", environ.get("REQUEST_URI", environ["PATH_INFO"]))
        return app(environ, start_response)

    return call


if __name__ == "__main__":
    main()
