"""What one running statement carries with it.

Belongs here: the per-query DuckDB cursor, its cancellation, the files it holds and what it scanned.
Does not belong here: the state clients see (see `queries`).
"""

import threading
from dataclasses import dataclass, field

import duckdb

from infra.local.athena.data.cache import Lease
from infra.local.athena.errors import QueryCancelledError


@dataclass
class Session:
    """The engine side of one query execution.

    Attributes:
        id: The query execution id.
        database: The default database for unqualified names.
        cursor: A DuckDB connection of its own: temporary views are private to it.
        lease: The cached objects this query may still read.
        scanned_bytes: Total size of the objects the query reads.
        output_prefix: The query's result address without a suffix, ``s3://bucket/prefix/<id>``.
        scan_limit: Bytes the query may scan; 0 for any number.
        workgroup: Owner of the prepared statements this query may define.
    """

    id: str
    database: str
    cursor: duckdb.DuckDBPyConnection
    lease: Lease
    output_prefix: str
    workgroup: str = "primary"
    scanned_bytes: int = 0
    scan_limit: int = 0
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Interrupt the running DuckDB statement and fail the next `check`."""
        self._cancelled.set()
        self.cursor.interrupt()

    def scan(self, size: int) -> None:
        """Count bytes that the query reads.

        Raises:
            QueryCancelledError: They are more than its work group allows.
        """
        self.scanned_bytes += size
        if self.scan_limit and self.scanned_bytes > self.scan_limit:
            raise QueryCancelledError("Bytes scanned limit was exceeded")

    def check(self) -> None:
        """Stop between two steps if the query was cancelled.

        Raises:
            QueryCancelledError: It was.
        """
        if self._cancelled.is_set():
            raise QueryCancelledError

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled.is_set()

    def close(self) -> None:
        """Release the cursor (with its temporary views) and the cached files."""
        self.cursor.close()
        self.lease.release()
