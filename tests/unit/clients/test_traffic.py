from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from urllib.parse import urlsplit

from infra.clients.traffic import EXPERIMENTS, NEXT_PAGES, USER_AGENTS, generate_events
from lambdas.shared.limits import Limits
from lambdas.shared.normalisation import normalise

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def clock(start: datetime = NOON) -> Callable[[], datetime]:
    ticks = iter(range(10**9))
    return lambda: start + timedelta(seconds=next(ticks))


def some(count: int, seed: int | None = 7, start: datetime = NOON) -> list[dict[str, object]]:
    return [dict(event.event) for event in islice(generate_events(seed, clock(start)), count)]


def by_session(events: list[dict[str, object]]) -> list[list[dict[str, object]]]:
    sessions = defaultdict(list)
    for event in events:
        sessions[event["session_id"]].append(event)
    return list(sessions.values())


def test_a_seed_and_a_start_give_the_same_events():
    assert some(500) == some(500)
    assert some(500) != some(500, seed=8)
    assert some(5, seed=None) != some(5, seed=None)


def test_a_second_run_of_a_seed_adds_events_instead_of_repeating_known_ids():
    first, second = some(500), some(500, start=NOON + timedelta(hours=1))
    for name in ("event_id", "session_id"):
        assert {event[name] for event in first}.isdisjoint(event[name] for event in second)
    own = ("event_id", "session_id", "event_time")
    for one, other in zip(first, second, strict=True):
        assert {k: v for k, v in one.items() if k not in own} == {
            k: v for k, v in other.items() if k not in own
        }


def test_each_event_has_the_time_at_which_it_was_asked_for():
    assert [event["event_time"] for event in some(3)] == [
        (NOON + timedelta(seconds=n)).isoformat() for n in range(3)
    ]


def test_one_event_in_ten_is_a_click_from_a_menu():
    events = some(20_000)
    clicks = [event for event in events if event["event_type"] == "click"]
    assert {event["event_type"] for event in events} == {"page_view", "click"}
    assert 0.09 < len(clicks) / len(events) < 0.11
    assert {"entree_1", "drink_3"} <= {event["element_clicked"] for event in clicks}
    assert all(event["source_menu"] and event["time_spent"] >= 0 for event in clicks)


def test_sessions_have_one_to_ten_events_and_are_woven_together():
    events = some(20_000)
    sessions = by_session(events)
    finished = sessions[:-50]
    assert set(Counter(map(len, finished))) == set(range(1, 11))
    neighbours = pairwise(events)
    assert sum(a["session_id"] == b["session_id"] for a, b in neighbours) < len(events) / 10


def test_visitors_only_walk_where_links_lead():
    for session in by_session(some(5_000)):
        assert session[0]["event_type"] == "page_view"
        pages = [urlsplit(str(event["page_url"])).path for event in session]
        for event, page, before in zip(session[1:], pages[1:], pages, strict=False):
            clicked = event["event_type"] == "click"
            assert page == before if clicked else page in NEXT_PAGES[before]


def test_a_visitor_keeps_device_address_and_variants():
    seen: dict[object, set[str]] = defaultdict(set)
    events = some(20_000)
    for event in events:
        traits = (event["user_agent"], event["ip"], event["experiments"])
        seen[event["anonymous_id"]].add(repr(traits))
    assert {len(traits) for traits in seen.values()} == {1}
    assert {event["user_agent"] for event in events} == set(USER_AGENTS)
    for name, variants in EXPERIMENTS.items():
        assert {event["experiments"][name] for event in events} == set(variants)


def test_every_event_is_one_that_the_platform_accepts():
    for raw in some(2_000):
        received_at = datetime.fromisoformat(str(raw["event_time"]))
        event = normalise(raw, received_at, {})
        Limits().check(event)
        assert event.properties is None  # every field has its column
