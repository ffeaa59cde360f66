"""The events that are measured, and the invocations they come in.

Belongs here: Zipf traffic of our own, the same lines in the contract's shape, and Kinesis batches
cut from them. The documents' generator is run by `baseline`. A line is `{"t", "pk", "data"}`:
arrival in milliseconds since 1970, partition key (the session), and the record's JSON text.
"""

import base64
import bisect
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from infra.cost.traffic import SHORTEST_GAP_S, TYPES, Traffic, page_weights
from lambdas.shared.codec import decode_json, encode
from lambdas.shared.normalisation import normalise

SHARD = "shardId-000000000000"
SHARD_RATE = 1000  # records a second that one shard takes
START_MS = 1_751_518_770_000  # 2025-07-03T04:59:30Z, so that batches cross an hour
_SEQUENCE_PREFIX = "4959033827149025660855969253836157109592157598913658"
_WARMUP_SESSIONS = 6  # mean lengths of a session: by then as many end as begin
_SPARE = 1000  # events beyond those wanted, because traffic is uneven
_BROWSERS = ("Chrome/{0}.0.0.0 Safari/537.36", "Firefox/{0}.0", "Version/{0}.1 Safari/605.1.15")
_SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "Linux; Android 14; Pixel 7",
    "iPhone; CPU iPhone OS 17_5 like Mac OS X",
)
_BOT = "Mozilla/5.0 (compatible; ExampleBot/2.1; +http://example.com/bot.html)"
_BOT_SHARE = 0.005


class Line(NamedTuple):
    """One event on its way to the stream."""

    t: float
    pk: str
    data: str


def read_lines(path: Path) -> list[Line]:
    """Reads a file of lines."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    return [Line(**decoder.decode(line)) for line in path.read_bytes().splitlines()]


def write_lines(path: Path, lines: list[Line]) -> None:
    """Writes a file of lines."""
    path.write_bytes(b"\n".join(msgspec.json.encode(line._asdict()) for line in lines) + b"\n")


class Law(NamedTuple):
    """What sessions are drawn from."""

    traffic: Traffic
    pages: list[float]

    def events(self, rnd: random.Random) -> int:
        """Events of a session: geometric, one at least."""
        return 1 + int(rnd.expovariate(1 / (self.traffic.events_per_session - 0.5)))

    def gap_ms(self, rnd: random.Random) -> float:
        """Milliseconds from one event of a session to its next."""
        rest_ms = (self.traffic.gap_s - SHORTEST_GAP_S) * 1000
        return SHORTEST_GAP_S * 1000 + rnd.expovariate(1 / rest_ms)


def full_shard(events: int, seed: int = 2, start_ms: int = START_MS) -> list[Line]:
    """Steady traffic of one full shard: the most distinct sessions a second can hold."""
    return steady_traffic(events, SHARD_RATE, seed=seed, start_ms=start_ms)


def steady_traffic(
    events: int,
    rate: float,
    traffic: Traffic | None = None,
    *,
    seed: int = 2,
    start_ms: int = START_MS,
) -> list[Line]:
    """Traffic of one shard in which as many sessions begin as end.

    The shape is that of the documents' bench (Zipf pages, exponential gaps and session lengths);
    how many sessions go on at the same time follows from the rate.

    Args:
        events: How many.
        rate: Events a second, over all sessions.
        traffic: Lengths of sessions and gaps, if not the usual ones.
        seed: The same seed makes the same events.
        start_ms: Arrival of the first, about, in milliseconds since 1970.
    """
    rnd, law = random.Random(seed), Law(traffic or Traffic(), page_weights())
    agents = [
        f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) {browser.format(version)}"
        for system in _SYSTEMS
        for browser in _BROWSERS
        for version in range(100, 120)
    ]
    length_ms = 1000 * law.traffic.events_per_session * law.traffic.gap_s
    until = (events * 1.1 + _SPARE) * 1000 / rate
    lines: list[Line] = []
    arrival = -_WARMUP_SESSIONS * length_ms
    while arrival < until:
        arrival += rnd.expovariate(rate / law.traffic.events_per_session / 1000)
        agent = _BOT if rnd.random() < _BOT_SHARE else rnd.choice(agents)
        lines += _session(rnd, arrival, agent, law, start_ms)
    lines.sort()
    return lines[:events]


def _session(
    rnd: random.Random, start: float, agent: str, law: Law, zero_ms: int
) -> Iterator[Line]:
    """The events of one session after time zero."""
    name = f"session_{rnd.getrandbits(64):016x}"
    fixed = {
        "session_id": name,
        "user_id": f"user_{rnd.randrange(1_000_000)}",
        "user_agent": agent,
        "ip_address": ".".join(str(rnd.randrange(1, 223)) for _ in range(4)),
    }
    for _ in range(law.events(rnd)):
        page = bisect.bisect_left(law.pages, rnd.random() * law.pages[-1])
        kind = rnd.random()
        event = {
            "event_type": _type_of(kind),
            **fixed,
            "timestamp": _iso(zero_ms + start),
            "page_url": ("/home", "/checkout")[page] if page < 2 else f"/product/{page}-item",
            "referrer": "https://www.google.com/search?q=shop" if rnd.random() < 0.5 else None,
        }
        if start >= 0:
            yield Line(zero_ms + start, name, msgspec.json.encode(event).decode())
        start += law.gap_ms(rnd)


def _type_of(draw: float) -> str:
    """The event type that a number from 0 to 1 stands for."""
    for name, share in TYPES.items():
        draw -= share
        if draw < 0:
            return name
    return next(reversed(TYPES))


def as_collected(lines: list[Line], seed: int = 3) -> list[Line]:
    """The same events as the collector writes them: in the contract's shape, with ids."""
    rnd = random.Random(seed)
    collected = []
    for line in lines:
        received = datetime.fromtimestamp(line.t / 1000, UTC)
        event_id = str(uuid.UUID(int=rnd.getrandbits(128), version=4))
        event = normalise(decode_json(line.data), received, {"event_id": event_id})
        collected.append(Line(line.t, line.pk, encode(event).decode()))
    return collected


