"""One Glue table as a DuckDB relation.

Belongs here: from partitions to objects to local files to the SQL that reads them. Does not belong
here: which partitions matter (see `pruning`) and file formats (see `formats`).
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb

from infra.local.athena.catalog.locations import NULL_VALUE, as_folder, typed_value
from infra.local.athena.catalog.tables import Partition, Table
from infra.local.athena.data.formats import FILE_COLUMN, format_of, reader, require_readable
from infra.local.athena.data.scanned import ColumnSizes, JsonKeys
from infra.local.athena.data.serdes import FileFormat, value_of
from infra.local.athena.data.storage import ObjectStore, S3Object
from infra.local.athena.session import Session
from infra.local.athena.sql.sqltext import identifier, identifiers, literal, row, select
from infra.local.athena.sql.types import Column, duckdb_type

_FEW_LOCATIONS = 8
"""Up to here one listing per location is cheaper than thinking about it."""

_PAGE_OBJECTS = 1000
_MAX_WASTE = 25
"""A common listing is given up when it finds more than one page, and more objects per folder."""

Located = tuple[S3Object, tuple[str, ...]]
"""An object and the partition values of its rows."""


@dataclass(frozen=True)
class Read:
    """What one reference in a query reads of a table.

    Attributes:
        columns: Their names in lower case, for the bytes scanned; None for all.
        partitions: None for an unpartitioned table.
    """

    columns: frozenset[str] | None = None
    partitions: Sequence[Partition] | None = None


class TableScanner:
    """Turns tables into SQL over cached files.

    Args:
        store: Lists the tables' locations.
        directory: Holds the empty Parquet files that declare tables' columns.
    """

    def __init__(self, store: ObjectStore, directory: Path) -> None:
        self._store = store
        self._directory = directory
        self._sizes = ColumnSizes()
        self._keys = JsonKeys()
        directory.mkdir(parents=True, exist_ok=True)

    def relation(self, table: Table, session: Session, reads: Sequence[Read]) -> str:
        """Return a SELECT that yields the table's columns, partition keys last.

        The objects are listed and fetched now and held by the session's lease: what happens to the
        table afterwards does not change what the query reads. A table read nowhere has no rows.

        Args:
            table: A table, not a view.
            session: The query; its scanned bytes grow by what each reference reads.
            reads: One for each reference in the query.

        Raises:
            QueryError: The table cannot be read here, or an object vanished.
        """
        require_readable(table)
        located = self._located(table, reads)
        session.check()
        if not located:
            empty = self._schema_file(table.all_columns, session.cursor)
            return select(["*"], f"read_parquet({literal(str(empty))})")
        is_parquet = format_of(table) is FileFormat.PARQUET
        if not is_parquet:
            sizes = [item.size for item, _ in located]
            _count(session, reads, located, lambda position, _: sizes[position])
        files = list(self._store.pool.map(session.lease.fetch, (item for item, _ in located)))
        session.check()
        if is_parquet:
            _count(session, reads, located, lambda n, names: self._sizes.of(files[n], names))
        values = _key_values(table, [values for _, values in located], reads)
        return self._select(table, files, values, session.cursor)

    def _located(self, table: Table, reads: Sequence[Read]) -> list[Located]:
        """Return the objects that any of the references reads."""
        if not table.partition_keys and reads:
            return [(item, ()) for item in self._store.list_location(table.location)]
        every = (partition for read in reads for partition in read.partitions or ())
        return self._locate(list({item.values: item for item in every}.values()))

    def _locate(self, partitions: Sequence[Partition]) -> list[Located]:
        """List the partitions' objects, with one request if most of what it finds is wanted."""
        values_of: dict[str, list[tuple[str, ...]]] = {}
        for item in partitions:
            values_of.setdefault(as_folder(item.location), []).append(item.values)
        found = self._list_together(list(values_of))
        if found is not None:
            return [
                (item, values)
                for item in found
                for folder in _folders(item)
                for values in values_of.get(folder, ())
            ]
        listings = self._store.list_locations(values_of)
        return [
            (item, values)
            for located, listing in zip(values_of.values(), listings, strict=True)
            for item in listing
            for values in located
        ]

    def _list_together(self, folders: Sequence[str]) -> list[S3Object] | None:
        """Return the objects below the folders' common prefix; None if that is no good idea."""
        if len(folders) <= _FEW_LOCATIONS or not all(item.startswith("s3://") for item in folders):
            return None
        bucket, slash, prefix = _common_prefix(folders).removeprefix("s3://").partition("/")
        if not slash:
            return None
        budget = max(_PAGE_OBJECTS, _MAX_WASTE * len(folders))
        found = list(islice(self._store.list_prefix(bucket, prefix), budget + 1))
        return found if len(found) <= budget else None

    def _select(
        self,
        table: Table,
        files: Sequence[Path],
        values: Sequence[tuple[str, ...]],
        cursor: duckdb.DuckDBPyConnection,
    ) -> str:
        schema_file = None
        if format_of(table) is FileFormat.PARQUET:
            schema_file = self._schema_file(table.columns, cursor)
        kind, distinct = format_of(table), list(dict.fromkeys(files))
        json_keys = self._keys.of(distinct, cursor) if kind is FileFormat.JSON else {}
        source = reader(table, distinct, schema_file, json_keys)
        columns = [
            f"{value_of(table, kind, item, json_keys)} AS {identifier(item.name)}"
            for item in table.columns
        ]
        keys = table.partition_keys
        if len(set(values)) == 1 and len(set(files)) == len(files):
            constants = dict(zip(keys, map(literal, values[0]), strict=True))
            return select(columns + _typed_keys(constants), source)
        rows = ", ".join(row((str(f), *v)) for f, v in zip(files, values, strict=True))
        names = identifiers([FILE_COLUMN, *(key.name for key in keys)])
        joined = f"JOIN (VALUES {rows}) AS athena_partitions({names})"
        named = {key: identifier(key.name) for key in keys}
        return select(
            columns + _typed_keys(named), f"{source} {joined} USING ({identifier(FILE_COLUMN)})"
        )

    def _schema_file(self, columns: Sequence[Column], cursor: duckdb.DuckDBPyConnection) -> Path:
        """Return an empty Parquet file with these columns.

        Read along with the real files, it makes columns they all lack appear as NULL, without
        first asking DuckDB which columns they have.
        """
        declared = _no_rows(columns)
        path = self._directory / f"{hashlib.sha256(declared.encode()).hexdigest()[:32]}.parquet"
        if not path.exists():
            partial = path.with_suffix(f".{uuid.uuid4().hex}")
            cursor.execute(f"COPY ({declared}) TO {literal(str(partial))} (FORMAT parquet)")
            partial.replace(path)
        return path


