"""S3 as this service needs it: list a location, read an object, write and delete objects.

Belongs here: everything that calls S3. Does not belong here: which locations a query reads (see
`scan`) and what is kept on disk (see `cache`).
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig

from infra.local.athena.catalog.locations import as_folder
from infra.local.athena.errors import QueryError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 1 << 20
_DELETE_BATCH = 1000


@dataclass(frozen=True)
class S3Object:
    """One version of one object, as a listing reported it. `size` is in bytes."""

    bucket: str
    key: str
    etag: str
    size: int

    @property
    def uri(self) -> str:
        """The object's ``s3://`` address."""
        return f"s3://{self.bucket}/{self.key}"


def split_uri(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/key`` (or s3a, s3n) into bucket and key.

    Raises:
        QueryError: The text is not an S3 address.
    """
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if not separator or scheme not in ("s3", "s3a", "s3n") or not bucket:
        raise QueryError(f"INVALID_TABLE_PROPERTY: Invalid S3 location: '{uri}'")
    return bucket, key


def is_data(key: str, size: int) -> bool:
    """Return whether Athena reads an object: not empty, last segment not ``_x`` or ``.x``."""
    return size > 0 and not key.rsplit("/", 1)[-1].startswith(("_", "."))


class ObjectStore:
    """S3 calls, on one shared client and one pool of threads."""

    def __init__(self, client: "S3Client", threads: int = 16) -> None:
        self._client = client
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="s3")
        # One request per object: the pool is already the parallelism.
        self._transfer = TransferConfig(use_threads=False)

    def list_prefix(self, bucket: str, prefix: str) -> Iterator[S3Object]:
        """Yield the data objects whose key starts with a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", []):
                if is_data(item["Key"], item["Size"]):
                    yield S3Object(bucket, item["Key"], item["ETag"].strip('"'), item["Size"])

    def list_location(self, location: str) -> list[S3Object]:
        """Return the data objects below a location (never those of ``location-2/``)."""
        bucket, key = split_uri(as_folder(location))
        return list(self.list_prefix(bucket, key))

    def list_locations(self, locations: Iterable[str]) -> list[list[S3Object]]:
        """Return one listing per location, in the same order, listed in parallel."""
        return list(self.pool.map(self.list_location, locations))

    def download(self, item: S3Object, path: Path) -> None:
        """Write exactly the listed version of an object to a file.

        Raises:
            QueryError: The object was overwritten or deleted since it was listed.
        """
        try:
            response = self._client.get_object(Bucket=item.bucket, Key=item.key)
        except self._client.exceptions.NoSuchKey as error:
            raise QueryError(f"HIVE_CANNOT_OPEN_SPLIT: {item.uri} no longer exists") from error
        if response["ETag"].strip('"') != item.etag:
            raise QueryError(f"HIVE_CANNOT_OPEN_SPLIT: {item.uri} changed while the query ran")
        with path.open("wb") as file:
            for chunk in response["Body"].iter_chunks(_CHUNK_BYTES):
                file.write(chunk)

    def put(self, uri: str, body: bytes) -> None:
        """Write a small object."""
        bucket, key = split_uri(uri)
        self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def upload(self, path: Path, uri: str) -> None:
        """Write a local file to an object."""
        bucket, key = split_uri(uri)
        self._client.upload_file(str(path), bucket, key, Config=self._transfer)

    def delete(self, uris: Iterable[str]) -> None:
        """Delete objects; those already gone are not an error."""
        by_bucket: dict[str, list[str]] = {}
        for uri in uris:
            bucket, key = split_uri(uri)
            by_bucket.setdefault(bucket, []).append(key)
        for bucket, keys in by_bucket.items():
            for start in range(0, len(keys), _DELETE_BATCH):
                batch = keys[start : start + _DELETE_BATCH]
                self._client.delete_objects(
                    Bucket=bucket, Delete={"Objects": [{"Key": key} for key in batch]}
                )

    def close(self) -> None:
        """Stop the pool; transfers under way are finished first."""
        self.pool.shutdown(wait=True, cancel_futures=True)
