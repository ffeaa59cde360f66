"""Interpolation, and the files that lie in the repository."""

import pytest

from infra.cost_inputs import Measurements, read_measurements, read_prices


@pytest.mark.parametrize(
    ("size", "sessions", "minutes"),
    [(1, 1, 1), (500.5, 450.5, 5.5), (1000, 900, 10), (1999, 1799, 19), (0.5, 1, 1)],
)
def test_between_two_sizes_a_batch_grows_evenly(
    measurements: Measurements, size: float, sessions: float, minutes: float
) -> None:
    found = measurements.at("aggregator", size).units
    assert found == {
        "session-metrics": pytest.approx(sessions),
        "counters": pytest.approx(minutes),
    }


def test_a_table_first_seen_in_larger_batches_counts_from_nothing() -> None:
    document = read_measurements()
    assert (
        document.at("anomaly_detector", 5).units.keys()
        >= document.functions["anomaly_detector"][1].units.keys()
    )


def test_the_measurements_are_plausible() -> None:
    """A write a session and batch at least; sessions of one batch are nearly all different."""
    aggregator = read_measurements().functions["aggregator"]
    by_size = {run.batch_size: run.units["session-metrics"] / run.batch_size for run in aggregator}
    assert by_size[1] == 1
    assert 0.9 < by_size[1000] <= 1
    assert 0.75 < by_size[6000] < by_size[1000]


def test_the_price_list_is_complete() -> None:
    prices = read_prices("2026-11")
    assert prices["dynamodb"] == {"writes_million": 0.625, "reads_million": 0.125}
    assert prices["kinesis"] == {"shard_hour": 0.015, "put_units_million": 0.014}
    assert prices["lambda"]["gb_second"] == 0.0000133334
    assert {name for group in prices.values() for name in group} >= {"puts_thousand", "logs_gb"}
