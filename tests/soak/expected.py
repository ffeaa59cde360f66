"""What the platform must have counted and noticed, by brute force from the stream.

Belongs here: plain counts over distinct events and the detector's rules, written from their
descriptions and not from the functions' code. What was stored belongs in `stored`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.soak.facts import Fact
from tests.soak.stream_log import Arrived

_ROBOTS = ("bot", "crawler", "spider", "scraper")
_MOST_A_MINUTE = 50
_VIEWS_BEFORE_CHECKOUT = 3

Key = tuple[str, ...]


class Counts(NamedTuple):
    """Counts of distinct events.

    Attributes:
        minutes: Events by type and minute.
        pages: Page views by page and hour.
        sessions: Events by session.
        views: Page views by session.
        session_minutes: Events by session and minute.
        spans: First and last event time by session.
        visitors: Visitors by hour.
    """

    minutes: Counter[Key]
    pages: Counter[Key]
    sessions: Counter[Key]
    views: Counter[Key]
    session_minutes: Counter[Key]
    spans: dict[Key, str]
    visitors: dict[str, set[str]]


def count(facts: Mapping[str, Fact]) -> Counts:
    """Counts each event once, by its id."""
    counts = Counts(Counter(), Counter(), Counter(), Counter(), Counter(), {}, defaultdict(set))
    times: defaultdict[str, list[str]] = defaultdict(list)
    for fact in facts.values():
        time = fact.time
        minute, hour = time[:16], time[:13]
        counts.minutes[fact.event_type, minute] += 1
        counts.sessions[fact.session,] += 1
        counts.session_minutes[fact.session, minute] += 1
        counts.visitors[hour].add(fact.visitor)
        times[fact.session].append(time)
        if fact.event_type == "page_view":
            counts.views[fact.session,] += 1
            if fact.page:
                counts.pages[fact.page, hour] += 1
    for session, found in times.items():
        counts.spans[session,] = f"{min(found)} to {max(found)}"
    return counts


class Alerts(NamedTuple):
    """Alerts that must be there, and others that may be.

    A batch that the detector gave up comes again later, so that it sees some sessions' events in
    another order than the stream has them. What it says of these sessions may be there or not, but
    for robots, which are robots in any order.
    """

    must: set[str]
    may: set[str]


def alerts(events: list[Arrived], given_up: set[int]) -> Alerts:
    """The alerts of a stream.

    Args:
        events: The detector's events in their order, duplicates included.
        given_up: The places of those that the detector gave up.
    """
    by_stream = _alerts_in_order(events)
    if not given_up:
        return Alerts(by_stream, by_stream)
    touched = {event.fact.session for event in events if event.row.place in given_up}
    as_seen = _alerts_in_order(event for event in events if event.row.place not in given_up)
    unsure = {
        name
        for name in by_stream | as_seen
        if _session_of(name) in touched and not name.startswith("suspicious")
    }
    return Alerts(by_stream - unsure, by_stream | unsure)


def _alerts_in_order(events: Iterable[Arrived]) -> set[str]:
    found: set[str] = set()
    seen: set[str] = set()
    views: Counter[str] = Counter()
    minutes: Counter[tuple[str, str]] = Counter()
    for _, event_id, fact, _ in events:
        agent = (fact.user_agent or "").lower()
        if any(word in agent for word in _ROBOTS):
            found.add(f"suspicious_user_agent#{fact.session}")
        is_checkout = _is_checkout(fact)
        if is_checkout and views[fact.session] < _VIEWS_BEFORE_CHECKOUT:
            found.add(f"unusual_page_sequence#{fact.session}")
        if event_id in seen:
            continue
        seen.add(event_id)
        views[fact.session] += fact.event_type == "page_view" and not is_checkout
        minute = fact.session, fact.time[:16]
        minutes[minute] += 1
        if minutes[minute] > _MOST_A_MINUTE:
            found.add("#".join(("high_frequency_clicks", *minute)))
    return found


def _is_checkout(fact: Fact) -> bool:
    """An event of type checkout, or a view of a page with that segment in its path."""
    if fact.event_type == "checkout":
        return True
    path = (fact.page or "").partition("/")[2]
    return fact.event_type == "page_view" and "checkout" in path.split("/")


def _session_of(alert: str) -> str:
    return alert.split("#")[1]
