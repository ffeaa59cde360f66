"""S3, SQS, Kinesis and the collector in memory, as far as quarantine and redrive use them."""

import base64
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from infra.set_aside.front_door import Refusal, as_sent
from lambdas.collector.logic import Client, judge
from lambdas.shared.event import Event
from lambdas.shared.limits import Limits

SHARD = "shardId-000000000000"
ARRIVED = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
OPERATOR = Client("203.0.113.9", "clickstream-client")


class CrashError(Exception):
    """The process died at this step."""


class Fuse:
    """Counts steps down; at zero the step does not happen and the process dies."""

    def __init__(self, steps: int | None = None) -> None:
        self.steps = steps

    def burn(self) -> None:
        if self.steps is not None:
            if self.steps == 0:
                raise CrashError
            self.steps -= 1


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Call")


class FakeS3:
    """Objects by key, with conditional writes and pages of two."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.fuse = fuse or Fuse()
        self.before_write: list[Any] = []

    def list_objects_v2(self, **call: str) -> dict[str, Any]:
        keys = sorted(key for key in self.objects if key.startswith(call["Prefix"]))
        keys = [key for key in keys if key > call.get("ContinuationToken", "")]
        page: dict[str, Any] = {"Contents": [{"Key": key} for key in keys[:2]]}
        if len(keys) > 2:
            page |= {"IsTruncated": True, "NextContinuationToken": keys[1]}
        return page

    def get_object(self, **call: str) -> dict[str, Any]:
        if call["Key"] not in self.objects:
            raise refused("NoSuchKey")
        body = self.objects[call["Key"]]
        return {"Body": io.BytesIO(body), "ETag": self._etag(call["Key"])}

    def put_object(self, **call: Any) -> None:
        self._check(call)
        self.objects[call["Key"]] = call["Body"]

    def delete_object(self, **call: Any) -> None:
        self._check(call)
        del self.objects[call["Key"]]

    def _check(self, call: dict[str, Any]) -> None:
        self.fuse.burn()
        if self.before_write:
            self.before_write.pop()()
        there = call["Key"] in self.objects
        if call.get("IfNoneMatch") == "*" and there:
            raise refused("PreconditionFailed")
        if "IfMatch" in call and (not there or self._etag(call["Key"]) != call["IfMatch"]):
            raise refused("PreconditionFailed")

    def _etag(self, key: str) -> str:
        return hashlib.sha256(self.objects[key]).hexdigest()


class FakeDoor:
    """The collector's own judgement; `stream` is what it accepted, in order."""

    def __init__(self, limits: Limits | None = None, fuse: Fuse | None = None) -> None:
        self.limits = limits or Limits()
        self.fuse = fuse or Fuse()
        self.stream: list[dict[str, Any]] = []

    def send(self, events: Iterable[Event]) -> Iterator[Refusal | None]:
        for event in events:
            self.fuse.burn()
            body = [as_sent(event)]
            entries, rejected = judge(body, OPERATOR, datetime.now(UTC), self.limits)  # type: ignore[arg-type]
            self.stream.extend(json.loads(entry.data) for entry in entries)
            self.fuse.burn()  # accepted, and nobody heard of it
            yield Refusal(rejected[0].reason or "", "") if rejected else None

    @property
    def ids(self) -> list[str]:
        return [event["event_id"] for event in self.stream]


class FakeSqs:
    """One queue; messages taken are hidden until they are given back."""

    def __init__(self) -> None:
        self.messages: dict[str, str] = {}
        self.hidden: set[str] = set()

    def get_queue_url(self, **_: str) -> dict[str, str]:
        return {"QueueUrl": "url"}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        number = str(len(self.hidden))
        return {"Attributes": {"ApproximateNumberOfMessagesNotVisible": number}}

    def receive_message(self, **call: Any) -> dict[str, Any]:
        ids = [id_ for id_ in self.messages if id_ not in self.hidden]
        taken = ids[: call["MaxNumberOfMessages"]]
        self.hidden.update(taken)
        found = [{"MessageId": i, "ReceiptHandle": i, "Body": self.messages[i]} for i in taken]
        return {"Messages": found} if found else {}

    def delete_message(self, **call: str) -> None:
        del self.messages[call["ReceiptHandle"]]
        self.hidden.discard(call["ReceiptHandle"])

    def change_message_visibility_batch(self, **call: Any) -> None:
        assert 0 < len(call["Entries"]) <= 10
        self.hidden.difference_update(entry["ReceiptHandle"] for entry in call["Entries"])


class FakeKinesis:
    """One shard, read two records at a time, with an empty page in between as on AWS.

    `put` is what was put on it since, in order; `full` refuses the last record of each call.
    """

    def __init__(self, records: dict[int, bytes], fuse: Fuse | None = None) -> None:
        self.records = records
        self.fuse = fuse or Fuse()
        self.put: list[dict[str, Any]] = []
        self.full = False

    def put_records(self, **call: Any) -> dict[str, Any]:
        self.fuse.burn()
        taken = call["Records"][: -1 if self.full else None]
        self.put += taken
        self.fuse.burn()  # taken, and nobody heard of it
        refused = [{"ErrorCode": "Full"}] * (len(call["Records"]) - len(taken))
        return {"Records": [{} for _ in taken] + refused}

    def get_shard_iterator(self, **call: str) -> dict[str, str]:
        if call["ShardId"] != SHARD:
            raise refused("ResourceNotFoundException")
        assert call["ShardIteratorType"] == "AT_SEQUENCE_NUMBER"
        return {"ShardIterator": f"{call['StartingSequenceNumber']}:empty"}

    def get_records(self, **call: Any) -> dict[str, Any]:
        start, _, kind = call["ShardIterator"].partition(":")
        left = sorted(number for number in self.records if number >= int(start))
        if kind:
            return {"Records": [], "MillisBehindLatest": len(left), "NextShardIterator": start}
        found = left[:2]
        records = [
            {
                "SequenceNumber": str(number),
                "PartitionKey": "s",
                "Data": self.records[number],
                "ApproximateArrivalTimestamp": ARRIVED,
            }
            for number in found
        ]
        following = str(found[-1] + 1) if found else start
        return {
            "Records": records,
            "MillisBehindLatest": len(left) - len(found),
            "NextShardIterator": following,
        }


def event(**fields: Any) -> bytes:
    """A direct producer's event."""
    given = {"event_type": "page_view", "session_id": "s", "event_time": "2001-02-03T04:05:05Z"}
    return msgspec.json.encode({**given, **fields})


def line(number: int, payload: bytes, reason: str = "bug") -> bytes:
    """A line of a quarantine object."""
    fields = {
        "reason": reason,
        "detail": "it was wrong",
        "payload": base64.b64encode(payload).decode(),
        "shard_id": SHARD,
        "sequence_number": str(number),
        "arrived_at": ARRIVED.isoformat(),
    }
    return msgspec.json.encode(fields)


def put(s3: FakeS3, first: int, last: int, *lines: bytes, day: str = "2001-02-03") -> str:
    """Writes a quarantine object."""
    key = f"quarantine/day={day}/{SHARD}-{first}-{last}.json"
    s3.objects[key] = b"\n".join(lines) + b"\n"
    return key


def numbers_below(s3: FakeS3, prefix: str) -> list[int]:
    """Sequence numbers of the records in the objects below a prefix, once for each line."""
    return sorted(
        int(json.loads(text)["sequence_number"])
        for key, body in s3.objects.items()
        if key.startswith(prefix)
        for text in body.splitlines()
    )
