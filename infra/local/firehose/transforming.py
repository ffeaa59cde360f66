"""Calls of the function that transforms records.

Belongs here: when a call is due, what it is given, and what its answer means. Source: Data Firehose
Developer Guide, "Transform source data in Amazon Data Firehose".
"""

import base64
import json
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from infra.local.firehose.failures import PROCESSING, Failure
from infra.local.firehose.records import Row, Taken
from infra.local.mappings.batching import MAX_PAYLOAD_BYTES

logger = logging.getLogger(__name__)

PAUSE_S = 0.2
_NOT_RETURNED = ("Lambda.MissingRecordId", "One or more record Ids were not returned")
_RETURNED_TWICE = ("Lambda.DuplicatedRecordId", "Multiple records had the same record Id")
_FAILED_STATUS = ("Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
_MALFORMED = ("Lambda.FunctionError", "The function answered something that cannot be read")
_NO_PARTITION = ("DynamicPartitioning.MetadataExtractionFailed", "Partition keys are missing")

Invoke = Callable[[dict[str, Any]], Any]


class Outcome(NamedTuple):
    """What became of the records of a call; each is in one of the three."""

    rows: list[Row]
    dropped: list[Taken]
    failures: list[Failure]


class Gathering:
    """The records of one shard that wait for a call.

    A call is due when enough bytes have been gathered, when more would not fit a payload of 6 MB,
    or when the oldest was gathered a while ago.
    """

    def __init__(self, max_bytes: float, window_s: float) -> None:
        self._max_bytes = max_bytes
        self._window_s = window_s
        self._waiting: list[Taken] = []
        self._since = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, taken: list[Taken], now: float) -> None:
        """Takes records in the order of the shard; `now` in seconds of any steady clock."""
        if taken and not self._waiting:
            self._since = now
        self._waiting.extend(taken)

    def take(self, now: float, *, at_once: bool = False) -> list[Taken]:
        """The records of the next call; none when none is due.

        Args:
            now: The clock of `add`.
            at_once: Do not wait.
        """
        count, is_full = self._fitting()
        if not count or not (is_full or at_once or now - self._since >= self._window_s):
            return []
        call, self._waiting = self._waiting[:count], self._waiting[count:]
        self._since = now
        return call

    def _fitting(self) -> tuple[int, bool]:
        """How many records from the front make a call, and whether no more would fit it."""
        size = payload = 0
        for count, one in enumerate(self._waiting):
            payload += one.record.payload_bytes
            if size >= self._max_bytes or (count and payload > MAX_PAYLOAD_BYTES):
                return count, True
            size += len(one.record.data)
        return len(self._waiting), size >= self._max_bytes


class Transforming:
    """Calls one function.

    Args:
        invoke: Calls it; raises when it fails.
        function: Its name.
        retries: How often a failed call is tried again.
        sleep: Waits between tries.
    """

    def __init__(
        self,
        invoke: Invoke,
        function: str,
        retries: int,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._invoke = invoke
        self._function = function
        self._retries = retries
        self._sleep = sleep

    def transform(self, call: list[Taken]) -> Outcome:
        """Calls the function until it answers; records it gives no good answer for have failed."""
        by_id = {_record_id(one): one for one in call}
        event = _event(by_id)
        for attempt in range(1, self._retries + 2):
            try:
                answer = json.dumps(self._invoke(event))
            except Exception as error:
                logger.exception("%s failed for %d records", self._function, len(call))
                reason = f"{type(error).__name__}: {error}"
            else:
                if len(answer) <= MAX_PAYLOAD_BYTES:
                    return self._read(by_id, json.loads(answer))
                reason = f"the answer has {len(answer)} bytes"
                logger.error("%s: %s", self._function, reason)
            if attempt <= self._retries:
                self._sleep(PAUSE_S)
        why = ("Lambda.FunctionError", reason)
        return Outcome([], [], [self._failure(one, why, self._retries + 1) for one in call])

    def _read(self, by_id: dict[str, Taken], answer: Any) -> Outcome:
        try:
            answered = [(one["recordId"], one) for one in answer["records"]]
        except (TypeError, KeyError):
            return Outcome([], [], [self._failure(one, _MALFORMED) for one in by_id.values()])
        counts: dict[str, int] = {}
        for record_id, _ in answered:
            counts[record_id] = counts.get(record_id, 0) + 1
        found, outcome = dict(answered), Outcome([], [], [])
        for record_id, taken in by_id.items():
            if counts.get(record_id, 0) != 1:
                why = _RETURNED_TWICE if record_id in counts else _NOT_RETURNED
                outcome.failures.append(self._failure(taken, why))
            else:
                self._judge(taken, found[record_id], outcome)
        return outcome

    def _judge(self, taken: Taken, answer: dict[str, Any], outcome: Outcome) -> None:
        """Sorts one record by its answer."""
        result = answer.get("result")
        if result == "Dropped":
            outcome.dropped.append(taken)
            return
        if result == "ProcessingFailed":
            outcome.failures.append(self._failure(taken, _FAILED_STATUS))
            return
        try:
            data = base64.b64decode(answer["data"], validate=True)
            keys = tuple(sorted(answer.get("metadata", {}).get("partitionKeys", {}).items()))
        except (KeyError, TypeError, ValueError, AttributeError):
            result = None
        if result != "Ok":
            outcome.failures.append(self._failure(taken, _MALFORMED))
        elif not keys:
            code, message = _NO_PARTITION
            outcome.failures.append(Failure(taken, PROCESSING, code, message, data))
        else:
            outcome.rows.append(Row(taken, data, keys))

    def _failure(self, taken: Taken, why: tuple[str, str], attempts: int = 1) -> Failure:
        return Failure(taken, PROCESSING, *why, taken.record.data, attempts, self._function)


def _record_id(taken: Taken) -> str:
    return f"{taken.shard_id}{taken.record.sequence_number}000000"


def _event(by_id: dict[str, Taken]) -> dict[str, Any]:
    """The payload of a call, passed through JSON as it would be on the wire."""
    records = []
    for record_id, (shard_id, record) in by_id.items():
        at_ms = round(record.arrived_at * 1000)
        metadata = {
            "shardId": shard_id,
            "partitionKey": record.partition_key,
            "approximateArrivalTimestamp": at_ms,
            "sequenceNumber": record.sequence_number,
            "subsequenceNumber": "0",
        }
        records.append(
            {
                "recordId": record_id,
                "approximateArrivalTimestamp": at_ms,
                "data": base64.b64encode(record.data).decode(),
                "kinesisRecordMetadata": metadata,
            }
        )
    event = {"invocationId": str(uuid.uuid4()), "region": "us-east-1", "records": records}
    return dict(json.loads(json.dumps(event)))
