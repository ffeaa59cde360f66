"""Glue's tables and partitions as small typed values.

Belongs here: their shape, and reading it from Glue's answers. Does not belong here: calls to Glue
(see `glue`), the meaning of a table's format (see `formats`) and of a view's text (see `views`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.local.athena.sql.types import Column

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableTypeDef

_INPUT_KEYS = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
)


@dataclass(frozen=True)
class Table:
    """One Glue table or view, with the parts this service reads."""

    database: str
    name: str
    columns: tuple[Column, ...]
    partition_keys: tuple[Column, ...]
    location: str
    input_format: str
    serde: str
    parameters: Mapping[str, str]
    serde_parameters: Mapping[str, str]
    table_type: str
    view_text: str
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def is_view(self) -> bool:
        """Whether this is a view that Athena created."""
        return self.table_type == "VIRTUAL_VIEW"

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The data columns followed by the partition keys."""
        return self.columns + self.partition_keys


@dataclass(frozen=True)
class Partition:
    """One partition: its values in key order, and the only location its rows are in."""

    values: tuple[str, ...]
    location: str


def _columns(items: Iterable[Mapping[str, str]]) -> tuple[Column, ...]:
    return tuple(
        Column(item["Name"].lower(), item.get("Type", "string"), item.get("Comment", ""))
        for item in items
    )


def table_of(database: str, raw: "TableTypeDef") -> Table:
    """Return a table as Glue described it."""
    storage: Mapping[str, Any] = raw.get("StorageDescriptor", {})
    serde = storage.get("SerdeInfo", {})
    return Table(
        database=database,
        name=raw["Name"],
        columns=_columns(storage.get("Columns", [])),
        partition_keys=_columns(raw.get("PartitionKeys", [])),  # type: ignore[arg-type]
        location=storage.get("Location", ""),
        input_format=storage.get("InputFormat", ""),
        serde=serde.get("SerializationLibrary", ""),
        parameters=raw.get("Parameters", {}),
        serde_parameters=serde.get("Parameters", {}),
        table_type=raw.get("TableType", ""),
        view_text=raw.get("ViewOriginalText", ""),
        raw=dict(raw),
    )


def table_input(raw: Mapping[str, Any], **changes: object) -> dict[str, Any]:
    """Return the part of a Glue table that UpdateTable accepts, with changes applied."""
    kept = {key: raw[key] for key in _INPUT_KEYS if key in raw}
    return {**kept, **changes}
