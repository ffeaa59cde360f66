"""The Glue catalog: where each hour of a table lies.

Belongs here: reading and moving partitions, in batches. Which location an hour ought to have
belongs to the asset that writes it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import dagster as dg

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import StorageDescriptorOutputTypeDef

_CREATE_BATCH = 100  # the most Glue takes in one BatchCreatePartition
_GET_BATCH = 1000  # and in one BatchGetPartition
_ALREADY_EXISTS = "AlreadyExistsException"


class CatalogError(RuntimeError):
    """Glue refused some partitions."""


@dataclass(frozen=True)
class Placement:
    """What placing partitions changed: how many were created, moved, or already right."""

    created: int
    moved: int
    unchanged: int


class CatalogResource(dg.ConfigurableResource[None]):
    """The tables of one Glue database that are partitioned by datehour alone.

    Attributes:
        database: The database.
    """

    database: str

    def locations(self, table: str, datehours: Iterable[str]) -> dict[str, str]:
        """Where hours of a table lie.

        Args:
            table: The table.
            datehours: The hours.

        Returns:
            The location of each hour that has a partition.
        """
        found: dict[str, str] = {}
        for batch in _batches(sorted(set(datehours)), _GET_BATCH):
            answer = self._client.batch_get_partition(
                DatabaseName=self.database,
                TableName=table,
                PartitionsToGet=[{"Values": [hour]} for hour in batch],
            )
            for partition in answer.get("Partitions", []):
                found[partition["Values"][0]] = partition["StorageDescriptor"]["Location"]
        return found

    def place(self, table: str, locations: Mapping[str, str]) -> Placement:
        """Makes each hour of a table lie where it is told to; doing so twice changes nothing.

        An hour that exists is moved by one UpdatePartition, which readers see as a whole.

        Args:
            table: The table.
            locations: The location of each hour.

        Returns:
            What was changed.

        Raises:
            CatalogError: If Glue refuses a partition.
        """
        present = self.locations(table, locations)
        storage = self._storage(table)
        new = {hour: place for hour, place in locations.items() if hour not in present}
        moved = {
            hour: place for hour, place in locations.items() if present.get(hour, place) != place
        }
        # Somebody else may have registered an hour since it was looked up.
        overtaken = self._create(table, new, storage)
        for hour, place in {**moved, **overtaken}.items():
            self._client.update_partition(
                DatabaseName=self.database,
                TableName=table,
                PartitionValueList=[hour],
                PartitionInput=_partition(hour, place, storage),
            )
        created = len(new) - len(overtaken)
        changed = len(moved) + len(overtaken)
        return Placement(created, changed, len(locations) - created - changed)

    def _create(
        self, table: str, locations: Mapping[str, str], storage: "StorageDescriptorOutputTypeDef"
    ) -> dict[str, str]:
        """Creates partitions and returns those that existed after all."""
        overtaken: dict[str, str] = {}
        for batch in _batches(sorted(locations), _CREATE_BATCH):
            answer = self._client.batch_create_partition(
                DatabaseName=self.database,
                TableName=table,
                PartitionInputList=[_partition(hour, locations[hour], storage) for hour in batch],
            )
            for error in answer.get("Errors", []):
                hour, detail = error["PartitionValues"][0], error["ErrorDetail"]
                if detail["ErrorCode"] != _ALREADY_EXISTS:
                    raise CatalogError(f"{table} {hour}: {detail}")
                overtaken[hour] = locations[hour]
        return overtaken

    def _storage(self, table: str) -> "StorageDescriptorOutputTypeDef":
        answer = self._client.get_table(DatabaseName=self.database, Name=table)
        return answer["Table"]["StorageDescriptor"]

    @cached_property
    def _client(self) -> "GlueClient":
        return boto3.client("glue")


def _partition(hour: str, location: str, storage: "StorageDescriptorOutputTypeDef") -> Any:
    """A partition with the table's columns and format, at a location of its own."""
    return {"Values": [hour], "StorageDescriptor": {**storage, "Location": location}}


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
