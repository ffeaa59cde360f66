"""An event source mapping: polls a stream's shards and invokes one function.

Belongs here: the threads that poll, one for each shard, and what they report. Batching and failure
handling belong in `batching` and `delivery`.
"""

import json
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.endpoints import ACCOUNT, REGION
from infra.local.mappings.batching import Batcher, Record
from infra.local.mappings.checkpoints import Checkpoints
from infra.local.mappings.delivery import Delivery, Policy
from infra.local.mappings.invocation import Context, Handler, kinesis_event
from infra.local.mappings.shards import Shard, list_shards
from infra.local.state import write_json
from infra.resource_types import Function, Mapping

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_sqs import SQSClient

logger = logging.getLogger(__name__)

IDLE_S = 0.2
DISCOVER_S = 5.0
STATUS_S = 0.5


class MappingError(RuntimeError):
    """A mapping cannot go on in this process."""


class Runner:
    """Runs one function's mapping until it is stopped."""

    def __init__(
        self,
        function: Function,
        mapping: Mapping,
        stream: str,
        handler: Handler,
        *,
        kinesis: "KinesisClient",
        sqs: "SQSClient",
        folder: Path,
    ) -> None:
        self._function = function
        self._mapping = mapping
        self._stream = stream
        self._handler = handler
        self._kinesis = kinesis
        self._sqs = sqs
        self._checkpoints = Checkpoints(folder / f"{function.package}.checkpoints.json")
        self._status_path = folder / f"{function.package}.status.json"
        self._status: dict[str, dict[str, Any]] = {}
        self._stop = threading.Event()
        self._ended: set[str] = set()
        self._failed: list[str] = []

    def stop(self) -> None:
        """Finishes the batches under way, then ends."""
        self._stop.set()

    def run(self) -> None:
        """Polls every shard, new ones included, until stopped.

        Raises:
            MappingError: If a shard's thread ended on an error. The process should be started
                anew; it goes on from its checkpoints.
        """
        threads: dict[str, threading.Thread] = {}
        discovered = -DISCOVER_S
        while not self._stop.is_set():
            if time.monotonic() - discovered >= DISCOVER_S:
                discovered = time.monotonic()
                for shard_id, parents in self._shards().items():
                    if shard_id not in threads and self._ended.issuperset(parents):
                        self._status[shard_id] = {"behind_ms": 0, "waiting": 0, "records": 0}
                        threads[shard_id] = threading.Thread(target=self._guarded, args=(shard_id,))
                        threads[shard_id].start()
            self._write_status()
            self._stop.wait(STATUS_S)
        for thread in threads.values():
            thread.join()
        self._write_status()
        if self._failed:
            raise MappingError(f"gave up on {', '.join(self._failed)}; see the log above")

    def _write_status(self) -> None:
        shards = {name: dict(status) for name, status in self._status.items()}
        write_json(self._status_path, {"at": time.time(), "shards": shards})

    def _shards(self) -> dict[str, list[str]]:
        try:
            return list_shards(self._kinesis, self._stream)
        except (ClientError, BotoCoreError):
            logger.exception("cannot list the shards of %s; trying again", self._stream)
            return {}

    def _guarded(self, shard_id: str) -> None:
        """Polls a shard; an error nobody expected ends the process instead of only this thread."""
        try:
            self._poll(shard_id)
        except Exception:
            logger.exception("the poller of %s ended", shard_id)
            self._failed.append(shard_id)
            self._stop.set()

    def _poll(self, shard_id: str) -> None:
        """Reads one shard to its end, or until stopped; then delivers what it had gathered."""
        shard = Shard(self._kinesis, self._stream, shard_id, self._checkpoints.get(shard_id))
        batcher = Batcher(self._mapping.batch_size, self._mapping.window_s)
        delivery = self._delivery(shard_id)
        status = self._status[shard_id]
        ended = False
        while not self._stop.is_set() and not (ended and not len(batcher)):
            found = 0
            if batcher.has_room and not ended:
                try:
                    reading = shard.read()
                except (ClientError, BotoCoreError):
                    logger.exception("cannot read %s; trying again", shard_id)
                    self._stop.wait(1)
                    continue
                batcher.add(reading.records, time.monotonic())
                found, ended = len(reading.records), reading.ended
                status["behind_ms"] = reading.behind_ms
            status.update(waiting=len(batcher), oldest=batcher.oldest)
            batch = batcher.take(time.monotonic(), at_once=ended)
            if batch and not self._process(shard_id, delivery, batch):
                return
            if not batch and not found:
                self._stop.wait(IDLE_S)
        while batch := batcher.take(time.monotonic(), at_once=True):
            if not self._process(shard_id, delivery, batch):
                return
        if ended:
            self._ended.add(shard_id)

    def _process(self, shard_id: str, delivery: Delivery, batch: list[Record]) -> bool:
        """Delivers a batch; False when it was stopped before."""
        status = self._status[shard_id]
        status["waiting"] += len(batch)
        status["oldest"] = batch[0].arrived_at
        if not delivery.deliver(batch):
            return False
        status["records"] += len(batch)
        status["waiting"] -= len(batch)
        return True

    def _delivery(self, shard_id: str) -> Delivery:
        arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{self._stream}"

        def invoke(records: list[Record]) -> dict[str, Any] | None:
            event = kinesis_event(records, shard_id, arn)
            return self._handler(event, Context.of(self._function))

        def give_up(records: list[Record], reason: str, tries: int) -> None:
            self._send_to_failures(shard_id, arn, records, reason, tries)

        def settle(record: Record) -> None:
            self._checkpoints.set(shard_id, record.sequence_number)

        policy = Policy.of(self._mapping)
        return Delivery(invoke, give_up, settle, policy, stopping=self._stop.is_set)

    def _send_to_failures(
        self, shard_id: str, arn: str, records: list[Record], reason: str, tries: int
    ) -> None:
        """Tells the on-failure queue where the records are; like AWS, without their payload."""
        message = {
            "requestContext": {
                "functionArn": self._function.name,
                "condition": reason,
                "approximateInvokeCount": tries,
            },
            "version": "1.0",
            "KinesisBatchInfo": {
                "shardId": shard_id,
                "startSequenceNumber": records[0].sequence_number,
                "endSequenceNumber": records[-1].sequence_number,
                "batchSize": len(records),
                "streamArn": arn,
            },
        }
        logger.error("%s gave up %d records: %s", self._function.name, len(records), reason)
        if self._mapping.on_failure_queue is None:
            return
        url = self._sqs.get_queue_url(QueueName=self._mapping.on_failure_queue)["QueueUrl"]
        self._sqs.send_message(QueueUrl=url, MessageBody=json.dumps(message))
