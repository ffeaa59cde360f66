"""The Glue Data Catalog: databases, tables and partitions.

Belongs here: every call to Glue, and Athena's failures for what Glue does not know. Does not belong
here: the shape of tables and partitions (see `tables`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infra.local.athena.catalog.tables import Partition, Table, table_of
from infra.local.athena.errors import QueryError, schema_not_found, table_not_found

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import DatabaseTypeDef, TableInputTypeDef

_BATCH = 100  # Glue's limit for BatchCreatePartition
_DELETE_BATCH = 25  # ... and for BatchDeletePartition


class GlueCatalog:
    """Glue calls on one shared client."""

    def __init__(self, client: "GlueClient") -> None:
        self._client = client

    def databases(self) -> Iterator["DatabaseTypeDef"]:
        """Yield every database as Glue describes it."""
        for page in self._client.get_paginator("get_databases").paginate():
            yield from page["DatabaseList"]

    def database(self, name: str) -> "DatabaseTypeDef":
        """Return one database.

        Raises:
            QueryError: SCHEMA_NOT_FOUND.
        """
        try:
            return self._client.get_database(Name=name)["Database"]
        except self._client.exceptions.EntityNotFoundException as error:
            raise schema_not_found(name) from error

    def create_database(
        self, name: str, *, if_not_exists: bool, location: str = "", comment: str = ""
    ) -> None:
        """Create a database.

        Raises:
            QueryError: It exists and `if_not_exists` is false.
        """
        optional = {"LocationUri": location, "Description": comment}
        given = {key: value for key, value in optional.items() if value}
        try:
            self._client.create_database(DatabaseInput={"Name": name, **given})  # type: ignore[typeddict-item]
        except self._client.exceptions.AlreadyExistsException as error:
            if not if_not_exists:
                raise QueryError(
                    f"FAILED: Execution Error. AlreadyExistsException: Database {name} already"
                    " exists"
                ) from error

    def drop_database(self, name: str, *, if_exists: bool, cascade: bool) -> None:
        """Delete a database.

        Raises:
            QueryError: It is missing and `if_exists` is false, or not empty without `cascade`.
        """
        try:
            self.database(name)
        except QueryError:
            if if_exists:
                return
            raise
        if not cascade and any(self.tables(name)):
            raise QueryError(
                f"FAILED: Execution Error. InvalidOperationException: Database {name} is not empty."
                " One or more tables exist."
            )
        self._client.delete_database(Name=name)

    def tables(self, database: str, expression: str = "") -> Iterator[Table]:
        """Yield the tables and views of a database whose names match a Glue regular expression.

        Raises:
            QueryError: SCHEMA_NOT_FOUND.
        """
        given = {"Expression": expression} if expression else {}
        paginator = self._client.get_paginator("get_tables")
        try:
            for page in paginator.paginate(DatabaseName=database, **given):  # type: ignore[arg-type]
                for raw in page["TableList"]:
                    yield table_of(database, raw)
        except self._client.exceptions.EntityNotFoundException as error:
            raise schema_not_found(database) from error

    def find_table(self, database: str, name: str) -> Table | None:
        """Return a table or view, or None where there is no such table (or no such database)."""
        try:
            raw = self._client.get_table(DatabaseName=database, Name=name)["Table"]
        except self._client.exceptions.EntityNotFoundException:
            return None
        return table_of(database, raw)

    def table(self, database: str, name: str) -> Table:
        """Return a table or view.

        Raises:
            QueryError: TABLE_NOT_FOUND, or SCHEMA_NOT_FOUND.
        """
        found = self.find_table(database, name)
        if found is None:
            self.database(database)
            raise table_not_found(database, name)
        return found

    def create_table(self, database: str, definition: Mapping[str, Any]) -> None:
        """Create a table or view from a Glue TableInput.

        Raises:
            QueryError: TABLE_ALREADY_EXISTS, or SCHEMA_NOT_FOUND.
        """
        try:
            self._client.create_table(DatabaseName=database, TableInput=_input(definition))
        except self._client.exceptions.AlreadyExistsException as error:
            raise QueryError(
                f"TABLE_ALREADY_EXISTS: line 1:1: Table 'awsdatacatalog.{database}."
                f"{definition['Name']}' already exists"
            ) from error
        except self._client.exceptions.EntityNotFoundException as error:
            raise schema_not_found(database) from error

    def update_table(self, database: str, definition: Mapping[str, Any]) -> None:
        """Replace a table's or view's definition."""
        self._client.update_table(DatabaseName=database, TableInput=_input(definition))

    def drop_table(self, database: str, name: str) -> bool:
        """Delete a table or view with its partitions; return whether it existed."""
        try:
            self._client.delete_table(DatabaseName=database, Name=name)
        except self._client.exceptions.EntityNotFoundException:
            return False
        return True

    def partitions(self, table: Table, expression: str = "") -> list[Partition]:
        """Return a table's partitions.

        Args:
            table: A partitioned table.
            expression: A Glue filter; partitions it rejects are not returned.
        """
        given = {"Expression": expression} if expression else {}
        pages = self._client.get_paginator("get_partitions").paginate(
            DatabaseName=table.database,
            TableName=table.name,
            ExcludeColumnSchema=True,
            **given,  # type: ignore[arg-type]
        )
        return [
            Partition(tuple(raw["Values"]), raw.get("StorageDescriptor", {}).get("Location", ""))
            for page in pages
            for raw in page["Partitions"]
        ]

    def add_partitions(self, table: Table, partitions: Iterable[Partition]) -> None:
        """Register partitions that do not exist yet, 100 per call.

        Raises:
            QueryError: Glue refused one of them.
        """
        storage = table.raw["StorageDescriptor"]
        entries = [
            {
                "Values": list(item.values),
                "StorageDescriptor": {**storage, "Location": item.location},
            }
            for item in partitions
        ]
        for start in range(0, len(entries), _BATCH):
            answer = self._client.batch_create_partition(
                DatabaseName=table.database,
                TableName=table.name,
                PartitionInputList=entries[start : start + _BATCH],  # type: ignore[arg-type]
            )
            errors = [
                item
                for item in answer.get("Errors", [])
                # Two INSERTs may register the same new partition at once; both wrote below it.
                if item.get("ErrorDetail", {}).get("ErrorCode") != "AlreadyExistsException"
            ]
            if errors:
                raise QueryError(f"HIVE_METASTORE_ERROR: could not add partitions: {errors}")

    def update_partition_location(self, table: Table, values: list[str], location: str) -> None:
        """Move one partition to another location.

        Raises:
            QueryError: There is no such partition.
        """
        storage = {**table.raw["StorageDescriptor"], "Location": location}
        try:
            self._client.update_partition(
                DatabaseName=table.database,
                TableName=table.name,
                PartitionValueList=values,
                PartitionInput={"Values": values, "StorageDescriptor": storage},  # type: ignore[typeddict-item]
            )
        except self._client.exceptions.EntityNotFoundException as error:
            raise QueryError(f"HIVE_METASTORE_ERROR: Partition not found: {values}") from error

    def drop_partitions(self, table: Table, values: list[list[str]]) -> None:
        """Delete partitions; their objects stay, as they do for external tables."""
        for start in range(0, len(values), _DELETE_BATCH):
            batch = values[start : start + _DELETE_BATCH]
            self._client.batch_delete_partition(
                DatabaseName=table.database,
                TableName=table.name,
                PartitionsToDelete=[{"Values": item} for item in batch],
            )


def _input(definition: Mapping[str, Any]) -> "TableInputTypeDef":
    # Built from Glue's own answers or by `formats`; the shape is the caller's responsibility.
    return definition  # type: ignore[return-value]
