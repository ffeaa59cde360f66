"""A delivery stream on its Kinesis stream: reads the shards and delivers.

Belongs here: the loop, and what it reports. What becomes of records belongs in `delivery`.
"""

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.firehose.delivery import Delivery
from infra.local.firehose.records import Taken
from infra.local.mappings.checkpoints import Checkpoints
from infra.local.mappings.shards import Shard, list_shards
from infra.local.state import write_json

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

logger = logging.getLogger(__name__)

IDLE_S = 0.2
DISCOVER_S = 5.0
_FAULT_PAUSE_S = 1.0


class Runner:
    """Reads one Kinesis stream for one delivery stream until it is stopped.

    It begins with the oldest records the stream has. AWS's begins with those that come after its
    creation; here a state may have been run with the other profile before, and what that had not
    archived must not be lost.

    Args:
        kinesis: Kinesis.
        stream: The Kinesis stream.
        delivery: What takes the records.
        checkpoints: How far each shard is delivered.
        status_path: Where the runner reports.
    """

    def __init__(
        self,
        kinesis: "KinesisClient",
        stream: str,
        delivery: Delivery,
        checkpoints: Checkpoints,
        status_path: Path,
    ) -> None:
        self._kinesis = kinesis
        self._stream = stream
        self._delivery = delivery
        self._checkpoints = checkpoints
        self._status_path = status_path
        self._shards: dict[str, Shard] = {}
        self._status: dict[str, dict[str, Any]] = {}
        self._ended: set[str] = set()
        self._discovered = -DISCOVER_S
        self._is_blocked = False
        self._stop = threading.Event()

    def stop(self) -> None:
        """Delivers what is taken, then ends."""
        self._stop.set()

    def run(self) -> None:
        """Reads and delivers until stopped, then delivers what is left, unless that fails."""
        while not self._stop.is_set():
            found = self._turn()
            self._stop.wait(0 if found else IDLE_S)
        self._delivery.deliver(time.monotonic(), at_once=True)
        self._write_status()

    def _turn(self) -> int:
        """Reads every shard once; returns how many records there were."""
        now, found = time.monotonic(), 0
        if now - self._discovered >= DISCOVER_S:
            self._discovered = now
            self._discover()
        if not self._is_blocked:  # what cannot be written would only pile up
            found = sum(self._read(shard) for shard in self._shards.values())
        self._is_blocked = not self._delivery.deliver(time.monotonic())
        if self._is_blocked:
            self._stop.wait(_FAULT_PAUSE_S)
        self._write_status()
        return found

    def _discover(self) -> None:
        try:
            shard_ids = list_shards(self._kinesis, self._stream)
        except (ClientError, BotoCoreError):
            logger.exception("cannot list the shards of %s; trying again", self._stream)
            return
        for shard_id in shard_ids:
            if shard_id not in self._shards:
                after = self._checkpoints.get(shard_id)
                self._shards[shard_id] = Shard(self._kinesis, self._stream, shard_id, after)
                self._status[shard_id] = {"behind_ms": 0, "waiting": 0, "records": 0}

    def _read(self, shard: Shard) -> int:
        if shard.shard_id in self._ended:
            return 0
        try:
            reading = shard.read()
        except (ClientError, BotoCoreError):
            logger.exception("cannot read %s; trying again", shard.shard_id)
            self._stop.wait(_FAULT_PAUSE_S)
            return 0
        taken = [Taken(shard.shard_id, record) for record in reading.records]
        self._delivery.take(taken, time.monotonic())
        if reading.ended:
            self._ended.add(shard.shard_id)
        status = self._status[shard.shard_id]
        status["behind_ms"] = reading.behind_ms
        status["records"] += len(taken)
        return len(taken)

    def _write_status(self) -> None:
        shards = {}
        for shard_id, status in self._status.items():
            waiting, oldest = self._delivery.waiting(shard_id)
            shards[shard_id] = {
                **status,
                "waiting": waiting,
                "oldest": oldest,
                "records": status["records"] - waiting,
            }
        write_json(self._status_path, {"at": time.time(), "shards": shards})
