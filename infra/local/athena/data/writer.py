"""Writes query results as table data: CTAS, INSERT and UNLOAD.

Belongs here: running a query into files, cutting it into partitions, uploading. Does not belong
here: what the table is called and what Glue is told (see `dml`).

Nothing is uploaded before the whole result is on local disk, and a failed or cancelled upload
deletes what it had uploaded, so a statement that fails leaves no rows behind.
"""

import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from infra.local.athena.catalog.locations import as_folder, partition_path
from infra.local.athena.data.serdes import FileFormat
from infra.local.athena.data.storage import ObjectStore
from infra.local.athena.errors import QueryError, unsupported
from infra.local.athena.results.rows import columns_of
from infra.local.athena.session import Session
from infra.local.athena.sql.sqltext import identifier, identifiers, literal, select
from infra.local.athena.sql.types import Column, duckdb_type

MAX_OPEN_PARTITIONS = 100
_PARQUET_CODECS = {
    "GZIP": "gzip",
    "ZSTD": "zstd",
    "SNAPPY": "snappy",
    "LZ4": "lz4",
    "NONE": "uncompressed",
    "UNCOMPRESSED": "uncompressed",
}
_TEXT_CODECS = {"GZIP": "gzip", "ZSTD": "zstd", "NONE": "none", "UNCOMPRESSED": "none"}
_TEXT_SUFFIXES = {"gzip": ".gz", "zstd": ".zst", "none": ""}


@dataclass(frozen=True)
class Target:
    """Where and how to write.

    Attributes:
        location: S3 folder.
        kind: File format.
        codec: Athena's name of the compression, e.g. ``ZSTD``.
        partitioned_by: Names of the last columns, which become folders instead of data.
        delimiter: Field delimiter of text files.
        existing: Locations of partitions that exist already; their rows go there.
        place: Where a partition is, for tables whose properties say so.
    """

    location: str
    kind: FileFormat = FileFormat.PARQUET
    codec: str = "GZIP"
    partitioned_by: tuple[str, ...] = ()
    delimiter: str = "\x01"
    existing: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    place: Callable[[tuple[str, ...]], str] | None = None


@dataclass
class Written:
    """What was written.

    Attributes:
        rows: Number of rows.
        uris: Addresses of the objects.
        partitions: Location of each partition that received rows, by its values.
    """

    rows: int = 0
    uris: list[str] = field(default_factory=list)
    partitions: dict[tuple[str, ...], str] = field(default_factory=dict)


class Writer:
    """Writes results to S3 by way of a local directory.

    Args:
        store: Where the objects go.
        directory: Existing directory for temporary files.
    """

    def __init__(self, store: ObjectStore, directory: Path) -> None:
        self._store = store
        self._directory = directory

    def write(self, sql: str, target: Target, session: Session) -> Written:
        """Run a query and write its rows.

        Args:
            sql: DuckDB SQL whose columns have storable types.
            target: Where and how.
            session: The query being run.

        Raises:
            QueryError: HIVE_TOO_MANY_OPEN_PARTITIONS, or the query's own failure.
        """
        with tempfile.TemporaryDirectory(dir=self._directory, prefix="write-") as folder:
            root = Path(folder)
            rows = _copy(sql, target, root, session)
            session.check()
            if not rows:
                return Written()
            uploads = list(_uploads(root, target, session.id))
            partitions = {values: location for _, _, values, location in uploads if values}
            if len(partitions) > MAX_OPEN_PARTITIONS:
                raise QueryError(
                    "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of"
                    f" {MAX_OPEN_PARTITIONS} open writers for partitions"
                )
            uris = self._upload([(path, uri) for path, uri, _, _ in uploads], session)
            return Written(rows, uris, partitions)

    def _upload(self, uploads: Sequence[tuple[Path, str]], session: Session) -> list[str]:
        uris = [uri for _, uri in uploads]

        def upload(item: tuple[Path, str]) -> None:
            session.check()
            self._store.upload(*item)

        futures = [self._store.pool.submit(upload, item) for item in uploads]
        failures = [error for future in futures if (error := future.exception())]
        if failures or session.cancelled:
            self._store.delete(uris)
            session.check()
            raise failures[0]
        return uris

    def undo(self, written: Written) -> None:
        """Delete objects that could not be registered in Glue."""
        self._store.delete(written.uris)


