"""A batch into the lake: Parquet for events, JSON lines for bad records.

Belongs here: the Parquet format and the S3 calls. Every key is the batch's sequence range, so a
batch that is delivered again overwrites its own objects.
"""

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import astuple

from lambdas.event_processor.logic import Batch
from lambdas.shared import lake
from lambdas.shared.bad_records import to_quarantine
from lambdas.shared.columns import EVENT_COLUMNS
from lambdas.shared.event import Event

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ARROW_TYPES = {
    "string": pa.string(),
    "timestamp": pa.timestamp("us"),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "map<string,string>": pa.map_(pa.string(), pa.string()),
}
SCHEMA = pa.schema([(column.name, _ARROW_TYPES[column.hive_type]) for column in EVENT_COLUMNS])
# Most batches are small, and for a small file everything about a column costs more than its values:
# a page of its own for a dictionary, room to compress nothing but nulls, limits nobody asks for.
_PATHS = [
    (f"{field.name}.key_value.key", f"{field.name}.key_value.value")
    if pa.types.is_map(field.type)
    else (field.name,)
    for field in SCHEMA
]
_REPEATED = ["user_agent", "page_url"]  # long, and the same in many events
_NARROWED_DOWN = ["event_time"]


class Archive:
    """Writes batches to the lake bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def write(self, batch: Batch) -> None:
        """Writes one object for every hour of the batch, and one for its bad records.

        Raises:
            botocore.exceptions.ClientError: On a fault; the batch must be delivered again.
        """
        for datehour, events in batch.hours.items():
            key = lake.raw_key(datehour, batch.shard_id, batch.first, batch.last)
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=to_parquet(events))
        if batch.bad:
            arrived = batch.bad[0].record.arrived_at
            key = lake.quarantine_key(arrived, batch.shard_id, batch.first, batch.last)
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=to_quarantine(batch.bad))


def to_parquet(events: list[Event]) -> bytes:
    """Events as one Parquet file, zstd, in the columns of the contract."""
    columns = zip(*map(astuple, events), strict=True)  # the fields of an event are in their order
    arrays = [
        pa.array(column, type_)  # times in UTC, whatever zone they name
        for column, type_ in zip(columns, SCHEMA.types, strict=True)
    ]
    used = [array.null_count < len(events) for array in arrays]
    paths = [path for paths, is_used in zip(_PATHS, used, strict=True) if is_used for path in paths]
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=SCHEMA),
        sink,
        compression=dict.fromkeys(paths, "zstd"),
        use_dictionary=_REPEATED,
        write_statistics=_NARROWED_DOWN,
        store_schema=False,  # Arrow's own, beside that of Parquet
    )
    return bytes(sink.getvalue())
