"""The lake bucket: list, read, write, delete.

Belongs here: S3 calls and nothing that knows what the objects mean beyond the layout in
`lambdas.shared.lake`. Notifications belong in `raw_object_queue`.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from itertools import count, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import dagster as dg
from botocore.config import Config

from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.stored_object import StoredObject
from lambdas.shared import lake

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


_DELETE_BATCH = 1000  # the most S3 takes in one DeleteObjects


class LakeError(RuntimeError):
    """S3 did not do all that was asked; the message says what is left."""


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

    def now(self) -> datetime:
        """The time by S3's clock, in whole seconds, rounded down.

        What is compared with the time an object was written has to be of the same clock: by a clock
        that goes ahead, a listing would seem to have seen objects that came after it.
        """
        answer = self._client.list_objects_v2(Bucket=self.bucket, MaxKeys=1)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

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
        for one in self.list_objects(f"{lake.RAW_PREFIX}/", start_after=before_first):
            hour = lake.datehour_of_raw_key(one.key)
            if hour is None:
                continue
            if hour > hours.last:
                break
            found.setdefault(hour, []).append(one)
        return found

    def list_objects(self, prefix: str, *, start_after: str = "") -> Iterator[StoredObject]:
        """Lists the objects below a prefix in key order, a page at a time.

        Args:
            prefix: The prefix.
            start_after: Only keys after this one.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, StartAfter=start_after
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                yield StoredObject(entry["Key"], entry["Size"], entry["LastModified"])

    def download(self, keys: Iterable[str], folder: Path) -> list[Path]:
        """Downloads objects, several at once.

        Args:
            keys: The objects.
            folder: An existing empty folder.

        Returns:
            The files, in the order of the keys.
        """
        with ThreadPoolExecutor(self.transfers, thread_name_prefix="download") as threads:
            return list(threads.map(self._download_one, count(), keys, repeat(folder)))

    def upload(self, file: Path, key: str) -> None:
        """Uploads a file; one of several parts appears only when it is complete."""
        self._client.upload_file(str(file), self.bucket, key)

    def read(self, key: str, last_bytes: int | None = None) -> bytes:
        """The content of an object, or its end.

        Args:
            key: The object.
            last_bytes: How much of its end is wanted; None for all of it.
        """
        if last_bytes is None:
            return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        wanted = f"bytes=-{last_bytes}"
        return self._client.get_object(Bucket=self.bucket, Key=key, Range=wanted)["Body"].read()

    def write(self, key: str, content: bytes) -> None:
        """Stores an object as a whole, over whatever was there."""
        self._client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def delete(self, keys: Iterable[str]) -> int:
        """Deletes objects; one that is gone already is no error.

        Returns:
            How many there were to delete.

        Raises:
            LakeError: If S3 refuses to delete some. The others are gone; delete again.
        """
        deleted = 0
        refused: list[str] = []
        waiting = iter(keys)
        while batch := list(islice(waiting, _DELETE_BATCH)):
            answer = self._client.delete_objects(
                Bucket=self.bucket,
                Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
            )
            deleted += len(batch)
            refused += [f"{one.get('Key')}: {one.get('Code')}" for one in answer.get("Errors", ())]
        if refused:
            raise LakeError(f"{len(refused)} of {deleted} objects were not deleted: {refused[0]}")
        return deleted

    def _download_one(self, number: int, key: str, folder: Path) -> Path:
        # Numbered, because objects of two prefixes may have one name, and in the keys' order.
        target = folder / f"{number:06d}-{key.rsplit('/', 1)[-1]}"
        with target.open("wb") as sink:
            body = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
            for block in body.iter_chunks(1 << 20):
                sink.write(block)
        return target

    @cached_property
    def _client(self) -> "S3Client":
        return boto3.client("s3", config=Config(max_pool_connections=self.transfers))


def folder_at(lake: LakeResource, location: str) -> str:
    """An address of Glue's as a prefix of keys of the lake, ending in a slash."""
    return f"{location.removeprefix(lake.uri('')).rstrip('/')}/"


def change(lake: LakeResource, key: str, changed: Callable[[bytes], bytes]) -> bytes:
    """Writes an object anew, unless that changes nothing; for objects that one at a time writes.

    Args:
        lake: The lake.
        key: The object; it is taken for empty if it is not there.
        changed: Makes its new content of the old.

    Returns:
        What it holds now.
    """
    is_there = any(one.key == key for one in lake.list_objects(key))
    content = lake.read(key) if is_there else b""
    wanted = changed(content)
    if wanted != content:
        lake.write(key, wanted)
    return wanted
