"""Which faults there are, and a timetable of them drawn from a seed.

Belongs here: the faults as plain values, each with what it is meant to break, and when each begins
and ends. Pure; switching them on and off belongs in `faults`.

A retryable error is tried again inside a call (DynamoDB ten times, others five), so it mostly makes
calls slow. `AccessDenied` is not retried: it fails the invocation at once, and when it stays for
longer than the six tries of a single record (about 8 s with the bisection before), batches are
given up.
"""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

Rule = dict[str, Any]
Odds = dict[str, dict[str, float]]


class Fault(NamedTuple):
    """Something that goes wrong for a while.

    Attributes:
        name: What the report calls it.
        seconds: For how long.
        rules: What microburst does meanwhile.
        odds: What the lossy proxy does meanwhile.
    """

    name: str
    seconds: float
    rules: tuple[Rule, ...] = ()
    odds: Odds = {}  # noqa: RUF012 - a NamedTuple's default, never changed


class Moment(NamedTuple):
    """A fault's beginning, or a single act: `kill`, `split` or `merge` of `what`."""

    at_s: float
    act: str
    what: str
    fault: Fault | None = None


def _error(service: str, code: str, probability: float = 1, **more: Any) -> Rule:
    return {"service": service, "probability": probability, "error": {"code": code}, **more}


def _refused(service: str, **more: Any) -> Rule:
    code = "AccessDenied" if service in {"s3", "sns"} else "AccessDeniedException"
    status = 403 if service in {"s3", "sns"} else 400
    return {"service": service, "error": {"code": code, "status": status}, **more}


def _writes_to(table: str) -> Rule:
    """A rule's condition: some statement of a batch writes to a table."""
    found = f"length(Statements[?contains(Statement, '-{table}')]) > `0`"
    return {"operation": "BatchExecuteStatement", "body": found}


# Always on, so that hardly an invocation of any length sees none of it.
ALWAYS = Fault(
    "now and then",
    0,
    (
        _error("dynamodb", "ProvisionedThroughputExceededException", 0.02),
        _error("dynamodb", "InternalServerError", 0.01),
        {"service": "*", "probability": 0.003, "reset": True},
        {"service": "dynamodb", "probability": 0.02, "latency": {"min": 50, "max": 400}},
    ),
    {
        "dynamodb": {"lost": 0.01, "half": 0.01},
        "s3": {"lost": 0.02},
        "sns": {"lost": 0.02, "half": 0.02},
        "kinesis": {"lost": 0.01, "half": 0.005},
    },
)

# Faults of one track follow one another; the tracks run side by side.
TRACKS: tuple[tuple[Fault, ...], ...] = (
    (
        Fault("statements throttled one by one", 5, odds={"dynamodb": {"half": 0.6}}),
        Fault("DynamoDB answers lost", 5, odds={"dynamodb": {"lost": 0.5}}),
        Fault("half done and lost", 4, odds={"dynamodb": {"lost": 0.3, "half": 0.3}}),
        Fault("DynamoDB throttles", 4, (_error("dynamodb", "ThrottlingException", 0.7),)),
        Fault("DynamoDB fails", 4, (_error("dynamodb", "InternalServerError", 0.7),)),
        Fault("DynamoDB refuses", 5, (_refused("dynamodb"),)),
        Fault("sessions refused", 14, (_refused("dynamodb", **_writes_to("session-metrics")),)),
        Fault("pages refused", 14, (_refused("dynamodb", **_writes_to("page-metrics")),)),
    ),
    (
        Fault("S3 slows down", 6, (_error("s3", "SlowDown", 0.8),)),
        Fault("S3 answers lost", 6, odds={"s3": {"lost": 0.6}}),
        Fault("S3 refuses", 15, (_refused("s3"),)),
        Fault("S3 and SQS refuse", 14, (_refused("s3"), _refused("sqs"))),
    ),
    (
        Fault("SNS answers lost", 5, odds={"sns": {"lost": 0.7}}),
        Fault("alerts refused one by one", 5, odds={"sns": {"half": 0.5}}),
        Fault("SNS fails", 5, (_error("sns", "InternalError", 0.8),)),
        Fault("SNS refuses", 13, (_refused("sns"),)),
        Fault("alerts not written", 12, (_refused("dynamodb", **_writes_to("alerts")),)),
        Fault(
            "detector log not written", 12, (_refused("dynamodb", **_writes_to("detector-log")),)
        ),
        Fault(
            "stream reads throttled",
            5,
            (_error("kinesis", "ProvisionedThroughputExceededException", 0.6),),
        ),
        Fault("connections reset", 4, ({"service": "*", "probability": 0.2, "reset": True},)),
    ),
)
SHORTEST_S = 75.0  # in which every fault comes once
_LONGEST = 1.5  # times as long in a longer soak: there batches are larger, and take longer to fail
_FIRST_S = 3.0  # within which each track begins
_SHORTEST_PAUSE_S = 1.0
_SECONDS_PER_KILL = 15.0
_KILLED = ("aggregator", "anomaly_detector", "event_processor")
SPLIT_AT, MERGE_AT = 0.4, 0.7


def timetable(seed: int, seconds: float) -> list[Moment]:
    """What happens when, in the order of time.

    Every fault of every track comes once before one comes again, in an order and with pauses drawn
    from the seed, as far as the time allows.

    Args:
        seed: What the draw follows from.
        seconds: When the last fault must be over.
    """
    rnd = random.Random(seed)
    longer = min(_LONGEST, max(1.0, seconds / SHORTEST_S))
    tracks = [[f._replace(seconds=longer * f.seconds) for f in track] for track in TRACKS]
    moments = [
        Moment(at, "begin", f.name, f) for track in tracks for at, f in _filled(rnd, track, seconds)
    ]
    for number in range(max(4, round(seconds / _SECONDS_PER_KILL))):
        what = _KILLED[number % len(_KILLED)] if number % 5 < 4 else "collector"
        moments.append(Moment(rnd.uniform(0.08, 0.95) * seconds, "kill", what))
    moments.append(Moment(SPLIT_AT * seconds, "split", "shard"))
    moments.append(Moment(MERGE_AT * seconds, "merge", "shards"))
    return sorted(moments, key=lambda moment: moment.at_s)


def _filled(
    rnd: random.Random, track: list[Fault], seconds: float
) -> Iterator[tuple[float, Fault]]:
    """A track's faults with their beginnings, as many as fit."""
    needed = sum(fault.seconds for fault in track)
    slack = max(0.0, seconds - needed - _FIRST_S) / len(track) - _SHORTEST_PAUSE_S
    at = rnd.uniform(0, _FIRST_S)
    while True:
        for fault in rnd.sample(track, len(track)):
            if at + fault.seconds > seconds:
                return
            yield at, fault
            at += fault.seconds + _SHORTEST_PAUSE_S + rnd.uniform(0, max(0.0, slack))
