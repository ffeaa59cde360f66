"""The lake bucket: list, download, upload.

Belongs here: S3 calls and nothing that knows what the objects mean beyond the layout in
`lambdas.shared.lake`. Notifications belong in `raw_object_queue`.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import dagster as dg
from botocore.config import Config

from clickstream_platform.core.hours import HourRange
from lambdas.shared import lake

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class StoredObject:
    """An object as a listing shows it.

    Attributes:
        key: Its key.
        size_bytes: Its size.
        modified_at: When it was written (UTC).
    """

    key: str
    size_bytes: int
    modified_at: datetime


class LakeResource(dg.ConfigurableResource[None]):
    """The lake bucket.

    Attributes:
        bucket: Its name.
        transfers: How many objects are downloaded at once.
    """

    bucket: str
    transfers: int = 16

    def uri(self, key: str) -> str:
        """The address of a key or prefix, as Glue and Athena spell it."""
        return f"s3://{self.bucket}/{key}"

    def list_raw(self, hours: HourRange) -> dict[str, list[StoredObject]]:
        """Lists the raw objects of a range of hours, reading no other hour's keys.

        Args:
            hours: The range.

        Returns:
            The objects of each hour that has some, in key order.
        """
        found: dict[str, list[StoredObject]] = {}
        # Keys sort by hour, so one listing that starts at the first hour and stops after the last
        # replaces a call per hour.
        before_first = lake.raw_prefix(hours.first)[:-1]
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{lake.RAW_PREFIX}/", StartAfter=before_first
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                hour = lake.datehour_of_raw_key(entry["Key"])
                if hour is None:
                    continue
                if hour > hours.last:
                    return found
                found.setdefault(hour, []).append(
                    StoredObject(entry["Key"], entry["Size"], entry["LastModified"])
                )
        return found

    def download(self, keys: Iterable[str], folder: Path) -> list[Path]:
        """Downloads objects, several at once.

        Args:
            keys: The objects.
            folder: An existing empty folder.

        Returns:
            The files, in the order of the keys.
        """
        with ThreadPoolExecutor(self.transfers, thread_name_prefix="download") as threads:
            return list(threads.map(lambda key: self._download_one(key, folder), keys))

    def upload(self, file: Path, key: str) -> None:
        """Uploads a file; one of several parts appears only when it is complete."""
        self._client.upload_file(str(file), self.bucket, key)

    def _download_one(self, key: str, folder: Path) -> Path:
        target = folder / key.rsplit("/", 1)[-1]
        with target.open("wb") as sink:
            body = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
            for block in body.iter_chunks(1 << 20):
                sink.write(block)
        return target

    @cached_property
    def _client(self) -> "S3Client":
        return boto3.client("s3", config=Config(max_pool_connections=self.transfers))
