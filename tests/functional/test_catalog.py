"""The embedded catalog keeps what it answered for, and its ingestions tell the truth."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from infra.local.catalog.__main__ import changes_something
from infra.local.catalog.journal import Journal, JournalError
from infra.local.catalog.quicksight import QuickSight

GLUE = "AWSGlue."


class Memory:
    """An emulator with a memory: remembers the bodies of changes, refuses `bad`."""

    def __init__(self) -> None:
        self.changes: list[str] = []

    @Request.application
    def __call__(self, request: Request) -> Response:
        body = request.get_data(as_text=True)
        if body == "bad":
            return Response("no", 400)
        if request.headers.get("X-Amz-Target", "").startswith(f"{GLUE}Create"):
            self.changes.append(body)
        return Response("ok")


def call(app: Any, action: str, body: str) -> Response:
    client = Client(app, Response)
    return client.post("/", data=body, headers={"X-Amz-Target": f"{GLUE}{action}"})


def test_changes_are_done_again_in_order_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(Journal(Memory(), path, changes_something)) as journal:
        for body in ("a", "bad", "b", "ü"):
            call(journal, "CreatePartition", body)
        call(journal, "GetPartitions", "c")
    after = Memory()
    with closing(Journal(after, path, changes_something)) as journal:
        assert journal.replayed == 3
    assert after.changes == ["a", "b", "ü"]


def test_a_line_cut_off_by_a_crash_was_never_answered(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(Journal(Memory(), path, changes_something)) as journal:
        call(journal, "CreateTable", "a")
    with path.open("ab") as file:
        file.write(b'{"method": "PO')
    after = Memory()
    with closing(Journal(after, path, changes_something)) as again:
        call(again, "CreateTable", "b")
    final = Memory()
    Journal(final, path, changes_something).close()
    assert final.changes == ["a", "b"]


def test_a_change_that_is_refused_now_is_no_silent_loss(tmp_path: Path) -> None:
    class Strict(Memory):
        @Request.application
        def __call__(self, request: Request) -> Response:
            return Response("no", 400)

    path = tmp_path / "journal"
    with closing(Journal(Memory(), path, changes_something)) as journal:
        call(journal, "CreateTable", "a")
    with pytest.raises(JournalError, match="line 1"):
        Journal(Strict(), path, changes_something)


@pytest.mark.parametrize(
    ("target", "method", "path", "expected"),
    [
        (f"{GLUE}UpdatePartition", "POST", "/", True),
        (f"{GLUE}BatchCreatePartition", "POST", "/", True),
        (f"{GLUE}GetTables", "POST", "/", False),
        (f"{GLUE}BatchGetPartition", "POST", "/", False),
        ("", "POST", "/accounts/1/data-sets", True),
        ("", "PUT", "/accounts/1/data-sets/a/ingestions/b", False),
        ("", "GET", "/accounts/1/data-sets/a", False),
    ],
)
def test_what_counts_as_a_change(target: str, method: str, path: str, expected: bool) -> None:
    environ = {"HTTP_X_AMZ_TARGET": target, "REQUEST_METHOD": method, "PATH_INFO": path}
    assert changes_something(environ) is expected


DATA_SET = {
    "DataSetId": "views",
    "Name": "Views",
    "PhysicalTableMap": {"t": {"RelationalTable": {"Schema": "db", "Name": "views"}}},
}


def ingested(count_rows: Callable[[str, str], int]) -> dict[str, Any]:
    client = Client(QuickSight(Memory(), count_rows), Response)
    assert client.post("/accounts/1/data-sets", data=json.dumps(DATA_SET)).status_code == 200
    path = "/accounts/1/data-sets/views/ingestions/one"
    assert client.put(path, data="{}").status_code == 200
    assert client.put(path, data="{}").status_code == 409
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found: dict[str, Any] = json.loads(client.get(path).get_data())["Ingestion"]
        if found["IngestionStatus"] not in {"INITIALIZED", "RUNNING"}:
            return found
    pytest.fail("the ingestion does not end")


def test_an_ingestion_reports_the_rows_of_its_table() -> None:
    done = ingested(lambda schema, table: 42 if (schema, table) == ("db", "views") else 0)
    assert done["IngestionStatus"] == "COMPLETED"
    assert done["RowInfo"]["RowsIngested"] == 42


def test_a_broken_table_fails_its_ingestion() -> None:
    def broken(_schema: str, _table: str) -> int:
        raise RuntimeError("TABLE_NOT_FOUND")

    done = ingested(broken)
    assert done["IngestionStatus"] == "FAILED"
    assert "TABLE_NOT_FOUND" in done["ErrorInfo"]["Message"]


def test_unknown_things_are_not_found() -> None:
    client = Client(QuickSight(Memory(), lambda *_: 0), Response)
    answer = client.get("/accounts/1/data-sets/none")
    assert answer.status_code == 404
    assert answer.headers["x-amzn-ErrorType"] == "ResourceNotFoundException"
    assert client.get("/accounts/1/dashboards").get_data() == b"ok"
