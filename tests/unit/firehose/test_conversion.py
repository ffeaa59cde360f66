"""Rows that Firehose converts are those our own archive writes."""

import io
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from infra.local.firehose.conversion import (
    ConversionError,
    SchemaColumn,
    read_row,
    to_parquet,
)
from lambdas.event_processor.logic import sort_batch
from lambdas.event_processor.store import to_parquet as archived
from lambdas.firehose_transform.logic import to_row
from lambdas.shared.codec import StreamRecord
from lambdas.shared.columns import EVENT_COLUMNS
from lambdas.shared.limits import Limits
from tests.functional.lambdas.poisons import POISONS, neighbours

COLUMNS = [SchemaColumn(one.name, one.hive_type) for one in EVENT_COLUMNS]
NOW = datetime(2026, 11, 23, 1, 0, 0, 123456, tzinfo=UTC)


def rows_of(parquet: bytes) -> list[dict[str, Any]]:
    return list(pq.read_table(io.BytesIO(parquet)).to_pylist())


def test_both_archives_write_the_same_rows() -> None:
    payloads = [*neighbours(), *(one.payload for one in POISONS if one.reason is None)]
    records = [
        StreamRecord("shardId-000000000000", str(number), NOW, data, "s")
        for number, data in enumerate(payloads, start=1)
    ]
    events = [event for hour in sort_batch(records, Limits()).hours.values() for event in hour]
    assert len(events) == len(records)
    rows = [read_row(to_row(event), COLUMNS, lowercase_keys=False) for event in events]
    converted = to_parquet(rows, COLUMNS, "SNAPPY")
    assert rows_of(converted) == rows_of(archived(events))
    schema = pq.ParquetFile(io.BytesIO(converted)).schema
    assert schema.column(2).physical_type == "INT96"  # as Hive's writer has times


@pytest.mark.parametrize(
    ("hive_type", "value"),
    [
        ("timestamp", '"2026-11-23T01:00:00+02:00"'),
        ("timestamp", '"yesterday"'),
        ("timestamp", "true"),
        ("double", '"much"'),
        ("double", "{}"),
        ("boolean", "1"),
        ("map<string,string>", "[]"),
    ],
)
def test_a_value_of_another_type_fails(hive_type: str, value: str) -> None:
    columns = [SchemaColumn("c", hive_type)]
    with pytest.raises(ConversionError, match="column c"):
        read_row(b'{"c": ' + value.encode() + b"}", columns, lowercase_keys=False)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff"])
def test_what_is_no_object_fails(data: bytes) -> None:
    with pytest.raises(ConversionError):
        read_row(data, COLUMNS, lowercase_keys=False)


@pytest.mark.parametrize(
    "text",
    [
        '"2026-11-23T01:02:03.5Z"',
        '"2026-11-23 01:02:03.500"',
        "1795395723.5",
        "1795395723500",
    ],
)
def test_times_as_the_guide_lists_them(text: str) -> None:
    columns = [SchemaColumn("at", "timestamp")]
    (found,) = read_row(b'{"at": ' + text.encode() + b"}", columns, lowercase_keys=False)
    assert found == datetime(2026, 11, 23, 1, 2, 3, 500000)  # noqa: DTZ001 - Parquet has no zones


def test_keys_of_maps_keep_their_case_only_when_told() -> None:
    """With the deserializer's default, two variants of an experiment would become one."""
    columns = [SchemaColumn("experiments", "map<string,string>")]
    data = b'{"experiments": {"Button": "B"}}'
    assert read_row(data, columns, lowercase_keys=False) == ([("Button", "B")],)
    assert read_row(data, columns, lowercase_keys=True) == ([("button", "B")],)
