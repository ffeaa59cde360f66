"""A DuckDB engine with Athena's functions, and a way to run Athena SQL on it without tables."""

import warnings
from collections.abc import Callable, Iterator

import duckdb
import pytest

with warnings.catch_warnings():
    # dagster-dbt installs the deprecated sqlglotrs, which sqlglot imports if it is there.
    warnings.filterwarnings("ignore", "sqlglotrs is deprecated", DeprecationWarning)
    import sqlglot  # noqa: F401

from sqlglot.schema import MappingSchema

from infra.local.athena.dialect.translation import to_duckdb
from infra.local.athena.engine import macros
from infra.local.athena.results.rows import columns_of, formatted_rows
from infra.local.athena.semantics.analysis import analyse, output_labels, relabel
from infra.local.athena.sql.parsing import parse_query

Rows = list[list[str | None]]


@pytest.fixture(scope="session")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(config={"threads": 1})
    macros.install(connection)
    yield connection
    connection.close()


@pytest.fixture
def run(engine: duckdb.DuckDBPyConnection) -> Callable[[str], Rows]:
    """Run Athena SQL; return the rows as Athena prints them."""

    def run_sql(sql: str) -> Rows:
        tree = parse_query(sql)
        labels = output_labels(tree)
        tree = analyse(tree, MappingSchema(dialect="athena"))
        relabel(tree, labels)
        cursor = engine.execute(to_duckdb(tree))
        return list(formatted_rows(cursor, columns_of(cursor)))

    return run_sql
