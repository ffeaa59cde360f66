"""The assembled service: engine, catalog, cache and registry, from one set of options.

Belongs here: construction, shutdown, and turning a StartQueryExecution into a request to run. Does
not belong here: HTTP (see `application`) and the command line (see `__main__`).
"""

from dataclasses import dataclass, field
from pathlib import Path

import boto3
import duckdb
from botocore.config import Config

from infra.local.athena.catalog.glue import GlueCatalog
from infra.local.athena.catalog.locations import as_folder
from infra.local.athena.commands.planner import Planner
from infra.local.athena.data.cache import ObjectCache, fresh_directory
from infra.local.athena.data.scan import TableScanner
from infra.local.athena.data.storage import ObjectStore
from infra.local.athena.engine import macros
from infra.local.athena.errors import ApiError, QueryError, invalid_request
from infra.local.athena.execution.definitions import PRIMARY, Definitions, PreparedStatement
from infra.local.athena.execution.executions import QueryExecution, Request
from infra.local.athena.execution.executor import Executor
from infra.local.athena.execution.queries import QueryRegistry
from infra.local.athena.results.rows import Outcome
from infra.local.athena.session import Session
from infra.local.athena.sql.parsing import arguments, substitute
from infra.local.athena.sql.sqltext import literal
from infra.local.athena.sql.statements import (
    DEALLOCATE,
    EXECUTE,
    PREPARE,
    Kind,
    body_of,
    kind_of,
    unquoted,
)

MAX_QUERY_BYTES = 262_144  # Athena's limit


@dataclass(frozen=True)
class Options:
    """How the service runs.

    Attributes:
        cache_dir: Directory it owns: cached objects, results, temporary files, definitions.
        output_location: S3 folder for results of queries that name none.
        memory_limit: DuckDB's memory limit, e.g. ``600MB``.
        threads: DuckDB's threads.
        workers: Statements run at once.
        cache_bytes: Soft limit of the object cache.
        history: Finished executions remembered.
    """

    cache_dir: Path
    output_location: str
    memory_limit: str = "600MB"
    threads: int = 2
    workers: int = 4
    cache_bytes: int = field(default=4 << 30)
    history: int = 1000


class AthenaService:
    """Everything behind the API. Clients come from the usual AWS environment variables."""

    def __init__(self, options: Options) -> None:
        self.options = options
        config = Config(
            max_pool_connections=32,
            retries={"mode": "standard", "max_attempts": 3},
            s3={"addressing_style": "path"},
        )
        session = boto3.Session()
        directory = options.cache_dir
        directory.mkdir(parents=True, exist_ok=True)
        self.store = ObjectStore(session.client("s3", config=config))
        self._cache = ObjectCache(self.store, directory, options.cache_bytes)
        self.catalog = GlueCatalog(session.client("glue", config=config))
        self.definitions = Definitions(directory / "definitions.json")
        self._engine = _open_engine(options)
        scratch = fresh_directory(directory / "scratch")
        planner = Planner(self.catalog, TableScanner(self.store, directory / "schemas"))
        self._executor = Executor(self.catalog, planner, self.store, scratch)
        self.queries = QueryRegistry(
            self._open_session, self._run, options.workers, options.history
        )

    def _open_session(self, query: QueryExecution) -> Session:
        return Session(
            id=query.id,
            database=query.request.database,
            cursor=self._engine.cursor(),
            lease=self._cache.lease(),
            output_prefix=query.output_prefix,
            workgroup=query.request.workgroup,
            scan_limit=query.request.scan_limit,
        )

    def start(
        self,
        sql: str,
        *,
        database: str = "default",
        catalog: str = "AwsDataCatalog",
        workgroup: str = PRIMARY,
        output_location: str = "",
        parameters: tuple[str, ...] = (),
        token: str | None = None,
        reuse_s: float = 0,
    ) -> str:
        """Queue a statement and return its execution id.

        Args:
            sql: One statement; EXECUTE is resolved now, as its kind decides the result's name.
            database: Default database.
            catalog: Only echoed.
            workgroup: Decides the default output location and which prepared statements exist.
            output_location: S3 folder; by default the workgroup's, then the service's.
            parameters: Values of the statement's question marks.
            token: Client request token.
            reuse_s: How old a result may be that is given again, in seconds.

        Raises:
            ApiError: The request is malformed, or names an unknown prepared statement.
        """
        _require_text(sql)
        location = self._location(workgroup, output_location)
        executable = self._executable(body_of(sql), workgroup, parameters)
        request = Request(
            sql=sql,
            executable=executable,
            kind=kind_of(executable),
            database=unquoted(database),
            catalog=catalog,
            workgroup=workgroup,
            output_location=as_folder(location),
            parameters=parameters,
            scan_limit=self.definitions.workgroup(workgroup).scan_limit,
        )
        return self.queries.submit(request, token, reuse_s)

    def _location(self, workgroup: str, wanted: str) -> str:
        """Return where a query's result goes: an enforced work group decides alone."""
        group = self.definitions.workgroup(workgroup)
        if not group.enabled:
            raise invalid_request(f"WorkGroup {workgroup} is disabled.")
        if group.enforced and group.output_location:
            wanted = ""
        location = wanted or group.output_location or self.options.output_location
        if not location.startswith("s3://"):
            raise invalid_request(f"outputLocation is not a valid S3 path: {location}")
        return location

    def _executable(self, sql: str, workgroup: str, parameters: tuple[str, ...]) -> str:
        """Replace EXECUTE by the prepared statement, and question marks by their values."""
        try:
            if match := EXECUTE.match(sql):
                name = match["name"].strip('"')
                sql = body_of(self.definitions.statement(workgroup, name).sql)
                parameters = tuple(arguments(match["arguments"] or "")) or parameters
            if "?" in sql and not PREPARE.match(sql):
                return substitute(sql, parameters)
        except QueryError as error:
            raise invalid_request(error.reason) from error
        return sql

    def _run(self, sql: str, kind: Kind, session: Session) -> Outcome:
        try:
            if match := PREPARE.match(sql):
                named = PreparedStatement(unquoted(match["name"]), session.workgroup, match["sql"])
                self.definitions.put_statement(named, must_be_new=True)
                return Outcome()
            if match := DEALLOCATE.match(sql):
                self.definitions.delete_statement(session.workgroup, unquoted(match["name"]))
                return Outcome()
        except ApiError as error:
            raise QueryError(f"INVALID_PREPARED_STATEMENT: {error.message}") from error
        return self._executor.run(sql, kind, session)

    def close(self) -> None:
        """Cancel what runs and release every resource."""
        self.queries.close()
        self.store.close()
        self._engine.close()
        self._cache.close()


def _require_text(sql: str) -> None:
    if not sql.strip():
        raise invalid_request("Query string is empty")
    if len(sql.encode()) > MAX_QUERY_BYTES:
        raise invalid_request(f"queryString exceeds {MAX_QUERY_BYTES} bytes")


def _open_engine(options: Options) -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect(
        config={
            "threads": options.threads,
            "memory_limit": options.memory_limit,
            "temp_directory": str(options.cache_dir / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    macros.install(engine)
    # SQL can name any file of this machine; ours are all below the cache.
    engine.execute(f"SET allowed_directories = [{literal(str(options.cache_dir.absolute()))}]")
    engine.execute("SET enable_external_access = false")
    return engine