def invocations(lines: list[Line], batch_size: int, first: int = 0) -> Iterator[dict[str, Any]]:
    """Kinesis invocations of full batches, one shard, in order; built only when asked for."""
    for start in range(first, len(lines) - batch_size + 1, batch_size):
        yield {"Records": [_record(lines[i], i) for i in range(start, start + batch_size)]}


def as_called_by_firehose(invocation: dict[str, Any]) -> dict[str, Any]:
    """The same records as Firehose hands them to its function."""
    records = []
    for one in invocation["Records"]:
        kinesis = one["kinesis"]
        at_ms = round(kinesis["approximateArrivalTimestamp"] * 1000)
        metadata = {
            "shardId": SHARD,
            "partitionKey": kinesis["partitionKey"],
            "approximateArrivalTimestamp": at_ms,
            "sequenceNumber": kinesis["sequenceNumber"],
            "subsequenceNumber": "0",
        }
        records.append(
            {
                "recordId": f"{SHARD}{kinesis['sequenceNumber']}000000",
                "approximateArrivalTimestamp": at_ms,
                "data": kinesis["data"],
                "kinesisRecordMetadata": metadata,
            }
        )
    return {"invocationId": "1", "region": "us-east-1", "records": records}


def _record(line: Line, position: int) -> dict[str, Any]:
    sequence = f"{_SEQUENCE_PREFIX}{10_000 + position:08d}"
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": line.pk,
            "sequenceNumber": sequence,
            "data": base64.b64encode(line.data.encode()).decode(),
            "approximateArrivalTimestamp": line.t / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:{sequence}",
        "eventName": "aws:kinesis:record",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/clickstream-events",
    }


def _iso(milliseconds: float) -> str:
    instant = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
