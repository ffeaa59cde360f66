"""The embedded AWS with one thing mended: `python -m tests.soak.aws_host`.

Belongs here: what ministack does otherwise than Kinesis in a reshard. It forgets the parents with
their records; Kinesis closes them, and whoever was behind reads them to their end. Everything else
belongs in `infra.local.aws_host`, which this runs.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import kinesis

from infra.local import aws_host

CLOSED = "closed"

_shard_out = kinesis._shard_out
_route_to_shard = kinesis._route_to_shard
_get_records = kinesis._get_records

Answer = tuple[int, dict[str, str], Any]
Reshard = Callable[[dict[str, Any]], Answer]


def keeping_parents(reshard: Reshard) -> Reshard:
    """A reshard that keeps the parents, closed."""

    def keeping(data: dict[str, Any]) -> Answer:
        _, stream = kinesis._resolve_stream(data)
        before = dict(stream["shards"]) if stream else {}
        answer = reshard(data)
        if answer[0] == 200:
            for name in before.keys() - stream["shards"].keys():
                stream["shards"][name] = {**before[name], CLOSED: True}
        return answer

    return keeping


def shard_out(shard_id: str, shard: dict[str, Any]) -> dict[str, Any]:
    """A shard as it is listed; a closed one says where it ends."""
    listed: dict[str, Any] = _shard_out(shard_id, shard)
    if CLOSED in shard:
        numbers = [record["SequenceNumber"] for record in shard["records"][-1:]]
        end = (numbers or [shard["starting_sequence_number"]])[0]
        listed["SequenceNumberRange"]["EndingSequenceNumber"] = end
    return listed


def route_to_shard(hash_key: int, stream: dict[str, Any]) -> str:
    """The open shard of a hash key."""
    still_open = {name: shard for name, shard in stream["shards"].items() if CLOSED not in shard}
    return str(_route_to_shard(hash_key, {**stream, "shards": still_open}))


def get_records(data: dict[str, Any]) -> Answer:
    """Reads on; a closed shard that is wholly read has no next iterator."""
    place = kinesis._shard_iterators.get(data.get("ShardIterator"))
    status, headers, body = _get_records(data)
    if status != 200 or CLOSED not in (shard := _shard_of(place)):
        return status, headers, body
    answer = json.loads(body)
    if place["position"] + len(answer["Records"]) < len(shard["records"]):
        return status, headers, body
    del answer["NextShardIterator"]
    return status, headers, json.dumps(answer).encode()


def _shard_of(place: dict[str, Any]) -> dict[str, Any]:
    shard: dict[str, Any] = kinesis._streams.get(place["stream"])["shards"][place["shard_id"]]
    return shard


def main() -> None:
    """Serves until SIGTERM."""
    kinesis._split_shard = keeping_parents(kinesis._split_shard)
    kinesis._merge_shards = keeping_parents(kinesis._merge_shards)
    kinesis._shard_out = shard_out
    kinesis._route_to_shard = route_to_shard
    kinesis._get_records = get_records
    aws_host.main()


if __name__ == "__main__":
    main()
