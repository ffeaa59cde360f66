"""What Firehose could not deliver, archived after all.

Belongs here: reading the objects below the error prefix, and writing what they hold where the
archive would have. The form of their lines belongs in `clickstream_platform.core.undelivered`.

These records need not go over the stream once more: the object holds all of a record, while the
stream forgets it. So this works when the function is broken, and days later. The raw objects are
named after the one they come from: cut off and run again, they overwrite themselves.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from clickstream_platform.core.undelivered import Undelivered, read_line
from infra.set_aside.places import Places
from lambdas.event_processor.logic import sort_batch
from lambdas.event_processor.store import to_parquet
from lambdas.shared import lake
from lambdas.shared.bad_records import BadRecord, to_quarantine
from lambdas.shared.codec import StreamRecord
from lambdas.shared.limits import Limits
from lambdas.shared.redriven import unwrap

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Stands for the shard of a record that the stream has forgotten. The digest of the record stands
# for its number then, so that one without an id has the same one however often it is archived.
UNKNOWN_SHARD = "undelivered"
_DIGEST_BYTES = 12


class UndeliveredError(RuntimeError):
    """An object cannot be read; the message says which and what to do."""


@dataclass
class Rearchived:
    """What became of one object, or what would.

    Attributes:
        key: The object.
        codes: Its records by what went wrong.
        archived: Its records that are events.
        passed_over: Those that were redriven for another function.
        placeless: Those whose place on the stream is not known any more.
        bad: Those that are no events.
    """

    key: str
    codes: Counter[str]
    archived: int = 0
    passed_over: int = 0
    placeless: int = 0
    bad: list[BadRecord] = field(default_factory=list)


class UndeliveredObjects:
    """The objects below the error prefix of one lake bucket.

    Args:
        s3: S3.
        bucket: The bucket.
        places: Finds records on the stream.
        limits: How far event times may be from their arrival.
    """

    def __init__(self, s3: "S3Client", bucket: str, places: Places, limits: Limits) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._places = places
        self._limits = limits

    def waiting(self) -> list[str]:
        """The objects, oldest day first."""
        return sorted(self._list())

    def preview(self, key: str) -> Rearchived:
        """What archiving an object would do.

        Raises:
            UndeliveredError: If a line is no envelope of Firehose's.
        """
        return self._archive(key, is_preview=True)

    def archive(self, key: str) -> Rearchived:
        """Archives the records of an object, then deletes it.

        Raises:
            UndeliveredError: If a line is no envelope of Firehose's.
        """
        done = self._archive(key, is_preview=False)
        self._s3.delete_object(Bucket=self._bucket, Key=key)
        return done

    def _archive(self, key: str, *, is_preview: bool) -> Rearchived:
        found = self._read(key)
        done = Rearchived(key, Counter(one.code for one in found))
        records = self._records(found)
        done.placeless = sum(one.shard_id == UNKNOWN_SHARD for one in records)
        batch = sort_batch(records, self._limits)
        done.bad = batch.bad
        done.archived = sum(len(events) for events in batch.hours.values())
        done.passed_over = len(records) - done.archived - len(batch.bad)
        if is_preview:
            return done
        name = key.rpartition("/")[2]
        for datehour, events in batch.hours.items():
            self._put(f"{lake.raw_prefix(datehour)}redriven-{name}.parquet", to_parquet(events))
        for one in batch.bad:
            # Each for itself: a range of them could be the name of another object with more.
            record = one.record
            number = record.sequence_number
            place = (record.arrived_at, record.shard_id, number, number)
            self._put(lake.quarantine_key(*place), to_quarantine([one]))
        return done

    def _records(self, found: list[Undelivered]) -> list[StreamRecord]:
        """The records as they were on the stream, as far as that can still be told."""
        sought = [one for one in found if one.place is None]
        on_stream = iter(self._places.find(sought))
        records = []
        for one in found:
            data, redriven = unwrap(one.data)
            known = next(on_stream) if one.place is None else None
            if known is not None:
                records.append(known)
                continue
            digest = int.from_bytes(hashlib.sha256(one.data).digest()[:_DIGEST_BYTES])
            shard_id, number = one.place or (UNKNOWN_SHARD, str(digest))
            records.append(StreamRecord(shard_id, number, one.arrived_at, data, "", redriven))
        return records

    def _read(self, key: str) -> list[Undelivered]:
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        found = []
        for number, line in enumerate(body.split(b"\n"), start=1):
            if not line.strip():
                continue
            try:
                found.append(read_line(line))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise UndeliveredError(
                    f"line {number} of s3://{self._bucket}/{key} is no record of Firehose's "
                    f"({error}). Mend the object or move it elsewhere."
                ) from None
        return found

    def _put(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)

    def _list(self) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{lake.UNDELIVERED_PREFIX}/"
        )
        for page in pages:
            yield from (one["Key"] for one in page.get("Contents", []))
