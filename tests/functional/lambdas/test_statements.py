"""Batches of statements, several at a time."""

import threading
from typing import Any

import pytest

from lambdas.shared.statements import MAX_STATEMENTS, StatementError, StatementWriter, insert


class Gated:
    """Fails the first call; the second waits for the gate before it writes."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.written = 0
        self._first = threading.Lock()

    def batch_execute_statement(self, Statements: list[Any]) -> dict[str, Any]:  # noqa: N803
        if self._first.acquire(blocking=False):
            threading.Timer(0.2, self.gate.set).start()
            return {"Responses": [{"Error": {"Code": "ValidationError"}} for _ in Statements]}
        self.gate.wait(5)
        self.written += len(Statements)
        return {"Responses": [{} for _ in Statements]}


def test_nothing_is_written_any_more_once_it_has_failed() -> None:
    """What a failed batch has written is found out afterwards: a late write would be missed."""
    dynamodb = Gated()
    statements = [insert("t", {"id": {"S": str(n)}}) for n in range(2 * MAX_STATEMENTS)]
    with pytest.raises(StatementError):
        StatementWriter(dynamodb).execute(statements)  # type: ignore[arg-type]
    assert dynamodb.written == MAX_STATEMENTS
