"""QuickSight data sets and SPICE ingestions, which moto only half has.

Belongs here: CreateDataSet, DescribeDataSet, CreateIngestion, DescribeIngestion and ListIngestions
as a WSGI middleware before moto. An ingestion counts its table's rows through Athena, so its figure
is true and a broken table fails it, as it would fail on AWS.
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from infra.local.catalog.journal import WsgiApp

_PATH = re.compile(
    r"^/accounts/(?P<account>\d+)/data-sets"
    r"(/(?P<data_set>[^/]+)(?P<ingestions>/ingestions(/(?P<ingestion>[^/]+))?)?)?$"
)


class _Refusal(Exception):  # noqa: N818 - an answer, not a fault
    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"Code": code, "Message": message, "RequestId": str(uuid.uuid4())}


class QuickSight:
    """The middleware.

    Args:
        app: What serves every other request (moto).
        count_rows: Counts the rows of a table, given its schema and name.
    """

    def __init__(self, app: WsgiApp, count_rows: Callable[[str, str], int]) -> None:
        self._app = app
        self._count_rows = count_rows
        self._data_sets: dict[str, dict[str, Any]] = {}
        self._ingestions: dict[tuple[str, str], dict[str, Any]] = {}

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Serves data sets and ingestions here and hands on the rest."""
        match = _PATH.match(environ["PATH_INFO"])
        if match is None:
            return self._app(environ, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length) or b"{}")
        status = "200 OK"
        try:
            answer = self._serve(environ["REQUEST_METHOD"], match, body)
        except _Refusal as refusal:
            status, answer = refusal.status, refusal.body
        headers = [("Content-Type", "application/json")]
        if status != "200 OK":
            headers.append(("x-amzn-ErrorType", str(answer["Code"])))
        start_response(status, headers)
        return [json.dumps(answer).encode()]

    def _serve(self, method: str, match: re.Match[str], body: dict[str, Any]) -> dict[str, Any]:
        account, data_set, ingestion = match["account"], match["data_set"], match["ingestion"]
        if method == "POST" and data_set is None:
            return self._create_data_set(account, body)
        if method == "GET" and data_set is not None and match["ingestions"] is None:
            return {"DataSet": self._data_set(data_set), "RequestId": str(uuid.uuid4())}
        if method == "PUT" and ingestion is not None:
            return self._create_ingestion(account, data_set, ingestion)
        if method == "GET" and ingestion is not None:
            return {"Ingestion": self._ingestion(data_set, ingestion)}
        if method == "GET" and match["ingestions"] is not None:
            found = [run for (owner, _), run in self._ingestions.items() if owner == data_set]
            return {"Ingestions": sorted(found, key=lambda r: r["CreatedTime"], reverse=True)}
        raise _Refusal(
            "400 Bad Request",
            "UnsupportedUserEditionException",
            f"the embedded QuickSight does not serve {method} {match[0]}",
        )

    def _create_data_set(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        name = body["DataSetId"]
        if name in self._data_sets:
            raise _Refusal("409 Conflict", "ResourceExistsException", f"data set {name} exists")
        arn = f"arn:aws:quicksight:us-east-1:{account}:dataset/{name}"
        now = time.time()
        self._data_sets[name] = {**body, "Arn": arn, "CreatedTime": now, "LastUpdatedTime": now}
        return {"Arn": arn, "DataSetId": name, "RequestId": str(uuid.uuid4())}

    def _data_set(self, name: str) -> dict[str, Any]:
        if name not in self._data_sets:
            raise _missing("data set", name)
        return self._data_sets[name]

    def _ingestion(self, data_set: str, name: str) -> dict[str, Any]:
        if (data_set, name) not in self._ingestions:
            raise _missing("ingestion", name)
        return self._ingestions[data_set, name]

    def _create_ingestion(self, account: str, data_set: str, name: str) -> dict[str, Any]:
        tables = self._data_set(data_set)["PhysicalTableMap"].values()
        table = next(iter(tables))["RelationalTable"]
        if (data_set, name) in self._ingestions:
            raise _Refusal("409 Conflict", "ResourceExistsException", f"ingestion {name} exists")
        arn = f"arn:aws:quicksight:us-east-1:{account}:dataset/{data_set}/ingestion/{name}"
        run: dict[str, Any] = {
            "Arn": arn,
            "IngestionId": name,
            "IngestionStatus": "RUNNING",
            "CreatedTime": time.time(),
        }
        self._ingestions[data_set, name] = run
        threading.Thread(target=self._ingest, args=(run, table), daemon=True).start()
        return {"Arn": arn, "IngestionId": name, "IngestionStatus": "INITIALIZED"}

    def _ingest(self, run: dict[str, Any], table: dict[str, Any]) -> None:
        started = time.monotonic()
        try:
            rows = self._count_rows(table["Schema"], table["Name"])
        except Exception as error:
            run["ErrorInfo"] = {"Type": "SQL_EXCEPTION", "Message": str(error)}
            run["IngestionStatus"] = "FAILED"
            return
        run["RowInfo"] = {"RowsIngested": rows, "RowsDropped": 0, "TotalRowsInDataset": rows}
        run["IngestionTimeInSeconds"] = int(time.monotonic() - started)
        run["IngestionStatus"] = "COMPLETED"


def _missing(what: str, name: str) -> _Refusal:
    return _Refusal("404 Not Found", "ResourceNotFoundException", f"{what} {name} does not exist")
