"""What a function asks for a batch, and the files that lie in the repository."""

import pytest

from infra.cost.inputs import read_measurements, read_prices
from infra.cost.traffic import Contents, Traffic
from infra.topology import build_topology
from tests.unit.cost.conftest import needs


def test_a_batch_asks_for_itself_and_for_each_thing_it_holds() -> None:
    function = needs(
        cpu_ms={"batch": 5, "events": 0.1},
        units={"counters": {"batch": 1, "minutes": 2}, "log": {"events": 0.02}},
        log_bytes={"batch": 300},
    )
    found = function.of(Contents(100, 60, 40, 2, 3, 0))
    assert found.cpu_ms == 5 + 10
    assert found.units == {"counters": 1 + 6, "log": pytest.approx(2)}
    assert (found.calls, found.s3_bytes, found.log_bytes) == ({}, 0, 300)


def test_the_measurements_are_those_of_the_functions_there_are() -> None:
    both = build_topology(), build_topology(delivery="firehose")
    wanted = {one.package for topology in both for one in topology.stream_functions}
    assert read_measurements().functions.keys() == wanted


def test_the_aggregator_writes_a_session_once_a_batch_and_reads_it_once_at_all() -> None:
    """So one write an event at most, and a third of one in a minute of thin traffic."""
    holds = Traffic().batch(11.574, 60)
    found = read_measurements().functions["aggregator"].of(holds)
    assert found.units["session-metrics"] == pytest.approx(holds.sessions, rel=0.02)
    assert found.reads["session-metrics"] == pytest.approx(holds.events / 10, rel=0.02)
    assert found.units["page-metrics"] == pytest.approx(holds.pages, rel=0.02)


def test_the_price_list_is_complete() -> None:
    prices = read_prices("2026-11")
    assert prices["dynamodb"] == {"writes_million": 0.625, "reads_million": 0.125}
    assert prices["kinesis"] == {"shard_hour": 0.015, "put_units_million": 0.014}
    assert prices["lambda"]["gb_second"] == 0.0000133334
    assert {name for group in prices.values() for name in group} >= {"puts_thousand", "logs_gb"}
