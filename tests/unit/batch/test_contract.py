"""Columns of tables and files against the contract."""

from io import BytesIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream_platform.core.contract import (
    file_differences,
    footer_bytes,
    schema_of,
    table_differences,
)
from lambdas.event_processor.store import SCHEMA
from lambdas.shared.columns import EVENT_COLUMNS

GLUE = {column.name: str(column.hive_type) for column in EVENT_COLUMNS}


def test_a_table_differs_by_what_it_lacks_and_by_types_not_by_what_it_has_more():
    assert table_differences({**GLUE, "dropped": "string"}) == []
    changed = {**GLUE, "time_spent": "string"}
    del changed["country"]
    assert table_differences(changed) == ["time_spent is string, not double", "country is missing"]


def test_the_archives_files_have_the_contract():
    assert file_differences(SCHEMA, may_lack=False) == []


def test_what_duckdb_writes_has_the_contract(tmp_path):
    file = tmp_path / "events.parquet"
    kinds = {"string": "VARCHAR", "map<string,string>": "MAP(VARCHAR, VARCHAR)"}
    columns = ", ".join(
        f"CAST(NULL AS {kinds.get(column.hive_type, column.hive_type)}) AS {column.name}"
        for column in EVENT_COLUMNS
    )
    duckdb.sql(f"COPY (SELECT {columns}) TO '{file}' (FORMAT parquet)")
    assert file_differences(pq.read_schema(file), may_lack=False) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("event_time", pa.string()),
        ("event_time", pa.timestamp("us", "Europe/Berlin")),
        ("time_spent", pa.float32()),
        ("is_bot", pa.int8()),
        ("experiments", pa.map_(pa.string(), pa.int64())),
        ("event_id", pa.binary()),
    ],
)
def test_a_file_differs_by_a_type_that_athena_would_read_otherwise(name, wrong):
    index = SCHEMA.get_field_index(name)
    [difference] = file_differences(SCHEMA.set(index, pa.field(name, wrong)), may_lack=True)
    assert difference.startswith(f"{name} is {wrong}, not ")


def test_a_file_from_before_a_column_was_added_may_lack_it():
    older = SCHEMA.remove(SCHEMA.get_field_index("channel"))
    assert file_differences(older, may_lack=True) == []
    assert file_differences(older, may_lack=False) == ["channel is missing"]


def test_the_schema_is_read_from_the_end_of_a_file_alone():
    sink = BytesIO()
    rows = pa.table({"event_id": [str(number) for number in range(50_000)]})
    pq.write_table(rows, sink, row_group_size=500)
    content = sink.getvalue()
    wanted = footer_bytes(content[-8:])
    assert 8 < wanted < len(content) / 4
    assert schema_of(content[-wanted:]).names == ["event_id"]
    with pytest.raises(pa.ArrowInvalid):
        schema_of(content[-wanted + 1 :])
