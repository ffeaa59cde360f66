"""Bad records of an invocation into the quarantine.

Belongs here: the S3 calls. Every key is the range of bad records in the object, so an invocation
that is tried again overwrites its own objects.
"""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.shared import lake
from lambdas.shared.bad_records import BadRecord, to_quarantine

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from mypy_boto3_s3 import S3Client


class Quarantine:
    """Writes bad records to the lake bucket."""

    def __init__(self, s3: "S3Client", bucket: str, logger: "Logger") -> None:
        self._s3 = s3
        self._bucket = bucket
        self._logger = logger

    def keep(self, bad: dict[int, BadRecord]) -> list[int]:
        """Writes one object for each shard that has bad records.

        A fault is logged and told instead of raised: it would fail the good records too.

        Args:
            bad: The records by index.

        Returns:
            The indexes of those that could not be kept.
        """
        unkept: list[int] = []
        for shard_id in sorted({one.record.shard_id for one in bad.values()}):
            mine = {index: one for index, one in bad.items() if one.record.shard_id == shard_id}
            try:
                self._write(shard_id, list(mine.values()))
            except (ClientError, BotoCoreError):
                self._logger.exception("bad records are left to Firehose", shard_id=shard_id)
                unkept.extend(mine)
        return unkept

    def _write(self, shard_id: str, bad: list[BadRecord]) -> None:
        first, last = bad[0].record, bad[-1].record
        key = lake.quarantine_key(
            first.arrived_at, shard_id, first.sequence_number, last.sequence_number
        )
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=to_quarantine(bad))