def _count(
    session: Session,
    reads: Sequence[Read],
    located: Sequence[Located],
    size: Callable[[int, frozenset[str] | None], int],
) -> None:
    """Add what each reference reads to the bytes scanned; `size` is that of an object by position.

    Raises:
        QueryCancelledError: It is more than the work group allows.
    """
    for read in reads:
        kept = None if read.partitions is None else {item.values for item in read.partitions}
        for position, (_, values) in enumerate(located):
            if kept is None or values in kept:
                session.scan(size(position, read.columns))


def _key_values(
    table: Table, values: list[tuple[str, ...]], reads: Sequence[Read]
) -> list[tuple[str, ...]]:
    """Return each file's partition values; any will do for keys that no query asks for.

    With the same values for all files the keys are constants, and need no join.
    """
    keys = [key.name for key in table.partition_keys]
    if any(read.columns is None or not read.columns.isdisjoint(keys) for read in reads):
        return values
    return [tuple(NULL_VALUE for _ in keys)] * len(values)


def _typed_keys(sources: Mapping[Column, str]) -> list[str]:
    return [
        f"{typed_value(source, key.type)} AS {identifier(key.name)}"
        for key, source in sources.items()
    ]


def _no_rows(columns: Iterable[Column]) -> str:
    nulls = [f"CAST(NULL AS {duckdb_type(c.type)}) AS {identifier(c.name)}" for c in columns]
    return f"SELECT {', '.join(nulls)} WHERE false"


def _common_prefix(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)  # what these two share, all share
    for position, char in enumerate(first):
        if last[position : position + 1] != char:
            return first[:position]
    return first


def _folders(item: S3Object) -> Iterable[str]:
    """Yield every folder above an object, innermost first, each with its slash."""
    parts = item.key.split("/")[:-1]
    for depth in range(len(parts), -1, -1):
        yield as_folder(f"s3://{item.bucket}/{'/'.join(parts[:depth])}")
