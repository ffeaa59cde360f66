"""What the queries of the marts cost, at Athena's least and above it."""

import pytest

from infra.cost.load import Load
from infra.cost.marts import MartQueries, marts_cost, read_mart_queries

PRICES = {"athena": {"scanned_tb": 5.0}}
QUERIES = MartQueries("2026-11-23", 1_000_000, [0.0, 4.0, 30.0])


@pytest.mark.parametrize(
    ("events_per_day", "megabytes"),
    [
        (1_000_000, 10 + 10 + 30),
        (1_000, 10 + 10 + 10),
        (10_000_000, 10 + 40 + 300),
    ],
)
def test_a_query_is_billed_what_it_scans_and_never_less_than_10_mb(events_per_day, megabytes):
    dollars = marts_cost(Load(events_per_day), QUERIES, PRICES)
    assert dollars == pytest.approx(24 * megabytes / 1e6 * 5)


def test_the_measurement_in_the_repository_has_every_model():
    queries = read_mart_queries()
    assert queries.events_a_day == 1_000_000
    assert len(queries.scanned_mb) > 20
