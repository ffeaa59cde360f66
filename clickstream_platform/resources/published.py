"""Tables as the catalog knows them: where their files lie.

Belongs here: the folders that Glue points at, of tables whatever their partitions. Moving the hours
of the lake belongs in `catalog`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableVersionTypeDef


@dataclass(frozen=True)
class PublishedTable:
    """A table with files.

    Attributes:
        name: Its name.
        location: Where it lies; its partitions may lie elsewhere.
        columns: Its columns, those of its partitions included.
        is_partitioned: Whether it has partitions.
    """

    name: str
    location: str
    columns: frozenset[str]
    is_partitioned: bool


def published_tables(glue: "GlueClient", database: str, below: str) -> list[PublishedTable]:
    """The tables of a database that lie below an address.

    Args:
        glue: The catalog.
        database: The database.
        below: The beginning of the addresses, `s3://bucket/prefix/`; empty for all that have files.
    """
    found = []
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    for table in (one for page in pages for one in page["TableList"]):
        storage = table.get("StorageDescriptor", {})
        location = storage.get("Location", "")
        if location and location.startswith(below):
            keys = table.get("PartitionKeys", [])
            columns = frozenset(one["Name"] for one in [*storage.get("Columns", []), *keys])
            found.append(PublishedTable(table["Name"], location, columns, bool(keys)))
    return found


def read_locations(glue: "GlueClient", database: str, table: PublishedTable) -> set[str]:
    """Where the rows of a table lie that a query reads now: its partitions, or the table itself."""
    if not table.is_partitioned:
        return {table.location}
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=database, TableName=table.name, ExcludeColumnSchema=True
    )
    return {one["StorageDescriptor"]["Location"] for page in pages for one in page["Partitions"]}


def versions_of(glue: "GlueClient", database: str, table: str) -> Iterator["TableVersionTypeDef"]:
    """The versions of a table that Glue still has, the current one among them."""
    pages = glue.get_paginator("get_table_versions").paginate(
        DatabaseName=database, TableName=table
    )
    yield from [one for page in pages for one in page["TableVersions"]]


def location_of(version: "TableVersionTypeDef") -> str:
    """Where a version of a table lies; empty if it has no files."""
    return version.get("Table", {}).get("StorageDescriptor", {}).get("Location", "")
