"""How the stream functions run at a load: their batches, how long one takes, how many they manage.

Belongs here: shards, batches and durations. What they cost belongs in `model`, what a batch holds
in `traffic`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from infra.cost.inputs import Asked, Measurements
from infra.cost.load import CostError, Load
from infra.cost.traffic import Contents
from infra.resource_types import Function
from infra.resource_types import Mapping as StreamMapping

SHARD_RECORDS_S = 1000
SHARD_BYTES_S = 1_000_000
SHARD_READ_BYTES_S = 2_000_000  # shared by all consumers without enhanced fan-out
POLL_S = 1.0  # Lambda asks each shard once a second
PAYLOAD_BYTES = 6_000_000  # what one invocation takes
ENVELOPE_BYTES = 600  # what Kinesis wraps around each record's base64
FULL_VCPU_MB = 1769  # memory at which Lambda gives one whole vCPU
MEMORY_STEP_MB = 64
CALL_MS = 5.0  # one call of DynamoDB, S3 or SNS, taken as typical
STEPS = 4  # in which a batch's writes go out, one after the other
PARALLEL_CALLS = 4  # within a step, of `lambdas.shared.statements` and the detector's alerts
PARALLEL = frozenset({"dynamodb:BatchExecuteStatement", "dynamodb:PutItem", "dynamodb:UpdateItem"})
ROOM = 0.8  # share of its capacity beyond which a function has no room for a retry
ARCHIVES = frozenset({"event_processor", "firehose_transform"})
_ROUNDS = 50  # halvings until a batch and the time it takes agree


@dataclass(frozen=True)
class Consumer:
    """One function at a load.

    Attributes:
        name: The function's package.
        window_s: Its window.
        holds: What its average batch holds.
        asks: What its average batch asks for.
        batches: How many there are a day, over all shards.
        duration_ms: How long one takes.
        memory_mb: What the function has.
        capacity: Events a second of one shard that it can work through, in full batches.
        enough_mb: Memory with which the shard's peak leaves `ROOM`; None if none does.
    """

    name: str
    window_s: float
    holds: Contents
    asks: Asked
    batches: float
    duration_ms: float
    memory_mb: int
    capacity: float
    enough_mb: int | None


def shards_for(load: Load, record_bytes: float, consumers: int) -> int:
    """The stream's shards: those asked for, or as many as the peak needs.

    The peak is met by records, by bytes in, and by bytes read by all consumers.

    Raises:
        CostError: If fewer are asked for than are needed.
    """
    records = load.events_per_s * load.peak_factor
    size = records * record_bytes
    by_reading = size * consumers / SHARD_READ_BYTES_S
    needed = max(1, math.ceil(max(records / SHARD_RECORDS_S, size / SHARD_BYTES_S, by_reading)))
    if load.shards is None:
        return needed
    if load.shards < needed:
        raise CostError(
            f"--shards is {load.shards}: this load needs {needed:,} at {load.peak_factor:g} times "
            "its mean; give more, or a smaller --peak-factor"
        )
    return load.shards


def mapping_at(function: Function, load: Load) -> StreamMapping:
    """A function's mapping with the load's window and batch size, if it is a real-time one.

    Raises:
        KeyError: If the function reads no stream.
    """
    mapping = function.mapping
    if mapping is None:
        raise KeyError(f"{function.name} reads no stream")
    if function.package in ARCHIVES:  # the archive keeps its own window
        return mapping
    window = mapping.window_s if load.window_s is None else load.window_s
    return StreamMapping(load.batch_size or mapping.batch_size, window)


def consumer_at(
    function: Function, load: Load, shards: int, measurements: Measurements
) -> Consumer:
    """How one function runs at a load.

    A batch holds what comes while the window is open and while the batch before is worked on: the
    next window opens when that is done ("Event source mapping: batching behavior" in Lambda's
    developer guide). It is at most the batch size, and at most 6 MB.
    """
    mapping, needs = mapping_at(function, load), measurements.functions[function.package]
    most = full_batch(mapping, measurements.record_bytes)
    rate = load.events_per_s / shards

    def held(seconds: float) -> Contents:
        return load.traffic.batch(rate, seconds, most)

    def took_ms(holds: Contents) -> float:
        return duration_ms(needs.of(holds), function.memory_mb)

    window_s = max(mapping.window_s, POLL_S)
    holds = held(_cycle_s(window_s, most / rate, lambda cycle_s: took_ms(held(cycle_s)) / 1000))
    peak = rate * load.peak_factor
    full = needs.of(load.traffic.batch(peak, most / peak, most))
    return Consumer(
        name=function.package,
        window_s=mapping.window_s,
        holds=holds,
        asks=needs.of(holds),
        batches=load.events_per_day / holds.events,
        duration_ms=took_ms(holds),
        memory_mb=function.memory_mb,
        capacity=most / duration_ms(full, function.memory_mb) * 1000,
        enough_mb=memory_for(full, ROOM * most / peak * 1000),
    )


def _cycle_s(window_s: float, full_s: float, took_s: Callable[[float], float]) -> float:
    """How long a batch gathers: the window, and as long as such a batch takes.

    Args:
        window_s: The window.
        full_s: When a batch is full.
        took_s: How long a batch takes that gathered for some seconds.
    """
    low, high = window_s, max(window_s, full_s)
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if middle < window_s + took_s(middle):
            low = middle
        else:
            high = middle
    return high


def full_batch(mapping: StreamMapping, record_bytes: float) -> float:
    """The most events in a batch: the mapping's batch size, or what 6 MB hold."""
    return min(mapping.batch_size, PAYLOAD_BYTES / (record_bytes * 4 / 3 + ENVELOPE_BYTES))


def duration_ms(asks: Asked, memory_mb: int) -> float:
    """Time of one invocation: its CPU on the share of a vCPU its memory buys, and its calls.

    A millisecond is the least that is billed.
    """
    return max(1.0, asks.cpu_ms / min(1.0, memory_mb / FULL_VCPU_MB) + waiting_ms(asks))


def waiting_ms(asks: Asked) -> float:
    """Time spent waiting for calls: writes go out several at a time, all others one by one."""
    writes = sum(count for name, count in asks.calls.items() if name in PARALLEL)
    others = sum(asks.calls.values()) - writes
    return CALL_MS * (others + min(writes, STEPS) + max(0.0, writes - STEPS) / PARALLEL_CALLS)


def memory_for(asks: Asked, within_ms: float) -> int | None:
    """The memory with which a batch takes no longer than this; None if no memory is enough."""
    left_ms = within_ms - waiting_ms(asks)
    if left_ms < asks.cpu_ms:
        return None
    share = asks.cpu_ms / left_ms
    return max(
        2 * MEMORY_STEP_MB, math.ceil(share * FULL_VCPU_MB / MEMORY_STEP_MB) * MEMORY_STEP_MB
    )
