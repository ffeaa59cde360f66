"""What is known of cached files: the bytes of Parquet columns, the keys of JSON.

Belongs here: facts of files that never change, remembered, and the columns a query reads. Does not
belong here: which files are read (see `scan`).

Athena reads the column chunks a query needs; of text and JSON it reads everything. Row groups that
statistics rule out are counted here, so the figure is never too small.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.scope import traverse_scope

from infra.local.athena.errors import unsupported
from infra.local.athena.sql.references import readings
from infra.local.athena.sql.sqltext import literal

_REMEMBERED = 20_000


class ColumnSizes:
    """Compressed bytes of each top-level column of Parquet files, which never change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[Path, Mapping[str, int]] = OrderedDict()

    def of(self, path: Path, columns: Collection[str] | None) -> int:
        """Return the bytes of some columns of a file, or of all (None).

        Args:
            path: A local copy of a Parquet object.
            columns: Names in lower case.
        """
        with self._lock:
            sizes = self._known.get(path)
        if sizes is None:
            sizes = _sizes(path)
            with self._lock:
                self._known[path] = sizes
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return sum(size for name, size in sizes.items() if columns is None or name in columns)


def _sizes(path: Path) -> Mapping[str, int]:
    footer = pq.read_metadata(path)
    sizes: dict[str, int] = {}
    for group_number in range(footer.num_row_groups):
        group = footer.row_group(group_number)
        for number in range(group.num_columns):
            chunk = group.column(number)
            name = chunk.path_in_schema.partition(".")[0].lower()
            sizes[name] = sizes.get(name, 0) + chunk.total_compressed_size
    return sizes


class JsonKeys:
    """The keys of JSON files that are not in lower case, as Glue's columns are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Path, frozenset[str]] = {}

    def of(self, paths: Sequence[Path], cursor: duckdb.DuckDBPyConnection) -> dict[str, str]:
        """Return the files' keys by their lower case, where they differ from it.

        Raises:
            QueryError: Two keys differ in case only: which one a column means is not known.
        """
        with self._lock:
            missing = [path for path in paths if path not in self._known]
        for path in missing:
            found = frozenset(_json_keys(path, cursor))
            with self._lock:
                self._known[path] = found
        every = {key for path in paths for key in self._known[path]}
        keys = {key.lower(): key for key in every}
        if len(keys) != len(every):
            raise unsupported("JSON with keys that differ in their case only")
        return {lowered: key for lowered, key in keys.items() if lowered != key}


def _json_keys(path: Path, cursor: duckdb.DuckDBPyConnection) -> list[str]:
    source = f"read_json_objects({literal(str(path))}, format = 'newline_delimited'"
    keys = f"SELECT DISTINCT unnest(json_keys(json)) FROM {source}, ignore_errors = true)"  # noqa: S608
    return [str(row[0]) for row in cursor.execute(keys).fetchall()]


def columns_read(tree: exp.Query) -> dict[int, frozenset[str] | None]:
    """Return which columns each reference of a query reads.

    Args:
        tree: What `as_read` returned; stars are expanded. It is changed.

    Returns:
        Names in lower case by the reference's number; None where every column may be read. A
        reference that is missing is read for nothing.
    """
    everything = dict.fromkeys(number for number, _ in readings(tree))
    try:
        pruned = pushdown_projections(tree)
        if any(item.is_star for query in pruned.find_all(exp.Select) for item in query.selects):
            return everything
        named = dict(_columns_by_node(pruned))
    except (SqlglotError, ValueError):
        # Only a figure depends on it, and it may be too large.
        return everything
    return {number: named.get(id(node), frozenset()) for number, node in readings(pruned)}


def _columns_by_node(tree: exp.Query) -> Iterator[tuple[int, frozenset[str]]]:
    for scope in traverse_scope(tree):
        # A column without a table may be any's.
        loose = {column.name.lower() for column in scope.columns if not column.table}
        for alias, (node, _) in scope.selected_sources.items():
            own = {column.name.lower() for column in scope.source_columns(alias)}
            yield id(node), frozenset(own | loose)