def _copy(sql: str, target: Target, root: Path, session: Session) -> int:
    """Run the query into files below a directory; return the number of rows."""
    options = _format_options(target)
    if target.kind in (FileFormat.TEXT, FileFormat.CSV):
        _require_plain(describe(sql, session), target)
    if target.kind is FileFormat.JSON:
        sql = _as_json_lines(sql, target, session)
    destination = root / f"part{_suffix(target)}"
    if target.partitioned_by:
        destination = root
        options += [f"PARTITION_BY ({identifiers(target.partitioned_by)})", "OVERWRITE_OR_IGNORE"]
    answer = session.cursor.execute(
        f"COPY ({sql}) TO {literal(str(destination))} ({', '.join(options)})"
    ).fetchone()
    return int(answer[0]) if answer else 0


def _require_plain(columns: Sequence[Column], target: Target) -> None:
    for column in columns:
        if "<" in column.type:
            raise unsupported(f"{column.type} in {target.kind.value} files")


def _as_json_lines(sql: str, target: Target, session: Session) -> str:
    """Return SQL for one JSON text per row: DuckDB's JSON writer cannot partition."""
    names = [column.name for column in describe(sql, session)]
    data = [name for name in names if name not in target.partitioned_by]
    fields = ", ".join(f"{literal(name)}: {identifier(name)}" for name in data)
    keys = [identifier(name) for name in target.partitioned_by]
    return select([f"to_json({{{fields}}})::VARCHAR AS athena_json", *keys], f"({sql})")


def _codec(target: Target) -> str:
    known = _PARQUET_CODECS if target.kind is FileFormat.PARQUET else _TEXT_CODECS
    codec = known.get(target.codec.upper())
    if codec is None:
        raise unsupported(f"{target.codec} compression of {target.kind.value} files")
    return codec


def _format_options(target: Target) -> list[str]:
    codec = [f"COMPRESSION {_codec(target)}"]
    match target.kind:
        case FileFormat.PARQUET:
            return ["FORMAT parquet", *codec]
        case FileFormat.CSV:
            return ["FORMAT csv", "HEADER false", "FORCE_QUOTE *", *codec]
        case FileFormat.TEXT | FileFormat.JSON:
            # LazySimpleSerDe has no quotes, and a JSON line is a single value without them.
            return [
                "FORMAT csv",
                "HEADER false",
                f"DELIM {literal(target.delimiter)}",
                "QUOTE ''",
                "ESCAPE ''",
                "NULLSTR '\\N'",
                *codec,
            ]


def _suffix(target: Target) -> str:
    if target.kind is FileFormat.PARQUET:
        return ".parquet"
    kind = ".json" if target.kind is FileFormat.JSON else ".csv"
    return kind + _TEXT_SUFFIXES[_codec(target)]


def _uploads(
    root: Path, target: Target, query_id: str
) -> Iterator[tuple[Path, str, tuple[str, ...], str]]:
    """Yield each local file with its address, partition values and partition location."""
    base = as_folder(target.location)
    for path in sorted(item for item in root.rglob("*") if item.is_file()):
        folders = path.relative_to(root).parts[:-1]
        values = tuple(unquote(folder.split("=", 1)[1]) for folder in folders)
        location = base + partition_path(target.partitioned_by, values)
        if target.place is not None:
            location = target.place(values)
        location = as_folder(target.existing.get(values) or location)
        name = f"{query_id}_{uuid.uuid4().hex[:8]}{_suffix(target)}"
        yield path, location + name, values, location


def storable(sql: str, session: Session, types: Mapping[str, str] | None = None) -> str:
    """Return SQL whose columns have exactly the types Hive stores.

    DuckDB computes in types that Parquet would store differently: a sum of BIGINTs is a HUGEINT,
    which it writes as DOUBLE.

    Args:
        sql: A DuckDB query.
        session: Used to find the query's columns.
        types: Hive types by column; by default each column keeps its own.
    """
    columns = describe(sql, session)
    wanted = types or {column.name: column.type for column in columns}
    casts = [
        f"CAST({identifier(name)} AS {duckdb_type(kind)}) AS {identifier(name)}"
        for name, kind in wanted.items()
    ]
    return select(casts, f"({sql})")


def describe(sql: str, session: Session) -> list[Column]:
    """Return the columns a DuckDB query would have, without running it."""
    session.cursor.execute(f"{select(['*'], f'({sql})')} LIMIT 0")
    return columns_of(session.cursor)
