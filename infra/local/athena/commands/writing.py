"""What the statements that write rows share.

Belongs here: the query they run, and what is told of the rows they wrote. Does not belong here: the
statements (see `dml` and `inserting`) and the files (see `writer`).
"""

from sqlglot import exp

from infra.local.athena.catalog.tables import Partition
from infra.local.athena.data.storage import ObjectStore
from infra.local.athena.data.writer import Written
from infra.local.athena.errors import QueryError
from infra.local.athena.results.metadata_file import ROWS
from infra.local.athena.results.rows import Outcome
from infra.local.athena.session import Session
from infra.local.athena.sql.parsing import as_query


def query_of(tree: exp.Expr) -> exp.Query:
    """Return what a statement writes, as a query.

    Raises:
        QueryError: SYNTAX_ERROR.
    """
    if isinstance(tree, exp.Values):
        return as_query(tree)
    if not isinstance(tree, exp.Query):
        raise QueryError("SYNTAX_ERROR: line 1:1: a query was expected")
    return tree


def partitions_of(written: Written) -> list[Partition]:
    """Return the partitions that received rows."""
    return [Partition(values, location) for values, location in written.partitions.items()]


def written_outcome(
    store: ObjectStore, written: Written, session: Session, update_type: str = ""
) -> Outcome:
    """Leave the manifest of what was written, and return what the statement answers."""
    manifest = f"{session.output_prefix}-manifest.csv"
    store.put(manifest, "".join(f"{uri}\n" for uri in written.uris).encode())
    return Outcome(ROWS, update_type=update_type, update_count=written.rows, manifest=manifest)
