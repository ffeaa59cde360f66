"""The cost model's sums, with round prices and invented measurements."""

import math

import pytest

from infra.cost import (
    Consumer,
    CostError,
    Load,
    collector_cost,
    consumer_at,
    duration_ms,
    mapping_at,
    our_cost,
    per_million,
    shards_needed,
    write_units,
)
from infra.cost_documents import documents_cost
from infra.cost_inputs import Measured, Measurements, Prices
from infra.topology import build_topology

TOPOLOGY = build_topology()
AGGREGATOR = TOPOLOGY.function("aggregator")
DAY = 86_400


def measured(size: float, **figures: object) -> Measured:
    nothing: dict[str, object] = {"cpu_ms": 0.0, "calls": {}, "units": {}, "reads": {}}
    rest = {"s3_bytes": 0.0, "log_bytes": 0.0, "metrics": 0}
    return Measured(batch_size=size, **{**nothing, **rest, **figures})


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
    assert shards_needed(load, record_bytes, consumers) == shards


def test_a_batch_is_what_the_window_gathers(measurements: Measurements) -> None:
    found = consumer_at(AGGREGATOR, Load(10 * DAY, window_s=60), 1, measurements)
    assert found.batch.batch_size == pytest.approx(600)
    assert found.batches == pytest.approx(DAY / 60)


def test_a_batch_is_shared_out_among_shards(measurements: Measurements) -> None:
    found = consumer_at(AGGREGATOR, Load(10 * DAY, window_s=60), 2, measurements)
    assert found.batch.batch_size == pytest.approx(300)


def test_a_batch_is_at_most_the_batch_size(measurements: Measurements) -> None:
    found = consumer_at(AGGREGATOR, Load(1000 * DAY, window_s=60), 1, measurements)
    assert found.batch.batch_size == 1000


def test_a_batch_is_at_most_six_megabytes(measurements: Measurements) -> None:
    load = Load(1000 * DAY, window_s=300, batch_size=10_000)
    found = consumer_at(AGGREGATOR, load, 1, measurements)
    assert found.batch.batch_size == pytest.approx(6_000_000 / (400 * 4 / 3 + 600))


def test_a_batch_holds_an_event_at_least(measurements: Measurements) -> None:
    """A trickle must not be billed for windows in which nothing came."""
    found = consumer_at(AGGREGATOR, Load(100, window_s=1), 1, measurements)
    assert (found.batch.batch_size, found.batches) == (1, 100)


def test_the_archive_keeps_its_window() -> None:
    mapping = mapping_at(TOPOLOGY.function("event_processor"), Load(1, window_s=1, batch_size=7))
    assert (mapping.window_s, mapping.batch_size) == (60, 10_000)


def test_a_function_without_mapping_has_no_batches() -> None:
    with pytest.raises(KeyError, match="collector"):
        mapping_at(TOPOLOGY.function("collector"), Load(1))


def test_duration_is_cpu_on_a_share_of_a_core_and_calls() -> None:
    batch = measured(10, cpu_ms=20.0, calls={"dynamodb:A": 9, "dynamodb:B": 1})
    # a quarter of a vCPU; three rounds of four calls, then one more
    assert duration_ms(batch, 1769 // 4) == pytest.approx(20 / (442 / 1769) + 4 * 5)
    assert duration_ms(batch, 10_000) == pytest.approx(20 + 4 * 5)


def test_how_busy_a_function_is() -> None:
    half = Consumer("f", 1, measured(1), DAY, 500, 256, shards=1)
    assert half.busy == pytest.approx(0.5)
    assert Consumer("f", 1, measured(1), DAY, 500, 256, shards=2).busy == pytest.approx(0.25)


def test_a_longer_window_touches_more_minutes() -> None:
    batch = measured(100, units={"counters": 4, "session-metrics": 90})
    found = write_units(Consumer("f", 60, batch, 10, 0, 256, 1), frozenset({"counters"}), 0)
    assert found == {"counters": 80, "session-metrics": 900}


def test_pages_are_entered_in_the_index_of_each_hour_and_shard() -> None:
    batch = measured(100, units={"counters": 1, "page-metrics": 50})
    consumer = Consumer("aggregator", 0, batch, 1000, 0, 256, shards=2)
    assert write_units(consumer, frozenset(), 5)["counters"] == 1000 + 5 * 24 * 2
    few = write_units(consumer, frozenset(), 1e9)
    assert few["counters"] == 1000 + 50_000  # no page is entered more often than it is written


def test_our_cost(measurements: Measurements, prices: Prices) -> None:
    """1,000 events a second, full batches of 1,000: a batch a second of the real-time side."""
    load = Load(1000 * DAY, window_s=1, peak_factor=1)
    dollars, consumers, written = our_cost(load, TOPOLOGY, measurements, prices)
    million = per_million(dollars, load.events_per_day)
    assert consumers[0].shards == 1
    assert written["session-metrics"] == pytest.approx(900 * DAY)
    assert million["kinesis shards"] == pytest.approx(24 / 86.4)
    assert million["kinesis puts"] == pytest.approx(2)
    minutes = 10 * (1 + 1 / 60)
    assert million["dynamodb writes"] == pytest.approx((900 + minutes) / 1000 * 10)
    assert million["dynamodb reads"] == pytest.approx(0.9)
    assert million["cloudwatch metrics"] == pytest.approx(2 / 86.4)
    archived = 6_000_000 / (400 * 4 / 3 + 600)
    assert million["lambda"] == pytest.approx((2 / 1000 + 1 / archived) * 100)
    assert million["s3"] == pytest.approx(1_000_000 / archived * 61 / 60 / 1000)


def test_the_collector_is_paid_by_request(prices: Prices) -> None:
    one = collector_cost(Load(1e6, events_per_request=1), TOPOLOGY, prices)
    ten = collector_cost(Load(1e6, events_per_request=10), TOPOLOGY, prices)
    assert one == {"api": pytest.approx(50), "lambda": pytest.approx(100)}
    assert ten == {"api": pytest.approx(5), "lambda": pytest.approx(10)}


def test_the_documents_pay_for_each_event(prices: Prices) -> None:
    found = documents_cost(Load(1e6), prices)
    assert found["cloudwatch calls"] == pytest.approx(100)
    assert found["s3"] == pytest.approx(1000)
    assert found["dynamodb writes"] == pytest.approx(27.8)
    assert found["kinesis shards"] == pytest.approx(48)


@pytest.mark.parametrize(
    ("load", "message"),
    [
        (Load(0), "--events-per-day is 0: give 1 to"),
        (Load(-3), "--events-per-day is -3"),
        (Load(math.nan), "--events-per-day is nan"),
        (Load(math.inf), "--events-per-day is inf"),
        (Load(1, window_s=-1), "--window is -1: give 0 to 300"),
        (Load(1, window_s=301), "--window is 301"),
        (Load(1, batch_size=0), "--batch-size is 0: give 1 to 10,000"),
        (Load(1, peak_factor=0.5), "--peak-factor is 0.5"),
        (Load(1, events_per_request=0), "--events-per-request is 0"),
    ],
)
def test_wrong_inputs_say_what_to_give(load: Load, message: str) -> None:
    with pytest.raises(CostError, match=message):
        load.check()


def test_right_inputs_pass() -> None:
    Load(1).check()
    Load(1e9, window_s=0, batch_size=10_000, peak_factor=1, events_per_request=5000).check()
