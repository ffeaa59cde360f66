"""What a batch holds: worked by hand, and counted on the traffic the bench generates."""

import json
import math
from statistics import mean

import pytest

from infra.cost.traffic import Contents, Traffic, distinct_pages
from tests.bench import workload


def test_sessions_of_a_minute() -> None:
    """One event a second for 60 s, ten to a session, 0.5 s and a mean of 15 s apart.

    A tenth of the events begin a session: 6. Of the others an event is the first of its session in
    the minute if the gap before it reaches back beyond the minute's start: 0.5 s in which all are,
    and 15 * (1 - exp(-59.5 / 15)) = 14.716 s; nine tenths of 15.216 are 13.694.
    """
    assert Traffic(10, 15.5).sessions(1, 60) == pytest.approx(6 + 13.694, abs=0.001)


def test_sessions_grow_with_the_rate_and_less_than_the_time() -> None:
    """What the cost rests on: a longer window has fewer sessions an event, a denser one has not."""
    shares = [Traffic().sessions(10, seconds) / (10 * seconds) for seconds in (1, 10, 60, 300)]
    assert shares == pytest.approx([0.993, 0.778, 0.328, 0.1465], abs=0.001)
    assert Traffic().sessions(1000, 60) == pytest.approx(100 * Traffic().sessions(10, 60))


def test_within_the_shortest_gap_no_session_comes_twice() -> None:
    assert Traffic().sessions(100, 0.5) == pytest.approx(50)


def test_sessions_of_one_event_are_all_different() -> None:
    assert Traffic(events_per_session=1).batch(10, 300).sessions == pytest.approx(3000)


def test_a_trickle_comes_one_by_one() -> None:
    """Windows in which nothing comes must not be billed, nor half an event in a batch."""
    found = Traffic().batch(0.0001, 1)
    assert found.counts() == pytest.approx(
        {
            "batch": 1,
            "events": 1,
            "sessions": 1,
            "pages": distinct_pages(1),
            "new_pages": distinct_pages(1),
            "minutes": 1,
            "new_hours": 0,
        },
        abs=0.1,
    )


def test_empty_windows_are_left_out() -> None:
    """One event a second, each of its own session: a share 1/e of the seconds is empty."""
    found = Traffic(events_per_session=1).batch(1, 1)
    assert found.events == pytest.approx(1 / (1 - 1 / math.e))
    assert found.sessions == pytest.approx(found.events)


def test_a_full_batch_ends_before_its_window() -> None:
    full = Traffic().batch(1000, 60, most=1000)
    assert full.events == 1000
    assert full.sessions == pytest.approx(Traffic().batch(1000, 1).sessions)


def test_pages() -> None:
    assert distinct_pages(1 / 0.78) == pytest.approx(1)  # one view
    assert distinct_pages(1e9) == pytest.approx(2000)
    two_views = 2 / 0.78
    weights = [1 / rank**1.1 for rank in range(1, 2001)]
    both_the_same = sum((weight / sum(weights)) ** 2 for weight in weights)
    assert distinct_pages(two_views) == pytest.approx(2 - both_the_same)


def test_new_pages_add_up_to_those_of_the_hour() -> None:
    found = Traffic().batch(10, 60)
    assert found.new_pages * 60 == pytest.approx(distinct_pages(36_000))
    assert found.new_pages < found.pages


@pytest.mark.parametrize(
    ("seconds", "minutes", "hours"),
    [(1, 3 * 61 / 60, 1 / 3600), (60, 6, 1 / 60), (300, 18, 1 / 12)],
)
def test_a_longer_stretch_touches_more_minutes(
    seconds: float, minutes: float, hours: float
) -> None:
    """Three types in each of 1 + seconds / 60 minutes, when there are events enough."""
    found = Traffic().batch(1000, seconds)
    assert (found.minutes, found.new_hours) == pytest.approx((minutes, hours), rel=1e-6)


def counted(rate: float, seconds: float, traffic: Traffic, events: int) -> Contents:
    """What the windows of generated traffic hold; new pages are not counted."""
    windows: dict[int, list[dict[str, str]]] = {}
    for line in workload.steady_traffic(events, rate, traffic, seed=7):
        place = int((line.t - workload.START_MS) // (seconds * 1000))
        windows.setdefault(place, []).append(json.loads(line.data))
    windows.pop(max(windows))  # it was cut
    found = [
        (
            len(batch),
            len({event["session_id"] for event in batch}),
            len(
                {
                    (event["page_url"], event["timestamp"][:13])
                    for event in batch
                    if event["event_type"] == "page_view"
                }
            ),
            len({(event["event_type"], event["timestamp"][:16]) for event in batch}),
            len({event["timestamp"][:13] for event in batch}) - 1,
        )
        for batch in windows.values()
    ]
    events_, sessions, pages, minutes, hours = map(mean, zip(*found, strict=True))
    return Contents(events_, sessions, pages, 0, minutes, hours)


@pytest.mark.parametrize(
    ("rate", "seconds", "traffic"),
    [
        (500, 1, Traffic()),
        (100, 7, Traffic()),
        (11.574, 1, Traffic()),
        (11.574, 60, Traffic()),
        (0.5, 1, Traffic()),
        (11.574, 60, Traffic(events_per_session=4, gap_s=60)),
        (11.574, 60, Traffic(events_per_session=40, gap_s=5)),
    ],
)
def test_the_law_is_that_of_the_generated_traffic(
    rate: float, seconds: float, traffic: Traffic
) -> None:
    found = counted(rate, seconds, traffic, 12_000)
    law = traffic.batch(rate, seconds)
    assert found.events == pytest.approx(law.events, rel=0.08)
    for thing in ("sessions", "pages"):
        share = getattr(found, thing) / found.events
        assert share == pytest.approx(getattr(law, thing) / law.events, rel=0.05)
    assert found.minutes == pytest.approx(law.minutes, rel=0.1)
