"""Query executions: states, tokens, cancelling and forgetting."""

import threading
import time
from collections.abc import Iterator

import pytest

from infra.local.athena.errors import ApiError, QueryError
from infra.local.athena.execution.executions import QueryExecution, Request, State
from infra.local.athena.execution.queries import QueryRegistry
from infra.local.athena.results.rows import Outcome
from infra.local.athena.sql.statements import kind_of

SAME = "a client request token"


class FakeSession:
    scanned_bytes = 7

    def __init__(self) -> None:
        self.cancelled = threading.Event()

    def cancel(self) -> None:
        self.cancelled.set()

    def close(self) -> None:
        pass


def _run(sql: str, kind: object, session: FakeSession) -> Outcome:
    if sql == "wait":
        assert session.cancelled.wait(5)
        raise QueryError("interrupted")
    if sql == "fail":
        raise QueryError("SYNTAX_ERROR: no")
    if sql == "crash":
        raise KeyError("bug")
    return Outcome(update_count=3)


@pytest.fixture
def registry() -> Iterator[QueryRegistry]:
    registry = QueryRegistry(lambda _: FakeSession(), _run, workers=1, history=3)
    yield registry
    registry.close()


def _request(sql: str) -> Request:
    return Request(sql, sql, kind_of("select 1"), "db", "AwsDataCatalog", "primary", "s3://b/")


def _finished(registry: QueryRegistry, identity: str) -> QueryExecution:
    deadline = time.monotonic() + 5
    while not registry.get(identity).is_finished:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return registry.get(identity)


def test_success_keeps_outcome_and_statistics(registry: QueryRegistry) -> None:
    query = _finished(registry, registry.submit(_request("x")))
    assert (query.state, query.outcome.update_count, query.scanned_bytes) == ("SUCCEEDED", 3, 7)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [("fail", "SYNTAX_ERROR: no"), ("crash", "GENERIC_INTERNAL_ERROR: KeyError: 'bug'")],
)
def test_every_failure_ends_the_execution(registry: QueryRegistry, sql: str, reason: str) -> None:
    query = _finished(registry, registry.submit(_request(sql)))
    assert (query.state, query.reason) == (State.FAILED, reason)


def test_the_same_token_is_the_same_execution(registry: QueryRegistry) -> None:
    first = registry.submit(_request("x"), token=SAME)
    assert registry.submit(_request("x"), token=SAME) == first
    with pytest.raises(ApiError, match="Idempotent parameters do not match"):
        registry.submit(_request("y"), token=SAME)


def test_cancelling_a_running_and_a_queued_execution(registry: QueryRegistry) -> None:
    running, queued = registry.submit(_request("wait")), registry.submit(_request("x"))
    while registry.get(running).state is State.QUEUED:
        time.sleep(0.001)
    registry.cancel(queued)
    registry.cancel(running)
    after = registry.submit(_request("x"))
    assert _finished(registry, after).state is State.SUCCEEDED
    assert registry.get(running).state is State.CANCELLED
    assert registry.get(queued).state is State.CANCELLED


def test_cancelling_what_has_finished_changes_nothing(registry: QueryRegistry) -> None:
    query = _finished(registry, registry.submit(_request("x")))
    registry.cancel(query.id)
    assert query.state is State.SUCCEEDED


def test_old_executions_are_forgotten_and_running_ones_are_not(registry: QueryRegistry) -> None:
    first = registry.submit(_request("wait"), token=SAME)
    rest = [registry.submit(_request("x")) for _ in range(4)]
    assert registry.get(first).state in (State.QUEUED, State.RUNNING)
    registry.cancel(first)
    _finished(registry, rest[-1])
    newest = registry.submit(_request("x"))
    _finished(registry, newest)
    with pytest.raises(ApiError, match="was not found"):
        registry.get(first)
    assert next(iter(registry.newest_first("primary"))) == newest
