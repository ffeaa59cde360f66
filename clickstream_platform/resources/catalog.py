"""The Glue catalog: where each hour of a table lies.

Belongs here: reading, moving, annotating and dropping partitions, in batches, and a table's
columns. Which location an hour ought to have belongs to the asset that writes it.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import dagster as dg

from clickstream_platform.core.generations import is_older
from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.schema import missing_columns
from clickstream_platform.resources.published import (
    location_of,
    published_tables,
    read_locations,
    versions_of,
)
from lambdas.shared.columns import Column

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import StorageDescriptorOutputTypeDef

_T = TypeVar("_T")
_WRITE_BATCH = 100  # the most Glue takes in one BatchCreatePartition or BatchUpdatePartition
_DELETE_BATCH = 25  # in one BatchDeletePartition
_GET_BATCH = 1000  # and in one BatchGetPartition
# Seconds before asking once more for what a BatchGetPartition left out.
_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
_ALREADY_EXISTS = "AlreadyExistsException"
_NOT_FOUND = "EntityNotFoundException"
# What GetTable returns of a table and UpdateTable takes.
_TABLE_INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "PartitionKeys",
    "TableType",
    "Parameters",
    "ViewOriginalText",
    "ViewExpandedText",
)


class CatalogError(RuntimeError):
    """Glue refused some partitions."""


@dataclass(frozen=True)
class Partition:
    """One hour of a table.

    Attributes:
        datehour: The hour.
        location: The address of its files.
        parameters: What has been noted on it.
    """

    datehour: str
    location: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Placement:
    """What placing partitions changed.

    Attributes:
        created: Hours that had no partition.
        moved: Hours whose partition lay elsewhere.
        unchanged: Hours whose partition lay there already.
        overtaken: Hours that were left alone, because their partition lies in a later generation.
    """

    created: int
    moved: int
    unchanged: int
    overtaken: tuple[str, ...] = ()


class CatalogResource(dg.ConfigurableResource[None]):
    """The tables of one Glue database that are partitioned by datehour alone.

    Attributes:
        database: The database.
    """

    database: str

    def partitions(self, table: str, datehours: Iterable[str]) -> dict[str, Partition]:
        """The partitions that some hours of a table have.

        Raises:
            CatalogError: If Glue keeps leaving hours out. It may do so when it is busy, and an hour
                left out must not pass for one without a partition.
        """
        return {
            one.datehour: one
            for batch in _batches(sorted(set(datehours)), _GET_BATCH)
            for one in self._get(table, batch)
        }

    def locations(self, table: str, datehours: Iterable[str]) -> dict[str, str]:
        """Where some hours of a table lie; hours without a partition are left out."""
        found = self.partitions(table, datehours)
        return {hour: partition.location for hour, partition in found.items()}

    def all_partitions(self, table: str, hours: HourRange | None = None) -> dict[str, Partition]:
        """Every partition of a table.

        Args:
            table: The table.
            hours: Only those of this range.

        Returns:
            The partitions by hour, in order.
        """
        request: dict[str, Any] = {"DatabaseName": self.database, "TableName": table}
        if hours is not None:
            request["Expression"] = f"datehour >= '{hours.first}' AND datehour < '{hours.end}'"
        pages = self._client.get_paginator("get_partitions").paginate(
            **request, ExcludeColumnSchema=True
        )
        found = (_read(entry) for page in pages for entry in page["Partitions"])
        return {one.datehour: one for one in sorted(found, key=lambda one: one.datehour)}

    def place(self, table: str, locations: Mapping[str, str]) -> Placement:
        """Makes each hour of a table lie where it is told to; doing so twice changes nothing.

        Each partition moves as a whole, so a reader finds the old location or the new one. A
        generation never takes the place of a later one: whoever began to read the raw objects
        later has seen more of them. (Glue has no conditional update, so this catches a run that
        was overtaken long ago, not two that commit in the same instant; those the limit on
        concurrent runs keeps apart.)

        Args:
            table: The table.
            locations: The location of each hour.

        Returns:
            What was changed.

        Raises:
            CatalogError: If Glue refuses a partition.
        """
        present = self.partitions(table, locations)
        new = {hour: place for hour, place in locations.items() if hour not in present}
        # Somebody else may have registered an hour since it was looked up.
        raced = self.partitions(table, self._create(table, new))
        present.update(raced)
        moves: list[Partition] = []
        overtaken: list[str] = []
        for hour, partition in present.items():
            if partition.location == locations[hour]:
                continue
            if is_older(locations[hour], partition.location):
                overtaken.append(hour)
            else:
                moves.append(replace(partition, location=locations[hour]))
        self._update(table, moves)
        created = len(new) - len(raced)
        unchanged = len(locations) - created - len(moves) - len(overtaken)
        return Placement(created, len(moves), unchanged, tuple(overtaken))

    def annotate(self, table: str, datehours: Iterable[str], notes: Mapping[str, str]) -> int:
        """Notes something on the partitions of some hours, beside what is noted on them already.

        Returns:
            How many partitions did not say so before.
        """
        changed = [
            replace(one, parameters={**one.parameters, **notes})
            for one in self.partitions(table, datehours).values()
            if any(one.parameters.get(name) != note for name, note in notes.items())
        ]
        self._update(table, changed)
        return len(changed)

    def drop(self, table: str, datehours: Iterable[str]) -> int:
        """Takes hours out of a table; the files they point at stay.

        Returns:
            How many partitions there were.

        Raises:
            CatalogError: If Glue refuses to delete a partition.
        """
        present = sorted(self.partitions(table, datehours))
        for batch in _batches(present, _DELETE_BATCH):
            answer = self._client.batch_delete_partition(
                DatabaseName=self.database,
                TableName=table,
                PartitionsToDelete=[{"Values": [hour]} for hour in batch],
            )
            _raise_for(table, answer.get("Errors", []), tolerated=_NOT_FOUND)
        return len(present)

    def columns(self, table: str) -> dict[str, str]:
        """A table's columns and their types as Glue spells them, partition keys left out."""
        return {
            column["Name"]: column.get("Type", "") for column in self._storage(table)["Columns"]
        }

    def evolve(self, table: str, columns: Sequence[Column]) -> list[str]:
        """Gives a table the columns that it lacks; no file is rewritten, old ones read as NULL.

        Args:
            table: The table.
            columns: The columns it is to have.

        Returns:
            The names of the columns that were added.

        Raises:
            IncompatibleColumnError: If a column has another type; the table is left as it is.
        """
        described = self._client.get_table(DatabaseName=self.database, Name=table)["Table"]
        storage = described["StorageDescriptor"]
        present = {column["Name"]: column.get("Type", "") for column in storage["Columns"]}
        added = missing_columns(table, present, columns)
        if not added:
            return []
        extended = storage["Columns"] + [
            {"Name": one.name, "Type": one.hive_type, "Comment": one.comment} for one in added
        ]
        kept: dict[str, Any] = {
            name: value for name, value in described.items() if name in _TABLE_INPUT
        }
        self._client.update_table(
            DatabaseName=self.database,
            TableInput={**kept, "StorageDescriptor": {**storage, "Columns": extended}},  # type: ignore[typeddict-item]
        )
        return [one.name for one in added]

    def _get(self, table: str, hours: Sequence[str]) -> Iterator[Partition]:
        """Asks for a batch until nothing of it is left out."""
        for pause_s in (*_PAUSES_S, None):
            answer = self._client.batch_get_partition(
                DatabaseName=self.database,
                TableName=table,
                PartitionsToGet=[{"Values": [hour]} for hour in hours],
            )
            yield from map(_read, answer.get("Partitions", []))
            hours = [key["Values"][0] for key in answer.get("UnprocessedKeys", [])]
            if not hours:
                return
            if pause_s is not None:
                time.sleep(pause_s)
        raise CatalogError(
            f"{table}: Glue does not answer for {len(hours)} hours, {hours[0]} the first; nothing "
            "was changed, run it again"
        )

    def _create(self, table: str, locations: Mapping[str, str]) -> list[str]:
        """Creates partitions and returns the hours that had one after all."""
        raced: list[str] = []
        for batch in _batches(sorted(locations), _WRITE_BATCH):
            storage = self._storage(table)
            answer = self._client.batch_create_partition(
                DatabaseName=self.database,
                TableName=table,
                PartitionInputList=[
                    _input(Partition(hour, locations[hour], {}), storage) for hour in batch
                ],
            )
            errors = answer.get("Errors", [])
            _raise_for(table, errors, tolerated=_ALREADY_EXISTS)
            raced += [error["PartitionValues"][0] for error in errors]
        return raced

    def _update(self, table: str, partitions: Sequence[Partition]) -> None:
        for batch in _batches(partitions, _WRITE_BATCH):
            storage = self._storage(table)
            answer = self._client.batch_update_partition(
                DatabaseName=self.database,
                TableName=table,
                Entries=[
                    {"PartitionValueList": [one.datehour], "PartitionInput": _input(one, storage)}
                    for one in batch
                ],
            )
            _raise_for(table, answer.get("Errors", []))

    def _storage(self, table: str) -> "StorageDescriptorOutputTypeDef":
        answer = self._client.get_table(DatabaseName=self.database, Name=table)
        return answer["Table"]["StorageDescriptor"]

    def locations_below(self, address: str) -> set[str]:
        """Where all that lies that is read, or may be: partitions, tables and their older versions.

        Args:
            address: The beginning of the tables' own addresses, `s3://bucket/prefix/`.
        """
        found: set[str] = set()
        for table in published_tables(self._client, self.database, address):
            found |= read_locations(self._client, self.database, table)
            found |= set(map(location_of, versions_of(self._client, self.database, table.name)))
        return found

    @cached_property
    def _client(self) -> "GlueClient":
        return boto3.client("glue")


def _read(entry: Any) -> Partition:
    location = entry["StorageDescriptor"]["Location"]
    return Partition(entry["Values"][0], location, entry.get("Parameters", {}))


def _input(partition: Partition, storage: "StorageDescriptorOutputTypeDef") -> Any:
    """A partition with the table's columns and format, at a location of its own."""
    return {
        "Values": [partition.datehour],
        "StorageDescriptor": {**storage, "Location": partition.location},
        "Parameters": dict(partition.parameters),
    }


def _raise_for(table: str, errors: Sequence[Any], tolerated: str | None = None) -> None:
    """Raises for the first error that is not the tolerated one."""
    for error in errors:
        detail = error["ErrorDetail"]
        if detail["ErrorCode"] != tolerated:
            values = error.get("PartitionValues") or error.get("PartitionValueList")
            raise CatalogError(f"{table} {values}: {detail}")


def _batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
