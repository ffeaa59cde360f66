"""What batches that were given up have left behind, found out and stored.

Belongs here: reading the records, the fences and the sessions of a batch that was given up, before
later batches change them. When that is due belongs in `attempts`, what it means in `past`.
"""

import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from lambdas.aggregator.keys import Key, keys_of, time_text
from lambdas.aggregator.logic import effects_of, session_key
from lambdas.aggregator.past import GivenUp, LeftBehind, Past, event_digest, traces_of
from lambdas.aggregator.session_store import session_of
from lambdas.aggregator.sessions import Session, Visit
from lambdas.aggregator.store import KEY_NAMES
from lambdas.shared.items import read_items
from lambdas.shared.limits import Limits
from lambdas.shared.sequence import padded
from lambdas.shared.shards import Shards
from lambdas.shared.statements import Item, StatementWriter, insert
from lambdas.shared.stream import Arrival, decode_batch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PACKAGE = "aggregator"
TTL_S = 15 * 24 * 3600  # a day longer than the message that says what was given up
BEHIND = "~"  # after a sequence number: sorts after it and before the next one
_LEFT = "left#"
_EVENTS = msgspec.msgpack.Decoder(dict[bytes, list[GivenUp]])
_encode = msgspec.msgpack.encode


class Remains:
    """What was left behind on one stream's shards."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        shards: Shards,
        table_prefix: str,
        limits: Limits,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._dynamodb = dynamodb
        self._shards = shards
        self._writer = StatementWriter(dynamodb)
        self._prefix = table_prefix
        self._table = f"{table_prefix}-aggregator-log"
        self._limits = limits
        self._now = now

    def on(self, shard_id: str) -> list[LeftBehind]:
        """What was left behind on a shard, the newest first."""
        paginator = self._dynamodb.get_paginator("query")
        pages = paginator.paginate(
            TableName=self._table,
            KeyConditionExpression="shard_id = :shard AND #position >= :left",
            ExpressionAttributeNames={"#position": "position"},
            ExpressionAttributeValues={":shard": {"S": shard_id}, ":left": {"S": _LEFT}},
            ConsistentRead=True,
            ScanIndexForward=False,
        )
        return [_left_of(item) for page in pages for item in page["Items"]]

    def where_they_have_been(self, arrivals: list[Arrival]) -> dict[str, list[LeftBehind]]:
        """What was left behind on the shards where redriven events have been."""
        shards = {
            shard_id
            for arrival in arrivals
            if arrival.redriven is not None
            for shard_id, _ in arrival.redriven.positions
        }
        return {shard_id: self.on(shard_id) for shard_id in shards}

    def write_down(self, shard_id: str, mark: Item, until: str) -> None:
        """Writes down what the items of a batch hold, before anything else can change them.

        Whoever does it first is right: nobody goes on before it is done. Records the stream has
        forgotten by now can not come back, so nothing is kept of them.
        """
        first, last = mark["pending"]["S"], mark["last"]["S"]
        records = self._shards.read(shard_id, mark["start"]["S"], last)
        arrivals, _ = decode_batch(records, self._limits, PACKAGE)
        given_up = [
            one for one in arrivals if first <= padded(one.event.sequence_number or "") < until
        ]
        if not given_up:  # the next part of a batch that was cut
            return
        overlapping = [left for left in self.on(shard_id) if left.first < first <= left.last]
        past = Past(overlapping, self.where_they_have_been(given_up))
        item: dict[str, dict[str, Any]] = {
            "shard_id": {"S": shard_id},
            "position": {"S": f"{_LEFT}{first}#{until}"},  # cut off here, it may be done again
            "last": {"S": last},
            "events": {"B": zlib.compress(_encode(self._counted(given_up, past)))},
            "ttl": {"N": str(int(self._now()) + TTL_S)},
        }
        self._writer.execute([insert(self._table, item)])

    def _counted(self, given_up: list[Arrival], past: Past) -> dict[bytes, list[GivenUp]]:
        """What the items of a shard hold of records that were given up, by the events' digests.

        What the attempt was to add follows from the sessions as they were, and are still where it
        did not get to them; how far it got is what the fences say.
        """
        sessions, fences = self._sessions_of(given_up), self._fences(given_up)
        visits: dict[str, Visit] = {}
        events: defaultdict[bytes, list[GivenUp]] = defaultdict(list)
        for arrival in given_up:
            sequence, name = padded(arrival.event.sequence_number or ""), session_key(arrival)
            visit = visits.setdefault(name, Visit(sessions.get(name) or Session(name)))
            is_whole = sequence <= visit.session.fence
            effects: tuple[int, ...] = ()
            if not is_whole:
                _, planned = effects_of(arrival, visit, traces_of(arrival, past))
                effects = tuple(
                    effect if fences.get(key.name, "") >= sequence else 0
                    for effect, key in zip(planned, _keys_of(arrival), strict=True)
                )
            if is_whole or any(effects):
                events[event_digest(arrival.event)].append(GivenUp(sequence, is_whole, effects))
        return events

    def _fences(self, arrivals: list[Arrival]) -> dict[str, str]:
        """Fences of the counters that some events belong to, by name, as far as they exist."""
        found = {}
        keys = {key for arrival in arrivals for key in _keys_of(arrival)}
        for table, (hash_name, range_name, _) in KEY_NAMES.items():
            wanted = {(key.partition, key.sort): key.name for key in keys if key.table == table}
            places = [{hash_name: {"S": p}, range_name: {"S": s}} for p, s in wanted]
            for item in read_items(self._dynamodb, f"{self._prefix}-{table}", places):
                name = wanted[item[hash_name]["S"], item[range_name]["S"]]
                found[name] = item["fence"]["S"]
        return found

    def _sessions_of(self, arrivals: list[Arrival]) -> dict[str, Session]:
        """The sessions of some events, by name, as far as they exist."""
        places = [{"session_id": {"S": name}} for name in {session_key(one) for one in arrivals}]
        items = read_items(self._dynamodb, f"{self._prefix}-session-metrics", places)
        return {item["session_id"]["S"]: session_of(item) for item in items}


def _keys_of(arrival: Arrival) -> list[Key]:
    event = arrival.event
    return keys_of(event, time_text(event.event_time), event.shard_id or "")


def _left_of(item: dict[str, Any]) -> LeftBehind:
    events = _EVENTS.decode(zlib.decompress(item["events"]["B"]))
    first = item["position"]["S"].split("#")[1]
    return LeftBehind(item["shard_id"]["S"], first, item["last"]["S"], events)
