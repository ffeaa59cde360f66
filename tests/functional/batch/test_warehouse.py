"""Following a SPICE ingestion to its end, against a fake QuickSight (moto cannot describe one)."""

from functools import cached_property
from types import SimpleNamespace

import pytest

from clickstream_platform.resources.warehouse import SpiceRefreshError, WarehouseResource


def warehouse(*answers: dict, **options) -> WarehouseResource:
    """A warehouse whose ingestion gives these answers in turn, the last one for ever."""
    script = list(answers)

    def describe_ingestion(**_):
        return {"Ingestion": script.pop(0) if len(script) > 1 else script[0]}

    class ScriptedWarehouse(WarehouseResource):
        @cached_property
        def _client(self):
            return SimpleNamespace(
                create_ingestion=lambda **_: None, describe_ingestion=describe_ingestion
            )

    return ScriptedWarehouse(account_id="123456789012", poll_s=0.001, **options)


def test_an_ingestion_is_followed_until_it_is_complete():
    rows = {"RowsIngested": 7, "RowsDropped": 1}
    refresh = warehouse(
        {"IngestionStatus": "QUEUED"},
        {"IngestionStatus": "RUNNING"},
        {"IngestionStatus": "COMPLETED", "RowInfo": rows},
    ).refresh("sessions", "id-1")
    assert (refresh.ingestion_id, refresh.rows, refresh.rows_dropped) == ("id-1", 7, 1)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_what_quicksight_says_of_a_failure_is_passed_on(status):
    answer = {"IngestionStatus": status, "ErrorInfo": {"Type": "SQL_EXCEPTION"}}
    with pytest.raises(SpiceRefreshError, match=f"id-1 {status}: .*SQL_EXCEPTION"):
        warehouse(answer).refresh("sessions", "id-1")


def test_an_ingestion_that_does_not_end_fails_the_run():
    with pytest.raises(SpiceRefreshError, match="still RUNNING after"):
        warehouse({"IngestionStatus": "RUNNING"}, timeout_s=0.01).refresh("sessions", "id-1")
