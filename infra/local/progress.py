"""How far the functions have come.

Belongs here: reading what the mapping runners report.
"""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

from infra.local.mappings.shards import Shard, list_shards


class Lag(NamedTuple):
    """How one function keeps up.

    Attributes:
        function: Its package.
        records: Records done since its runner started.
        waiting: Records read but not done yet.
        behind_ms: The age of the oldest record that is not done yet.
        age_s: How old this report is.
    """

    function: str
    records: int
    waiting: int
    behind_ms: int
    age_s: float


def lag_of(folder: Path, function: str) -> Lag | None:
    """What a function's runner reported last, or None before its first report."""
    path = folder / f"{function}.status.json"
    if not path.exists():
        return None
    report = json.loads(path.read_text())
    shards, at = list(report["shards"].values()), report["at"]
    return Lag(
        function,
        sum(shard["records"] for shard in shards),
        sum(shard["waiting"] for shard in shards),
        max((_behind_ms(shard, at) for shard in shards), default=0),
        time.time() - at,
    )


def _behind_ms(shard: dict[str, Any], at: float) -> int:
    oldest: float | None = shard.get("oldest") if shard["waiting"] else None
    waited_ms = 0 if oldest is None else round(1000 * (at - oldest))
    return max(int(shard["behind_ms"]), waited_ms)


def checkpoints_of(folder: Path, function: str) -> dict[str, str]:
    """The last sequence number a function has done of each shard."""
    path = folder / f"{function}.checkpoints.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


class StreamEnd(NamedTuple):
    """What is on the stream: the last sequence number of each shard, and all records."""

    last: dict[str, str]
    records: int


def stream_end(kinesis: "KinesisClient", stream: str) -> StreamEnd:
    """Reads the stream from end to end: the independent count of what was accepted."""
    last: dict[str, str] = {}
    records = 0
    for shard_id in list_shards(kinesis, stream):
        shard = Shard(kinesis, stream, shard_id, after=None)
        while True:
            reading = shard.read()
            records += len(reading.records)
            if reading.records:
                last[shard_id] = reading.records[-1].sequence_number
            if reading.ended or not (reading.records or reading.behind_ms):
                break
    return StreamEnd(last, records)


def is_drained(folder: Path, function: str, end: StreamEnd) -> bool:
    """Whether a function has done everything up to the given end of the stream."""
    done = checkpoints_of(folder, function)
    return all(int(done.get(shard, "0")) >= int(number) for shard, number in end.last.items())
