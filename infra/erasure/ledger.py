"""Where erasures are written down: `erasures/` in the lake.

Belongs here: finding an unfinished one by the ids given, saving, signing off, and the lock that
keeps two erasures apart. What is written belongs in `record` and `report`.

Two erasures at a time would undo each other: each writes an hour anew without its own person, from
what it has read before the other wrote.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from clickstream_platform.core.erasure import Given
from clickstream_platform.resources.lake import LakeResource
from infra.erasure.errors import ErasureError, NotBegunError
from infra.erasure.record import SCHEMA_VERSION, Record

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "erasures/"
LOCK_KEY = f"{PREFIX}lock"
_UNFINISHED = f"{PREFIX}unfinished/"
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


class _Head(msgspec.Struct):
    """Of a record, which version wrote it."""

    schema_version: int


class _Lock(msgspec.Struct):
    """Who holds the lock.

    Attributes:
        erasure: The digest of the erasure.
        holder: This process, by a number of its own.
        requested_by: Who runs it.
        since: Since when, ISO 8601 in UTC.
    """

    erasure: str
    holder: str
    requested_by: str
    since: str


class Ledger:
    """The erasures of one lake."""

    def __init__(self, lake: LakeResource, s3: "S3Client") -> None:
        self._lake = lake
        self._s3 = s3
        self._holder = secrets.token_hex(8)

    def unfinished(self) -> list[Record]:
        """The erasures that are not done, oldest first.

        Raises:
            ErasureError: If one was begun by a newer version.
        """
        found = []
        for one in self._lake.list_objects(_UNFINISHED):
            content = self._lake.read(one.key)
            if msgspec.json.decode(content, type=_Head).schema_version > SCHEMA_VERSION:
                raise ErasureError(f"{one.key} was begun by a newer version; update clickstream")
            found.append(msgspec.json.decode(content, type=Record))
        return sorted(found, key=lambda record: record.started_at)

    def find(self, given: Given) -> Record | None:
        """The unfinished erasure of the ids given, if there is one."""
        for record in self.unfinished():
            if record.digest == given.digest(record.salt):
                return record
        return None

    def save(self, record: Record) -> None:
        """Writes down how far an erasure is."""
        self._lake.write(record_key(record.digest), msgspec.json.encode(record))

    def sign_off(self, digest: str, report: dict[str, Any]) -> str:
        """Stores the report and deletes the record, and with it the salt.

        Returns:
            The report's key.
        """
        key = report_key(digest)
        self._lake.write(key, msgspec.json.format(msgspec.json.encode(report), indent=2))
        self._lake.delete([record_key(digest)])
        return key

    def forget(self, record: Record) -> None:
        """Deletes the record of an erasure that was not begun after all."""
        self._lake.delete([record_key(record.digest)])

    @contextmanager
    def locked(self, record: Record, since: str, *, take_over: bool) -> Iterator[None]:
        """Keeps other erasures away.

        An erasure that was killed leaves the lock behind; going on with the same one takes it, and
        any may take that of one that is done.

        Args:
            record: The erasure, which has been saved.
            since: The present, ISO 8601 in UTC.
            take_over: Whether to take it from another erasure too, whose process is known to be
                dead.

        Raises:
            NotBegunError: If another erasure holds it.
        """
        mine = _Lock(record.digest, self._holder, record.requested_by, since)
        self._acquire(mine, take_over=take_over)
        try:
            yield
        finally:
            if (holder := self._lock()) is not None and holder.holder == self._holder:
                self._lake.delete([LOCK_KEY])

    def _acquire(self, mine: _Lock, *, take_over: bool) -> None:
        content = msgspec.json.encode(mine)
        try:
            self._s3.put_object(
                Bucket=self._lake.bucket, Key=LOCK_KEY, Body=content, IfNoneMatch="*"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
        else:
            return
        other = self._lock()
        is_others = other is not None and other.erasure != mine.erasure
        if other is not None and is_others and not take_over and self._is_unfinished(other.erasure):
            raise NotBegunError(
                f"another erasure is going on since {other.since}, run by {other.requested_by}. "
                "Wait until it ends. If its process is dead, go on with it by giving its ids "
                "again, or pass over it with --take-over."
            )
        self._lake.write(LOCK_KEY, content)

    def _lock(self) -> _Lock | None:
        content = self._read(LOCK_KEY)
        return None if content is None else msgspec.json.decode(content, type=_Lock)

    def _is_unfinished(self, digest: str) -> bool:
        return self._read(record_key(digest)) is not None

    def _read(self, key: str) -> bytes | None:
        """An object; None when it is not there."""
        try:
            return self._lake.read(key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None


def report_key(digest: str) -> str:
    """Where the report of an erasure is."""
    return f"{PREFIX}{digest}.json"


def record_key(digest: str) -> str:
    """Where an erasure is written down as long as it is not done."""
    return f"{_UNFINISHED}{digest}.json"
