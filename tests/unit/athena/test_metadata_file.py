"""The `.metadata` file, read back by the rules of protobuf and compared with real ones."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.athena.results.metadata_file import ROWS, engine_id, metadata_file
from infra.local.athena.sql.types import Column

Message = dict[int, list[int | bytes]]


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 1 << 7:
            return value, position


def decode(data: bytes) -> Message:
    """Return a message's values by field number."""
    message: Message = {}
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        value, position = _varint(data, position)
        if tag & 7 == 2:
            content: int | bytes = data[position : position + value]
            assert len(content) == value
            position += value
        else:
            assert tag & 7 == 0
            content = value
        message.setdefault(tag >> 3, []).append(content)
    return message


def test_the_bytes_are_those_of_athena() -> None:
    """A file from AWS (stackoverflow.com/q/55991018), one column `ary` of an array."""
    real = (
        "0a1b 32303139303432335f3132353132385f30303030315f6568747572"
        "2219 0a0468697665 2203617279 2a03617279 32056172726179 4803"
    )
    written = metadata_file("20190423_125128_00001_ehtur", [Column("ary", "array<int>")])
    assert written == bytes.fromhex(real)


def test_what_was_written_is_counted() -> None:
    """An UPDATE of AWS has 75 bytes, and INSERT is as long a word."""
    written = metadata_file("20260920_182735_00007_k6s5b", ROWS, "INSERT", 1)
    rest = "1206 494e53455254 1801 2222 0a0468697665 2204726f7773 2a04726f7773 3206626967696e74"
    assert written[29:] == bytes.fromhex(f"{rest} 3813 4000 4803 5000")
    assert len(written) == 75


@pytest.mark.parametrize(
    ("kind", "name", "figures"),
    [
        ("string", "varchar", {7: 2**31 - 1, 8: 0, 10: 1}),
        ("int", "integer", {7: 10, 8: 0, 10: 0}),
        ("double", "double", {7: 17, 8: 0, 10: 0}),
        ("decimal(10,2)", "decimal", {7: 10, 8: 2, 10: 0}),
        ("timestamp", "timestamp", {7: 3, 8: 0, 10: 0}),
        ("binary", "varbinary", {7: 2**30, 8: 0, 10: 0}),
        ("date", "date", {8: 0, 10: 0}),
        ("boolean", "boolean", {10: 0}),
        ("interval day to second", "interval day to second", {10: 0}),
        ("map<string,int>", "map", {}),
        ("struct<a:int>", "row", {}),
        ("json", "json", {}),
    ],
)
def test_figures_are_present_by_type(kind: str, name: str, figures: dict[int, int]) -> None:
    (column,) = decode(metadata_file("q", [Column("c", kind)]))[4]
    found = decode(column)
    assert found == {1: [b"hive"], 4: [b"c"], 5: [b"c"], 6: [name.encode()], 9: [3]} | {
        field: [value] for field, value in figures.items()
    }


@given(st.lists(st.text(max_size=300), max_size=20), st.integers(0, 2**60))
def test_any_names_and_counts_are_read_back(names: list[str], count: int) -> None:
    names = [name.encode(errors="ignore").decode() for name in names]
    columns = [Column(name, "int") for name in names]
    message = decode(metadata_file("q", columns, "INSERT", count))
    assert message[3] == [count]
    assert [decode(item)[4][0].decode() for item in message.get(4, [])] == names


def test_ids_look_like_those_of_the_engine() -> None:
    identity = "0f8fad5b-d9cb-469f-a165-70867728950e"
    found = engine_id(identity, dt.datetime(2026, 9, 17, 8, 53, 44, tzinfo=dt.UTC))
    assert re.fullmatch(r"20260917_085344_\d{5}_8950e", found)
