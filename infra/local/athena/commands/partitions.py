"""Statements about partitions: ADD, DROP, SET LOCATION and MSCK REPAIR TABLE.

Belongs here: registering partitions in Glue. Does not belong here: reading or pruning them.
"""

from urllib.parse import unquote

from sqlglot import exp

from infra.local.athena.catalog.glue import GlueCatalog
from infra.local.athena.catalog.locations import as_folder, partition_path
from infra.local.athena.catalog.tables import Partition, Table
from infra.local.athena.data.storage import ObjectStore
from infra.local.athena.errors import QueryError
from infra.local.athena.results.rows import MemoryRows, Outcome
from infra.local.athena.sql.names import TableName
from infra.local.athena.sql.statements import AlterPartitions, PartitionSpec
from infra.local.athena.sql.types import Column


class PartitionKeeper:
    """Runs statements about partitions."""

    def __init__(self, catalog: GlueCatalog, store: ObjectStore) -> None:
        self._catalog = catalog
        self._store = store

    def alter(self, statement: AlterPartitions) -> Outcome:
        """Run ALTER TABLE … ADD or DROP PARTITION.

        Raises:
            QueryError: A partition exists (ADD) or is missing (DROP) and this was not allowed for.
        """
        table = self._partitioned(statement.table)
        existing = {item.values for item in self._catalog.partitions(table)}
        given = [(_values(table, spec), spec.location) for spec in statement.specs]
        if statement.action == "ADD":
            self._add(table, given, existing, lenient=statement.lenient)
        else:
            missing = [values for values, _ in given if values not in existing]
            if missing and not statement.lenient:
                raise QueryError(f"FAILED: SemanticException: Partition not found {missing[0]}")
            found = [list(values) for values, _ in given if values in existing]
            self._catalog.drop_partitions(table, found)
        return Outcome()

    def _add(
        self,
        table: Table,
        given: list[tuple[tuple[str, ...], str]],
        existing: set[tuple[str, ...]],
        *,
        lenient: bool,
    ) -> None:
        repeated = [values for values, _ in given if values in existing]
        if repeated and not lenient:
            raise QueryError(
                "FAILED: Execution Error. AlreadyExistsException: Partition already exists:"
                f" {list(repeated[0])}"
            )
        keys = [key.name for key in table.partition_keys]
        added = {
            values: location or as_folder(table.location) + partition_path(keys, values)
            for values, location in given
            if values not in existing
        }
        self._catalog.add_partitions(table, [Partition(v, loc) for v, loc in added.items()])

    def repair(self, name: TableName) -> Outcome:
        """Run MSCK REPAIR TABLE: register the ``key=value`` folders that Glue lacks.

        Partitions that are registered keep their location, and those whose folder is gone stay, as
        on Athena.

        Raises:
            QueryError: The table does not exist or is not partitioned.
        """
        table = self._partitioned(name)
        existing = {item.values for item in self._catalog.partitions(table)}
        base = as_folder(table.location)
        found: dict[tuple[str, ...], str] = {}
        for item in self._store.list_location(base):
            folders = item.uri[len(base) :].split("/")[: len(table.partition_keys)]
            values = _values_of_folders(table, folders)
            if values is not None and values not in existing:
                found[values] = base + "/".join(folders) + "/"
        self._catalog.add_partitions(table, [Partition(v, loc) for v, loc in found.items()])
        lines = [f"Repair: Added partition to metastore {name}:{'/'.join(v)}" for v in found]
        return Outcome([Column("result", "string")], MemoryRows([[line] for line in lines]))

    def _partitioned(self, name: TableName) -> Table:
        table = self._catalog.table(name.database, name.name)
        if not table.partition_keys:
            raise QueryError(f"FAILED: SemanticException: table {name} is not a partitioned table")
        return table


def _values(table: Table, spec: PartitionSpec) -> tuple[str, ...]:
    given = dict(spec.values)
    keys = [key.name for key in table.partition_keys]
    if set(given) != set(keys):
        raise QueryError(
            f"FAILED: SemanticException: partition spec {sorted(given)} doesn't contain all"
            f" partition columns {keys}"
        )
    return tuple(given[key] for key in keys)


def _values_of_folders(table: Table, folders: list[str]) -> tuple[str, ...] | None:
    if len(folders) < len(table.partition_keys):
        return None
    values = []
    for key, folder in zip(table.partition_keys, folders, strict=True):
        name, separator, value = folder.partition("=")
        if name.lower() != key.name or not separator:
            return None
        values.append(unquote(value))
    return tuple(values)


def relocate(catalog: GlueCatalog, table: Table, partition: exp.Expr, location: str) -> None:
    """Run ALTER TABLE … PARTITION (…) SET LOCATION.

    Raises:
        QueryError: The specification is incomplete, or there is no such partition.
    """
    pairs = tuple(
        (item.this.name.lower(), item.args["expression"].name) for item in partition.expressions
    )
    values = _values(table, PartitionSpec(pairs))
    catalog.update_partition_location(table, list(values), location)
