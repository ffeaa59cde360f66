"""The bench's own arithmetic: what batches hold, and what they ask for each thing."""

import pytest

from infra.cost.traffic import Contents, Traffic
from tests.bench.shares import contents_of, error_of, shares_of
from tests.bench.workload import Line

HELD = [
    Traffic().batch(rate, seconds)
    for rate, seconds in ((100, 0.01), (100, 1), (100, 60), (10, 60), (10, 300), (1, 1), (0.2, 300))
]


def line(session: str, page: str | None, time: str) -> Line:
    kind = "page_view" if page else "click"
    url = "null" if page is None else f'"{page}"'
    data = (
        f'{{"event_type": "{kind}", "session_id": "{session}", "page_url": {url}, '
        f'"event_time": "2026-11-23T{time}Z"}}'
    )
    return Line(0, session, data)


def test_contents_are_counted() -> None:
    lines = [
        line("a", "/old", "01:00:00"),
        line("a", "/old", "01:00:01"),
        line("b", "/new", "01:00:02"),
        line("a", "/new", "01:59:59"),
        line("c", "/new", "02:00:00"),
        line("c", None, "02:00:01"),
        line("c", None, "02:00:02"),
    ]
    assert contents_of(lines, size=3, skip=1, batches=2) == Contents(
        events=3,
        sessions=(2 + 1) / 2,
        pages=(2 + 1) / 2,
        new_pages=(1 + 1) / 2,  # /new in each of the hours
        minutes=(2 + 2) / 2,
        new_hours=0,
    )


def test_an_hour_that_begins_in_a_batch_is_counted() -> None:
    lines = [line("a", "/x", "01:59:59"), line("a", "/x", "02:00:00")]
    found = contents_of(lines, size=2, skip=0, batches=1)
    assert (found.pages, found.minutes, found.new_hours) == (2, 2, 1)


def test_figures_that_follow_from_the_counts_come_out_exactly() -> None:
    """A write a session and two a batch must not be smeared over events and pages."""
    asked = [2 + held.sessions for held in HELD]
    found = shares_of(HELD, asked)
    assert found == {"batch": pytest.approx(2), "sessions": pytest.approx(1)}
    assert error_of(found, HELD, asked) < 1e-3


def test_no_share_is_negative() -> None:
    """A figure that falls with what a batch holds is chance; a large batch would earn money."""
    found = shares_of(HELD, [10 - held.sessions / 1000 for held in HELD])
    assert all(share > 0 for share in found.values())
    assert found["batch"] == pytest.approx(10, rel=0.2)


def test_nothing_asked_is_nothing() -> None:
    assert shares_of(HELD, [0] * len(HELD)) == {}
