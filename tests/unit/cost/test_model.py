"""The cost model's sums, with round prices and invented needs."""

import math

import pytest

from infra.cost.documents import documents_cost
from infra.cost.inputs import Measurements, Prices
from infra.cost.load import CostError, Load
from infra.cost.model import collector_cost, our_cost, per_million
from infra.cost.traffic import Traffic
from infra.topology import build_topology

TOPOLOGY = build_topology()
DAY = 86_400


def test_our_cost(measurements: Measurements, prices: Prices) -> None:
    """1,000 events a second, full batches of 1,000: a batch a second of the real-time side."""
    load = Load(1000 * DAY, window_s=1, batch_size=1000, peak_factor=1)
    found = our_cost(load, TOPOLOGY, measurements, prices)
    million = per_million(found.dollars, load.events_per_day)
    assert found.shards == 1
    sessions = Traffic().sessions(1000, 1)
    assert found.units()["session-metrics"] == pytest.approx(sessions * DAY)
    assert found.reads() == {"session-metrics": pytest.approx(sessions * DAY)}
    minutes = 3 * (1 + 1 / 60)
    assert million == {
        "kinesis shards": pytest.approx(24 / 86.4),
        "kinesis puts": pytest.approx(2),
        "dynamodb writes": pytest.approx((sessions + minutes) / 1000 * 10),
        "dynamodb reads": pytest.approx(sessions / 1000),
        "cloudwatch metrics": pytest.approx(2 / 86.4),
        "lambda": pytest.approx((2 / 1000 + 1 / ARCHIVED) * 100),
        "s3": pytest.approx(1_000_000 / ARCHIVED * (1 + ARCHIVED / 1000 / 3600) / 1000, rel=1e-4),
        "cloudwatch logs": 0,
        "sqs": 0,
        "sns": 0,
    }


def test_firehose_bills_small_records_as_5_kb(measurements: Measurements, prices: Prices) -> None:
    """And only what it delivers by what it is: the row, which is larger than the record."""
    load, day = Load(1e6), build_topology(delivery="firehose")
    found = our_cost(load, day, measurements, prices).dollars
    gigabytes, objects = 1e6 * 5120 / 2**30, 24 * 60 + 24
    assert found["firehose ingestion"] == pytest.approx(3 * gigabytes)
    assert found["firehose conversion"] == pytest.approx(2 * gigabytes)
    delivered = 5 * 1e6 * 600 / 2**30
    assert found["firehose partitioning"] == pytest.approx(delivered + 7 * objects / 1000)
    assert found["s3"] == pytest.approx(objects / 1000)
    assert "firehose ingestion" not in our_cost(load, TOPOLOGY, measurements, prices).dollars


def test_at_volume_firehose_writes_an_object_for_each_64_mb(
    measurements: Measurements, prices: Prices
) -> None:
    """However many shards there are: a minute of 1e9 events a day is 417 MB of rows."""
    found = our_cost(Load(1e9), build_topology(delivery="firehose"), measurements, prices)
    assert found.dollars["s3"] == pytest.approx((1e9 * 600 / (64 * 2**20) + 24) / 1000)


ARCHIVED = 6_000_000 / (400 * 4 / 3 + 600)  # events of an archive's full batch


def test_a_longer_window_saves_the_writes_of_sessions_that_come_back(
    measurements: Measurements, prices: Prices
) -> None:
    """The failure before: a million events a day were costed as if sessions never came back."""
    short = our_cost(Load(1e6, window_s=1), TOPOLOGY, measurements, prices)
    long = our_cost(Load(1e6, window_s=60), TOPOLOGY, measurements, prices)
    assert short.units()["session-metrics"] / 1e6 == pytest.approx(0.993, abs=0.001)
    assert long.units()["session-metrics"] / 1e6 == pytest.approx(0.328, abs=0.001)


def test_longer_sessions_cost_less(measurements: Measurements, prices: Prices) -> None:
    usual = our_cost(Load(1e6, window_s=60), TOPOLOGY, measurements, prices)
    longer = Load(1e6, window_s=60, events_per_session=100, session_gap_s=5)
    cheaper = our_cost(longer, TOPOLOGY, measurements, prices)
    assert cheaper.units()["session-metrics"] < usual.units()["session-metrics"] / 2


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
        (Load(1, shards=0), "--shards is 0: give 1 to"),
        (Load(1, peak_factor=0.5), "--peak-factor is 0.5"),
        (Load(1, events_per_request=0), "--events-per-request is 0"),
        (Load(1, events_per_session=0.5), "--events-per-session is 0.5"),
        (Load(1, session_gap_s=0.5), "--session-gap is 0.5: give 1 to 1,800"),
    ],
)
def test_wrong_inputs_say_what_to_give(load: Load, message: str) -> None:
    with pytest.raises(CostError, match=message):
        load.check()


def test_right_inputs_pass() -> None:
    Load(1).check()
    Load(1e9, window_s=0, batch_size=10_000, peak_factor=1, events_per_request=5000).check()
