"""What the archive set aside, in the lake bucket.

Belongs here: reading quarantine objects, and moving records out of them once they were replayed.
Deciding which, and sending them, belongs in `replay`; writing new ones belongs to
`lambdas.event_processor`.

A record is its place on the stream, `(shard_id, sequence_number)`: a batch that was delivered again
with other boundaries sets the same record aside in two objects, and it is still one record.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from botocore.exceptions import ClientError

from lambdas.shared.codec import StreamRecord
from lambdas.shared.lake import QUARANTINE_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REPLAYED_PREFIX = "quarantine-replayed"
_TRIES = 5
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}

Position = tuple[str, str]


class QuarantineError(RuntimeError):
    """The quarantine cannot be read or changed; the message says where and what to do."""


class SetAside(NamedTuple):
    """A record that was set aside.

    Attributes:
        day: The day it arrived on, `yyyy-MM-dd`: where its object lies.
        reason: Why, a stable code.
        detail: Why, for a person.
        payload: The record as it came.
        shard_id: The shard it arrived on.
        sequence_number: Its place there.
        arrived_at: When it arrived, aware.
    """

    day: str
    reason: str
    detail: str
    payload: bytes
    shard_id: str
    sequence_number: str
    arrived_at: datetime

    @property
    def position(self) -> Position:
        """Its place on the stream: what makes it this record and no other."""
        return self.shard_id, self.sequence_number

    @property
    def as_arrived(self) -> StreamRecord:
        """The record as it was on the stream: a client's clock is judged by when it arrived."""
        return StreamRecord(
            shard_id=self.shard_id,
            sequence_number=self.sequence_number,
            arrived_at=self.arrived_at,
            data=self.payload,
            partition_key="",
        )


class Chosen(NamedTuple):
    """Which records a command is about; None means any."""

    day: str | None = None
    reason: str | None = None

    def takes(self, record: SetAside) -> bool:
        """Whether a record is meant; its day follows from the object it is in."""
        return self.reason is None or record.reason == self.reason


class _Line(msgspec.Struct):
    """One line of an object; msgspec reads the payload's base64 by itself."""

    reason: str
    detail: str
    payload: bytes
    shard_id: str
    sequence_number: str
    arrived_at: datetime


_lines = msgspec.json.Decoder(_Line)


class _Stored(NamedTuple):
    """An object as it was read: its lines by position, and the tag by which it is replaced."""

    lines: list[tuple[SetAside, bytes]]
    etag: str | None


class Quarantine:
    """The quarantine of one lake bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._replayed: dict[str, set[Position]] = {}

    def files(self, day: str | None = None) -> list[str]:
        """Keys of the quarantine's objects, oldest day first."""
        return sorted(
            self._keys(f"{QUARANTINE_PREFIX}/day={day}/" if day else f"{QUARANTINE_PREFIX}/")
        )

    def read(self, key: str) -> list[SetAside]:
        """The records of an object, in its order, without those that were replayed.

        An object can hold replayed ones again: the archive writes it anew when its batch is
        delivered again, and a replay can end between marking records and taking them out.

        Raises:
            QuarantineError: If a line is no quarantine record.
        """
        replayed = self._replayed_on(_day_of(key))
        return [one for one, _ in self._get(key).lines if one.position not in replayed]

    def newest_first(self, chosen: Chosen) -> Iterator[SetAside]:
        """The records meant, each once, beginning with the objects of the latest day.

        Raises:
            QuarantineError: If a line is no quarantine record.
        """
        seen: set[Position] = set()
        for key in reversed(self.files(chosen.day)):
            for record in reversed(self.read(key)):
                if chosen.takes(record) and record.position not in seen:
                    seen.add(record.position)
                    yield record

    def counts(self, chosen: Chosen) -> list[tuple[str, str, int]]:
        """How many records there are by day and reason, newest day and most frequent first."""
        found = Counter((record.day, record.reason) for record in self.newest_first(chosen))
        by_reason = sorted(found.items(), key=lambda item: (-item[1], item[0][1]))
        by_day = sorted(by_reason, key=lambda item: item[0][0], reverse=True)
        return [(day, reason, count) for (day, reason), count in by_day]

    def mark_replayed(self, key: str, positions: set[Position]) -> None:
        """Moves records of an object below `quarantine-replayed/`, with those replayed before.

        They are written there before they are taken out here, so a crash in between leaves them in
        both, where `read` passes them over. Both writes are conditional on what was read: another
        replay, or the archive writing the object anew, makes this start over and loses nothing.

        Raises:
            QuarantineError: If the object keeps changing.
        """
        for _ in range(_TRIES):
            try:
                self._move(key, positions, self._replayed_on(_day_of(key)))
            except ClientError as error:
                if error.response["Error"]["Code"] not in _CHANGED:
                    raise
            else:
                return
        raise QuarantineError(f"s3://{self._bucket}/{key} keeps changing; run it again later")

    def _move(self, key: str, positions: set[Position], replayed: set[Position]) -> None:
        stored = self._get(key)
        moved, left = {}, []
        for one, line in stored.lines:
            if one.position in positions or one.position in replayed:
                moved[one.position] = line
            else:
                left.append(line)
        if not moved:
            return
        twin_key = REPLAYED_PREFIX + key.removeprefix(QUARANTINE_PREFIX)
        twin = self._get(twin_key)
        there = {one.position: line for one, line in twin.lines}
        if not moved.keys() <= there.keys():
            self._put(twin_key, list({**moved, **there}.values()), twin.etag)
        replayed.update(moved)
        if left:
            self._put(key, left, stored.etag)
        else:
            self._s3.delete_object(Bucket=self._bucket, Key=key, IfMatch=stored.etag or "")

    def _put(self, key: str, lines: list[bytes], etag: str | None) -> None:
        """Writes an object, if it is still what was read."""
        body = b"".join(line + b"\n" for line in lines)
        if etag is None:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
        else:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, IfMatch=etag)

    def _replayed_on(self, day: str) -> set[Position]:
        """The records of a day that were replayed; read once."""
        if day not in self._replayed:
            keys = self._keys(f"{REPLAYED_PREFIX}/day={day}/")
            found = {one.position for key in keys for one, _ in self._get(key).lines}
            self._replayed[day] = found
        return self._replayed[day]

    def _get(self, key: str) -> _Stored:
        """An object's lines; none when it is not there."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return _Stored([], None)
        lines = enumerate(answer["Body"].read().split(b"\n"), start=1)
        return _Stored(
            [(self._record(key, number, line), line) for number, line in lines if line.strip()],
            answer["ETag"],
        )

    def _record(self, key: str, number: int, line: bytes) -> SetAside:
        try:
            found = _lines.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise QuarantineError(
                f"line {number} of s3://{self._bucket}/{key} is no quarantine record ({error}). "
                "Mend the object or move it elsewhere; --day passes over other days."
            ) from None
        return SetAside(_day_of(key), *msgspec.structs.astuple(found))

    def _keys(self, prefix: str) -> Iterator[str]:
        token: dict[str, str] = {}
        while True:
            page = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **token)  # type: ignore[arg-type]
            yield from (found["Key"] for found in page.get("Contents", []))
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}


def _day_of(key: str) -> str:
    """The day of a key `…/day=yyyy-MM-dd/name.json`."""
    return key.partition("/day=")[2].partition("/")[0]
