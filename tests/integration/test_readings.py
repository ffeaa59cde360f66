"""The real-time figures on the embedded DynamoDB, read through the one module that sums shards."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest

from infra.local.launcher import Platform
from lambdas.aggregator.logic import plan_batch, session_key
from lambdas.aggregator.readings import RealTimeMetrics
from lambdas.aggregator.session_store import SessionStore
from lambdas.aggregator.store import CounterStore
from lambdas.shared.event import Event
from lambdas.shared.sequence import padded
from lambdas.shared.stream import Arrival

pytestmark = pytest.mark.integration

PREFIX = "readings"
HOUR = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def metrics(embedded_aws: Platform) -> RealTimeMetrics:
    """Two shards' worth of views on three days, in tables of their own."""
    dynamodb = boto3.client("dynamodb")
    for table in embedded_aws.topology.tables:
        keys = [key for key in (table.hash_key, table.range_key) if key]
        dynamodb.create_table(
            TableName=table.name.replace(embedded_aws.topology.stack, PREFIX),
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    counters, sessions = CounterStore(dynamodb, PREFIX), SessionStore(dynamodb, PREFIX)
    number = 10**20
    for day, views in ((2, 4), (1, 4), (0, 60)):
        for shard in ("shardId-0", "shardId-1"):
            arrivals = []
            for view in range(views):
                number += 1
                page = "/steady" if view % 4 else "/news"
                arrivals.append(arrival(number, shard, page, HOUR - timedelta(days=day)))
            known = sessions.read(map(session_key, arrivals))
            span = (padded(str(number - views + 1)), padded(str(number)))
            plan = plan_batch(arrivals, known, span)
            counters.apply(plan)
            sessions.write(plan.sessions)
    return RealTimeMetrics(dynamodb, PREFIX)


def arrival(number: int, shard: str, page: str, time: datetime) -> Arrival:
    session = f"{shard}-{number % 7}"
    event = Event(
        event_id=str(number),
        event_type="page_view",
        event_time=time,
        received_at=time,
        session_id=session,
        user_id=f"u{number % 20}",
        page_path=page,
        shard_id=shard,
        sequence_number=str(number),
    )
    return Arrival(event, session, event.received_at)


def test_a_page_is_the_sum_of_its_shards(metrics: RealTimeMetrics) -> None:
    assert metrics.page_views("/news", "2026-11-23T10") == 30
    assert metrics.page_views("/news", "2026-11-22T10") == 2
    assert metrics.page_views("/news", "2026-11-23T1") == 0
    assert metrics.totals() == (136, 136, 14)
    assert metrics.events_by_type() == {"page_view": 136}


def test_visitors_of_an_hour_are_counted_once_over_shards(metrics: RealTimeMetrics) -> None:
    assert round(metrics.unique_visitors("2026-11-23T10")) == 20
    assert metrics.unique_visitors("2020-01-01T00") == 0


def test_trending_pages_stand_out_from_the_same_hour_before(metrics: RealTimeMetrics) -> None:
    first, second = metrics.trending_pages("2026-11-23T10", days=2)
    assert (first.page, first.views, first.mean) == ("/steady", 90, 6)
    assert first.score == pytest.approx((90 - 6) / 7**0.5)
    assert (second.page, second.views, second.mean) == ("/news", 30, 2)
    assert metrics.trending_pages("2026-11-23T10", min_views=50)[0].page == "/steady"
    assert metrics.trending_pages("2020-01-01T00") == []


def test_minutes_of_a_session(metrics: RealTimeMetrics) -> None:
    minutes = metrics.session_minutes("shardId-0-0")
    assert minutes.keys() <= {"2026-11-21T10:00", "2026-11-22T10:00", "2026-11-23T10:00"}
    assert minutes["2026-11-23T10:00"] in {8, 9}  # 60 events over seven sessions
    assert metrics.session_minutes("nobody") == {}
