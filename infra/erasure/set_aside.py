"""Records that were set aside, without a person's.

Belongs here: reading and rewriting the objects of the quarantine, those replayed from it included,
and those of what Firehose could not deliver. Whether a record names the person belongs in
`payloads`.

Where on the stream they were is noted before, so that no check takes them for lost.

Every write is conditional on what was read: the archive may write an object anew, and a replay may
move records out of it, at any time.
"""

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from botocore.exceptions import ClientError

from clickstream_platform.core.erased import SET_ASIDE
from clickstream_platform.core.positions import of_line
from clickstream_platform.core.retention import SET_ASIDE_PREFIXES
from clickstream_platform.core.stream_audit import Position
from clickstream_platform.core.undelivered import read_line
from clickstream_platform.resources.lake import LakeResource
from infra.erasure.errors import ErasureError
from infra.erasure.payloads import Mentions
from infra.erasure.places import keep_places
from lambdas.shared import lake as layout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TRIES = 5
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict"}
_GONE = "NoSuchKey"


class _Line(msgspec.Struct):
    payload: str


_line = msgspec.json.Decoder(_Line)


class _Stored(NamedTuple):
    """An object: its lines that stay, those that do not, and the tag by which it is replaced."""

    kept: list[bytes]
    of_person: list[bytes]
    etag: str


class SetAsideRecords:
    """The records of one lake that were set aside."""

    def __init__(self, lake: LakeResource, s3: "S3Client", mentions: Mentions) -> None:
        self._lake = lake
        self._s3 = s3
        self._mentions = mentions

    def find(self) -> dict[str, int]:
        """How many records of the person each object holds; objects without any are left out."""
        found = {}
        for key in self._keys():
            stored = self._read(key)
            if stored is not None and stored.of_person:
                found[key] = len(stored.of_person)
        return found

    def purge(self, key: str) -> None:
        """Takes the person's records out of an object; what is left empty is deleted.

        Raises:
            ErasureError: If the object keeps changing.
        """
        for _ in range(_TRIES):
            try:
                if self._purge_once(key):
                    return
            except ClientError as error:
                if error.response["Error"]["Code"] not in {*_CHANGED, _GONE}:
                    raise
        raise ErasureError(f"{self._lake.uri(key)} keeps changing; run the erasure again")

    def _purge_once(self, key: str) -> bool:
        stored = self._read(key)
        if stored is None or not stored.of_person:
            return True
        places = {place for line in stored.of_person if (place := _place_of(line)) is not None}
        if places:
            keep_places(self._lake, SET_ASIDE, places)
        bucket = self._lake.bucket
        if stored.kept:
            body = b"".join(line + b"\n" for line in stored.kept)
            self._s3.put_object(Bucket=bucket, Key=key, Body=body, IfMatch=stored.etag)
        else:
            self._s3.delete_object(Bucket=bucket, Key=key, IfMatch=stored.etag)
        return True

    def _read(self, key: str) -> _Stored | None:
        try:
            answer = self._s3.get_object(Bucket=self._lake.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] != _GONE:
                raise
            return None
        lines = [line for line in answer["Body"].read().split(b"\n") if line.strip()]
        kept: list[bytes] = []
        of_person: list[bytes] = []
        for line in lines:
            (of_person if self._is_of_person(line) else kept).append(line)
        return _Stored(kept, of_person, answer["ETag"])

    def _is_of_person(self, line: bytes) -> bool:
        payload = _payload_of(line)
        if payload is None:
            return self._mentions.are_in_bytes(line)  # somebody's own object
        return self._mentions.are_in(payload)

    def _keys(self) -> Iterator[str]:
        for prefix in (*SET_ASIDE_PREFIXES, layout.UNDELIVERED_PREFIX):
            for one in self._lake.list_objects(f"{prefix}/"):
                if one.size_bytes:
                    yield one.key


def _payload_of(line: bytes) -> bytes | None:
    """The payload in a line of the quarantine, or of Firehose's; None if it is neither."""
    for read in (_quarantined, _undelivered):
        try:
            return read(line)
        except ValueError:  # msgspec's and Unicode's errors are such, too
            continue
    return None


def _quarantined(line: bytes) -> bytes:
    return base64.b64decode(_line.decode(line).payload, validate=True)


def _undelivered(line: bytes) -> bytes:
    return read_line(line).data


def _place_of(line: bytes) -> Position | None:
    """Where a record was; of one that Firehose kept that is not always known."""
    try:
        return of_line(line) or read_line(line).position
    except ValueError:
        return None
