"""Runs query executions in threads, and remembers them.

Belongs here: QUEUED → RUNNING → SUCCEEDED | FAILED | CANCELLED, client request tokens, cancelling,
giving results again, and forgetting old executions. Does not belong here: their shape (see
`executions`), HTTP (see `application`) and SQL (see `executor`).
"""

import logging
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from infra.local.athena.errors import ApiError, QueryCancelledError, QueryError, invalid_request
from infra.local.athena.execution.executions import QueryExecution, Request, State
from infra.local.athena.results.rows import FileRows, Outcome
from infra.local.athena.session import Session
from infra.local.athena.sql.statements import Kind

LOG = logging.getLogger(__name__)


OpenSession = Callable[[QueryExecution], Session]
RunStatement = Callable[[str, Kind, Session], Outcome]


class QueryRegistry:
    """All remembered query executions.

    Args:
        open_session: Gives an execution its engine state.
        run: Runs a statement; raises `QueryError` when it fails.
        workers: How many statements run at once; the others are QUEUED.
        history: How many finished executions are remembered.
    """

    def __init__(
        self, open_session: OpenSession, run: RunStatement, workers: int, history: int
    ) -> None:
        self._open_session = open_session
        self._run_statement = run
        self._history = history
        self._lock = threading.Lock()
        self._executions: OrderedDict[str, QueryExecution] = OrderedDict()
        self._tokens: dict[str, str] = {}
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="query")

    def submit(self, request: Request, token: str | None = None, reuse_s: float = 0) -> str:
        """Queue a statement.

        Args:
            request: What to run.
            token: A client request token: the same token gives the same execution.
            reuse_s: How old a result of the same query may be to be given again; 0 for never.

        Returns:
            The query execution id.

        Raises:
            ApiError: The token was used for another request.
        """
        with self._lock:
            known = self._tokens.get(token) if token else None
            if known is not None:
                if self._executions[known].request != request:
                    raise invalid_request("Idempotent parameters do not match")
                return known
            query = QueryExecution(str(uuid.uuid4()), request, submitted_at=time.time())
            self._executions[query.id] = query
            if token:
                self._tokens[token] = query.id
            earlier = self._reusable(request, reuse_s) if reuse_s else None
            if earlier is not None:
                self._reuse(query, earlier)
            self._forget()
        if not query.is_finished:
            self._pool.submit(self._run, query)
        return query.id

    def _reusable(self, request: Request, reuse_s: float) -> QueryExecution | None:
        """Return the newest execution whose result may be given again."""
        if request.kind.subtype != "SELECT":
            return None
        since = time.time() - reuse_s
        for query in reversed(self._executions.values()):
            is_same = replace(query.request, output_location="") == replace(
                request, output_location=""
            )
            fresh = query.completed_at is not None and query.completed_at >= since
            if is_same and fresh and query.state is State.SUCCEEDED and query.reused is None:
                return query
        return None

    def _reuse(self, query: QueryExecution, earlier: QueryExecution) -> None:
        if isinstance(earlier.outcome.rows, FileRows):
            earlier.outcome.rows.hold()
        query.outcome, query.reused = earlier.outcome, earlier
        query.started_at = query.submitted_at
        self._finish(query, State.SUCCEEDED)

    def _forget(self) -> None:
        """Drop the oldest finished executions beyond the history limit."""
        excess = len(self._executions) - self._history
        if excess <= 0:
            return
        finished = [item for item in self._executions.values() if item.is_finished]
        dropped = {item.id for item in finished[:excess]}
        for identity in dropped:
            self._executions.pop(identity).outcome.rows.discard()
        self._tokens = {t: i for t, i in self._tokens.items() if i not in dropped}

    def get(self, identity: str) -> QueryExecution:
        """Return an execution.

        Raises:
            ApiError: It is unknown, or was forgotten.
        """
        with self._lock:
            query = self._executions.get(identity)
        if query is None:
            raise ApiError("InvalidRequestException", f"QueryExecution {identity} was not found")
        return query

    def newest_first(self, workgroup: str) -> Iterator[str]:
        """Yield the ids of a workgroup's executions."""
        with self._lock:
            queries = list(self._executions.values())
        return (item.id for item in reversed(queries) if item.request.workgroup == workgroup)

    def cancel(self, identity: str) -> None:
        """Stop an execution; finished ones stay as they are.

        Raises:
            ApiError: It is unknown.
        """
        query = self.get(identity)
        with self._lock:
            if query.is_finished:
                return
            self._finish(query, State.CANCELLED, "Query cancelled by user")
            if query.session is not None:
                query.session.cancel()

    def _finish(self, query: QueryExecution, state: State, reason: str = "") -> None:
        query.state = state
        query.reason = reason
        query.completed_at = time.time()

    def _run(self, query: QueryExecution) -> None:
        session = self._open_session(query)
        try:
            with self._lock:
                if query.is_finished:
                    return
                query.state = State.RUNNING
                query.started_at = time.time()
                query.session = session
            self._settle(query, session, *self._attempt(query, session))
        finally:
            session.close()
        LOG.info("query %s %s %s", query.id, query.state, query.reason)

    def _attempt(self, query: QueryExecution, session: Session) -> tuple[State, str, Outcome]:
        request = query.request
        try:
            outcome = self._run_statement(request.executable, request.kind, session)
        except QueryCancelledError as error:
            return State.CANCELLED, error.reason, Outcome()
        except QueryError as error:
            return State.FAILED, error.reason, Outcome()
        except Exception as error:
            # The client must not wait for ever, whatever went wrong.
            LOG.exception("query %s failed unexpectedly", query.id)
            reason = f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"
            return State.FAILED, reason, Outcome()
        return State.SUCCEEDED, "", outcome

    def _settle(
        self, query: QueryExecution, session: Session, state: State, reason: str, outcome: Outcome
    ) -> None:
        """Record how an attempt ended, unless the execution was cancelled meanwhile."""
        with self._lock:
            query.session = None
            query.scanned_bytes = session.scanned_bytes
            if query.is_finished:
                outcome.rows.discard()
            else:
                query.outcome = outcome
                self._finish(query, state, reason)

    def close(self) -> None:
        """Cancel everything and wait for the threads."""
        with self._lock:
            unfinished = [item.id for item in self._executions.values() if not item.is_finished]
        for identity in unfinished:
            self.cancel(identity)
        self._pool.shutdown(wait=True, cancel_futures=True)
