"""Runs one statement from its text to its result file.

Belongs here: choosing who runs a statement, SELECT itself, and writing results to S3. Does not
belong here: the states clients see (see `queries`).
"""

import datetime as dt
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from infra.local.athena.catalog.glue import GlueCatalog
from infra.local.athena.commands.ddl import Definer
from infra.local.athena.commands.dml import RowWriter
from infra.local.athena.commands.inserting import Inserter
from infra.local.athena.commands.partitions import PartitionKeeper
from infra.local.athena.commands.planner import Planner
from infra.local.athena.commands.utility import Informant
from infra.local.athena.data.storage import ObjectStore
from infra.local.athena.data.writer import Writer
from infra.local.athena.errors import QueryError, from_duckdb, unsupported
from infra.local.athena.results.metadata_file import engine_id, metadata_file
from infra.local.athena.results.rows import (
    FileRows,
    MemoryRows,
    Outcome,
    columns_of,
    formatted_rows,
    text_lines,
)
from infra.local.athena.session import Session
from infra.local.athena.sql.parsing import as_query, parse_query
from infra.local.athena.sql.positions import located
from infra.local.athena.sql.statements import (
    AlterPartitions,
    CreateView,
    Explain,
    Kind,
    Statement,
    Tree,
    Unload,
    Utility,
    parse_statement,
)
from infra.local.athena.sql.types import Column


class Executor:
    """Runs statements.

    Args:
        catalog: Glue.
        planner: Turns queries into DuckDB SQL.
        store: S3.
        scratch: Existing directory for results and files being written.
    """

    def __init__(
        self, catalog: GlueCatalog, planner: Planner, store: ObjectStore, scratch: Path
    ) -> None:
        self._planner = planner
        self._store = store
        self._scratch = scratch
        writer = Writer(store, scratch)
        self._rows = RowWriter(catalog, planner, store, writer)
        self._inserter = Inserter(catalog, planner, store, writer)
        self._definer = Definer(catalog, planner)
        self._partitions = PartitionKeeper(catalog, store)
        self._informant = Informant(catalog)
        self._runners: Mapping[type[exp.Expr], Callable[[Any, Session], Outcome]] = {
            exp.Create: self._definer.create,
            exp.Drop: self._definer.drop,
            exp.Alter: self._definer.alter,
            exp.Insert: self._inserter.insert,
            exp.Query: self._select,
        }

    def run(self, sql: str, kind: Kind, session: Session) -> Outcome:
        """Run a statement and leave its result in S3.

        Args:
            sql: One statement, parameters already substituted.
            kind: Its classification, which decides the name of the result.
            session: The query's engine state.

        Raises:
            QueryError: The statement failed; nothing it wrote remains.
        """
        try:
            return self._run(sql, kind, session)
        except QueryError as error:
            error.reason = located(error.reason, sql)
            raise

    def _run(self, sql: str, kind: Kind, session: Session) -> Outcome:
        try:
            statement = parse_statement(sql, session.database)
            outcome = self._dispatch(statement, session)
            session.check()
            self._publish(outcome, kind, session)
        except duckdb.InterruptException:
            session.check()
            raise
        except duckdb.Error as error:
            session.check()
            raise from_duckdb(error) from error
        return outcome

    def _dispatch(self, statement: Statement, session: Session) -> Outcome:
        match statement:
            case Utility() | AlterPartitions():
                return self._utility(statement)
            case CreateView():
                return self._definer.create_view(statement, session)
            case Unload():
                return self._rows.unload(statement, session)
            case Explain():
                return self._explain(statement, session)
            case Tree():
                return self._run_tree(statement.tree, session)

    def _utility(self, statement: Utility | AlterPartitions) -> Outcome:
        if isinstance(statement, AlterPartitions):
            return self._partitions.alter(statement)
        if statement.verb == "REPAIR":
            return self._partitions.repair(statement.table)
        return self._informant.answer(statement)

    def _run_tree(self, tree: exp.Expr, session: Session) -> Outcome:
        if isinstance(tree, exp.Values):
            tree = as_query(tree)
        if isinstance(tree, exp.Create) and tree.args["kind"].upper() == "TABLE":
            has_query = tree.expression is not None
            run = self._rows.create_table_as if has_query else self._definer.create
            return run(tree, session)
        for kind, runner in self._runners.items():
            if isinstance(tree, kind):
                return runner(tree, session)
        raise unsupported(f"{tree.key.upper()} on a Hive table")

    def _select(self, tree: exp.Query, session: Session) -> Outcome:
        sql = self._planner.plan(tree, session)
        session.cursor.execute(sql)
        columns = columns_of(session.cursor)
        rows = FileRows(self._scratch / f"{session.id}.csv")
        try:
            header = [column.name for column in columns]
            rows.write(chain([header], formatted_rows(session.cursor, columns)))
        except BaseException:
            rows.discard()
            raise
        return Outcome(columns, rows)

    def _explain(self, statement: Explain, session: Session) -> Outcome:
        sql = self._planner.plan(parse_query(statement.sql), session, reads=False)
        if statement.is_check:
            session.cursor.execute(f"EXPLAIN {sql}")
            return Outcome([Column("Valid", "boolean")], MemoryRows([["Valid"], ["true"]]))
        plan = session.cursor.execute(f"EXPLAIN {sql}").fetchall()
        # The header is a row of the answer, as that of a SELECT is.
        lines = [["Query Plan"]] + [[line] for _, text in plan for line in text.split("\n")]
        return Outcome([Column("Query Plan", "string")], MemoryRows([*lines]))

    def _publish(self, outcome: Outcome, kind: Kind, session: Session) -> None:
        """Write the result where Athena would, with its metadata file."""
        uri = session.output_prefix + kind.suffix
        if outcome.update_type or (kind.suffix and outcome.columns):
            self._store.put(f"{uri}.metadata", _metadata(outcome, kind, session))
        if not kind.suffix:
            return
        if isinstance(outcome.rows, FileRows):
            outcome.output_bytes = outcome.rows.path.stat().st_size
            self._store.upload(outcome.rows.path, uri)
        else:
            lines = outcome.rows.read(0, len(outcome.rows))
            self._store.put(uri, text_lines(lines).encode())


def _metadata(outcome: Outcome, kind: Kind, session: Session) -> bytes:
    # Hive's statements do not reach the engine, and have no id in it.
    is_hive = kind.type == "UTILITY"
    query_id = session.id if is_hive else engine_id(session.id, dt.datetime.now(dt.UTC))
    return metadata_file(query_id, outcome.columns, outcome.update_type, outcome.update_count)
