"""Whether tables and files have the columns of the contract.

Belongs here: the comparison, and reading the schema of a Parquet file from its end. Giving a table
the columns it lacks belongs to the catalog resource (`core.schema`).
"""

from collections.abc import Callable, Mapping
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from lambdas.shared.columns import EVENT_COLUMNS, HiveType

# How much of a file's end is read at first. Footers of our files are far smaller, unless a file has
# hundreds of row groups.
FOOTER_GUESS_BYTES = 64 * 1024
_TRAILER_BYTES = 8  # the length of the footer, and a magic number

# DuckDB and Athena spell the same type differently; what Athena reads alike counts as the same.
_IS_TYPE: dict[HiveType, Callable[[pa.DataType], bool]] = {
    "string": lambda found: pa.types.is_string(found) or pa.types.is_large_string(found),
    "timestamp": lambda found: pa.types.is_timestamp(found) and found.tz in {None, "UTC"},
    "double": pa.types.is_float64,
    "boolean": pa.types.is_boolean,
    "map<string,string>": lambda found: (
        pa.types.is_map(found)
        and pa.types.is_string(found.key_type)
        and pa.types.is_string(found.item_type)
    ),
}


def table_differences(present: Mapping[str, str]) -> list[str]:
    """What a table lacks of the contract, or has with another type.

    A column that the contract does not know is no difference: files that hold it may exist.

    Args:
        present: The table's columns and their types, as Glue spells them.
    """
    found = []
    for column in EVENT_COLUMNS:
        have = present.get(column.name)
        if have is None:
            found.append(f"{column.name} is missing")
        elif have != column.hive_type:
            found.append(f"{column.name} is {have}, not {column.hive_type}")
    return found


def file_differences(schema: pa.Schema, *, may_lack: bool) -> list[str]:
    """What a file lacks of the contract, or has with another type.

    Args:
        schema: The file's schema.
        may_lack: Whether a column may be missing, as in files from before it was added.
    """
    found = []
    for column in EVENT_COLUMNS:
        index = schema.get_field_index(column.name)
        if index < 0:
            found += [] if may_lack else [f"{column.name} is missing"]
        elif not _IS_TYPE[column.hive_type](schema.field(index).type):
            found.append(f"{column.name} is {schema.field(index).type}, not {column.hive_type}")
    return found


def footer_bytes(end: bytes) -> int:
    """How much of a Parquet file's end holds its schema.

    Args:
        end: At least the last eight bytes.
    """
    return int.from_bytes(end[-_TRAILER_BYTES:-4], "little") + _TRAILER_BYTES


def schema_of(end: bytes) -> pa.Schema:
    """The schema of a Parquet file.

    Args:
        end: The end of the file, at least `footer_bytes` of it.

    Raises:
        pyarrow.ArrowInvalid: If it is no Parquet file's.
    """
    return pq.read_schema(BytesIO(end))
