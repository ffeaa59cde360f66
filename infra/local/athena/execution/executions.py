"""Query executions as values: their states, and what was asked.

Belongs here: their shape. Does not belong here: what happens to them (see `queries`).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from infra.local.athena.results.rows import Outcome
from infra.local.athena.session import Session
from infra.local.athena.sql.statements import Kind


class State(StrEnum):
    """The states of a query execution, as the API spells them."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class Request:
    """What a client asked to run.

    Attributes:
        sql: The statement as sent.
        executable: The statement to run: EXECUTE resolved, parameters substituted.
        kind: Classification of the executable statement.
        database: Default database.
        catalog: Catalog name as sent.
        workgroup: Workgroup name.
        output_location: S3 folder for results, with a trailing slash.
        parameters: Execution parameters as sent.
        scan_limit: Bytes it may scan; 0 for any number.
    """

    sql: str
    executable: str
    kind: Kind
    database: str
    catalog: str
    workgroup: str
    output_location: str
    parameters: tuple[str, ...] = ()
    scan_limit: int = 0


@dataclass
class QueryExecution:
    """One query execution; times are seconds since the epoch."""

    id: str
    request: Request
    submitted_at: float
    state: State = State.QUEUED
    started_at: float | None = None
    completed_at: float | None = None
    reason: str = ""
    scanned_bytes: int = 0
    outcome: Outcome = field(default_factory=Outcome)
    session: Session | None = None
    reused: "QueryExecution | None" = None

    @property
    def output_prefix(self) -> str:
        """The result's address without its suffix."""
        if self.reused is not None:
            return self.reused.output_prefix
        folder = "tables/" if self.request.kind.subtype == "CREATE_TABLE_AS_SELECT" else ""
        return f"{self.request.output_location}{folder}{self.id}"

    @property
    def is_finished(self) -> bool:
        """Whether the state is final."""
        return self.state not in (State.QUEUED, State.RUNNING)
