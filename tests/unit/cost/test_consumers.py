"""Shards, batches and durations, with invented needs."""

from dataclasses import replace

import pytest

from infra.cost.consumers import consumer_at, duration_ms, mapping_at, memory_for, shards_for
from infra.cost.inputs import Asked, Measurements
from infra.cost.load import CostError, Load
from infra.resource_types import Mapping
from infra.topology import build_topology
from tests.unit.cost.conftest import needs

TOPOLOGY = build_topology()
AGGREGATOR = replace(
    TOPOLOGY.function("aggregator"), memory_mb=256, mapping=Mapping(batch_size=1000, window_s=1)
)
DAY = 86_400


def asked(cpu_ms: float, calls: dict[str, float] | None = None) -> Asked:
    return Asked(cpu_ms, calls or {}, {}, {}, 0, 0)


def working(cpu_ms: dict[str, float]) -> Measurements:
    return Measurements("2026-11-23", 400, 600, {"aggregator": needs(cpu_ms=cpu_ms)})


@pytest.mark.parametrize(
    ("events_per_s", "record_bytes", "consumers", "peak", "shards"),
    [
        (1, 400, 3, 1, 1),
        (1000, 400, 3, 1, 1),
        (1001, 400, 3, 1, 2),
        (1000, 400, 3, 2, 2),
        (1000, 1500, 1, 1, 2),  # 1.5 MB/s in
        (1000, 900, 3, 1, 2),  # 2.7 MB/s out: three consumers share what a shard gives
    ],
)
def test_shards(
    events_per_s: float, record_bytes: float, consumers: int, peak: float, shards: int
) -> None:
    load = Load(events_per_s * DAY, peak_factor=peak)
    assert shards_for(load, record_bytes, consumers) == shards


def test_more_shards_may_be_asked_for_but_not_fewer() -> None:
    assert shards_for(Load(DAY, shards=2), 400, 3) == 2
    with pytest.raises(CostError, match="--shards is 1: this load needs 4 at 2 times"):
        shards_for(Load(2000 * DAY, shards=1), 400, 3)


def test_a_batch_is_what_the_window_gathers(measurements: Measurements) -> None:
    found = consumer_at(AGGREGATOR, Load(10 * DAY, window_s=60), 1, measurements)
    assert found.holds.events == pytest.approx(600, rel=1e-4)
    assert found.batches == pytest.approx(DAY / 60, rel=1e-4)


def test_a_batch_is_shared_out_among_shards(measurements: Measurements) -> None:
    found = consumer_at(AGGREGATOR, Load(10 * DAY, window_s=60), 2, measurements)
    assert found.holds.events == pytest.approx(300, rel=1e-4)


def test_a_batch_is_at_most_the_batch_size(measurements: Measurements) -> None:
    found = consumer_at(AGGREGATOR, Load(1000 * DAY, window_s=60), 1, measurements)
    assert found.holds.events == 1000


def test_a_batch_is_at_most_six_megabytes(measurements: Measurements) -> None:
    load = Load(1000 * DAY, window_s=300, batch_size=10_000)
    found = consumer_at(AGGREGATOR, load, 1, measurements)
    assert found.holds.events == pytest.approx(6_000_000 / (400 * 4 / 3 + 600))


def test_a_batch_holds_an_event_at_least(measurements: Measurements) -> None:
    """A trickle must not be billed for windows in which nothing came."""
    found = consumer_at(AGGREGATOR, Load(100, window_s=1), 1, measurements)
    assert (found.holds.events, found.batches) == pytest.approx((1, 100), rel=0.01)


def test_without_a_window_a_shard_is_still_asked_once_a_second(measurements: Measurements) -> None:
    found = consumer_at(AGGREGATOR, Load(100 * DAY, window_s=0), 1, measurements)
    assert found.holds.events == pytest.approx(100, rel=0.01)


def test_events_gather_while_the_batch_before_is_worked_on() -> None:
    """10 events/s; 256 MB buy 0.1447 of a vCPU, so 144.7 ms of CPU take one second: 20 events."""
    found = consumer_at(
        AGGREGATOR, Load(10 * DAY, window_s=1), 1, working({"batch": 1000 * 256 / 1769})
    )
    assert found.duration_ms == pytest.approx(1000)
    assert found.holds.events == pytest.approx(20)
    assert found.batches == pytest.approx(DAY / 2)


def test_a_function_that_works_longer_for_more_events_settles() -> None:
    """At half a second an event and two events/s the cycle c = 1 + 0.5 * 2c has no end."""
    each = working({"events": 500 * 256 / 1769})
    found = consumer_at(AGGREGATOR, Load(2 * DAY, window_s=1), 1, each)
    assert found.holds.events == 1000
    half = working({"events": 250 * 256 / 1769})  # c = 1 + 0.25 * 2c = 2
    settled = consumer_at(AGGREGATOR, Load(2 * DAY, window_s=1), 1, half)
    assert settled.holds.events == pytest.approx(4, rel=0.05)


def test_the_capacity_is_that_of_full_batches_and_memory_follows_from_the_peak() -> None:
    """0.5 ms CPU an event: 1,000 take 3,455 ms on 256 MB, and may take 800 ms at 1,000 a second."""
    load = Load(500 * DAY, peak_factor=2)
    found = consumer_at(AGGREGATOR, load, 1, working({"events": 0.5}))
    assert found.capacity == pytest.approx(2000 * 256 / 1769)
    assert found.enough_mb == 1152  # 0.625 of a vCPU, in steps of 64 MB


def test_the_archive_keeps_its_window() -> None:
    mapping = mapping_at(TOPOLOGY.function("event_processor"), Load(1, window_s=1, batch_size=7))
    assert (mapping.window_s, mapping.batch_size) == (60, 10_000)


def test_a_function_without_mapping_has_no_batches() -> None:
    with pytest.raises(KeyError, match="collector"):
        mapping_at(TOPOLOGY.function("collector"), Load(1))


def test_duration_is_cpu_on_a_share_of_a_core_and_calls() -> None:
    """Reads go one by one; of twelve writes four steps begin and eight go four at a time."""
    batch = asked(20, {"dynamodb:BatchGetItem": 3, "dynamodb:BatchExecuteStatement": 12})
    assert duration_ms(batch, 1769 // 4) == pytest.approx(20 / (442 / 1769) + (3 + 4 + 2) * 5)
    assert duration_ms(batch, 10_000) == pytest.approx(20 + 9 * 5)


def test_a_rare_call_is_waited_for_rarely() -> None:
    assert duration_ms(asked(0, {"dynamodb:PutItem": 0.4, "sns:Publish": 0.4}), 256) == 4


def test_memory() -> None:
    assert memory_for(asked(100), 100) == 1792  # a whole vCPU, in steps of 64 MB
    assert memory_for(asked(1), 1000) == 128
    assert memory_for(asked(100, {"s3:PutObject": 1}), 100) is None
