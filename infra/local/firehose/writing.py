"""Objects of a delivery stream.

Belongs here: the calls of S3 and Glue. Names belong in `names`, formats in `conversion` and
`failures`.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.local.firehose.conversion import (
    ConversionError,
    SchemaColumn,
    read_row,
    to_parquet,
)
from infra.local.firehose.failures import CONVERSION, Failure, envelope
from infra.local.firehose.names import evaluate, object_name
from infra.local.firehose.records import Row, Taken
from infra.resource_types import DeliveryStream

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client


class Writer:
    """Writes what a delivery stream delivers.

    Args:
        stream: The delivery stream.
        database: The Glue database of its schema.
        s3: S3.
        glue: Glue.
    """

    def __init__(
        self, stream: DeliveryStream, database: str, s3: "S3Client", glue: "GlueClient"
    ) -> None:
        self._stream = stream
        self._database = database
        self._s3 = s3
        self._glue = glue

    def write_partition(self, rows: list[Row]) -> list[Failure]:
        """Writes the rows of one partition as one object.

        Returns:
            The rows that do not fit the table.

        Raises:
            botocore.exceptions.ClientError: On a fault of S3 or Glue.
            botocore.exceptions.BotoCoreError: If one cannot be reached.
        """
        stream, columns = self._stream, self._columns()
        fitting, failures = [], []
        for row in rows:
            try:
                values = read_row(row.data, columns, lowercase_keys=stream.lowercase_keys)
            except ConversionError as error:
                why = ("DataFormatConversion.ParseError", str(error))
                failures.append(Failure(row.taken, CONVERSION, *why, row.data))
            else:
                fitting.append(values)
        if fitting:
            oldest = _oldest([row.taken for row in rows])
            prefix = evaluate(stream.prefix, oldest, partition_keys=dict(rows[0].partition_keys))
            key = f"{prefix}{object_name(stream.name, oldest, '.parquet')}"
            self._put(key, to_parquet(fitting, columns, stream.compression))
        return failures

    def write_failures(self, failures: list[Failure]) -> None:
        """Writes failures of one kind as one object.

        Raises:
            botocore.exceptions.ClientError: On a fault of S3.
            botocore.exceptions.BotoCoreError: If it cannot be reached.
        """
        stream, oldest = self._stream, _oldest([one.taken for one in failures])
        prefix = evaluate(stream.error_prefix, oldest, error_type=failures[0].error_type)
        body = b"".join(envelope(one, stream.schema_table) for one in failures)
        self._put(f"{prefix}{object_name(stream.name, oldest)}", body)

    def _columns(self) -> list[SchemaColumn]:
        found = self._glue.get_table(DatabaseName=self._database, Name=self._stream.schema_table)
        columns = found["Table"]["StorageDescriptor"]["Columns"]
        return [SchemaColumn(one["Name"], one["Type"]) for one in columns]

    def _put(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self._stream.bucket, Key=key, Body=body)


def _oldest(taken: list[Taken]) -> datetime:
    return datetime.fromtimestamp(min(one.record.arrived_at for one in taken), UTC)
