"""What a batch holds: the law of the traffic that the costs rest on.

Belongs here: how many different sessions, pages and minutes are among a batch's events, from the
events a second of a shard and the seconds the batch spans. `tests.bench.workload` generates this
very traffic, and the tests compare the two. What a function asks of AWS for each of these things is
measured by `tests.bench.writes`; what it costs belongs in `model`.
"""

import itertools
import math
from dataclasses import asdict, dataclass
from functools import lru_cache

HOUR_S = 3600
MINUTE_S = 60
PAGES = 2000
ZIPF_EXPONENT = 1.1
TYPES = {"page_view": 0.78, "click": 0.19, "purchase": 0.03}
SHORTEST_GAP_S = 0.5


@dataclass(frozen=True)
class Contents:
    """What one batch holds, on average.

    Attributes:
        events: Events.
        sessions: Different sessions among them.
        pages: Different pages viewed, each hour for itself.
        new_pages: Pages that nobody viewed on this shard in that hour before.
        minutes: Different pairs of an event type and a minute.
        new_hours: Hours that begin among them.
    """

    events: float
    sessions: float
    pages: float
    new_pages: float
    minutes: float
    new_hours: float

    def counts(self) -> dict[str, float]:
        """The figures by name, and the batch itself: 1."""
        return {"batch": 1, **asdict(self)}


@dataclass(frozen=True)
class Traffic:
    """Steady traffic of sessions that come and go independently of each other.

    A session has a geometric number of events. The gap between two of them is half a second and
    an exponential rest. Pages follow Zipf's law.

    Attributes:
        events_per_session: Mean events of a session.
        gap_s: Mean seconds from one event of a session to its next.
    """

    events_per_session: float = 10
    gap_s: float = 15.5

    def sessions(self, rate: float, seconds: float) -> float:
        """Different sessions among the events of some seconds, empty stretches included.

        An event is the first of its session in the stretch if it begins the session (one event in
        `events_per_session` does), or if the gap before it is longer than the stretch is old. So
        there are rate * integral over u from 0 to `seconds` of [p + (1 - p) * P(gap > u)].

        Args:
            rate: Events a second.
            seconds: Length of the stretch.
        """
        begins = 1 / self.events_per_session
        rest_s = self.gap_s - SHORTEST_GAP_S
        longer_s = min(seconds, SHORTEST_GAP_S)
        if seconds > SHORTEST_GAP_S:
            longer_s -= rest_s * math.expm1(-(seconds - SHORTEST_GAP_S) / rest_s)
        return rate * (begins * seconds + (1 - begins) * longer_s)

    def batch(self, rate: float, seconds: float, most: float = math.inf) -> Contents:
        """What the average batch of a shard holds.

        Windows in which nothing comes make no batch. The sessions of a window are a Poisson number,
        so that a share exp(-sessions) of all windows is empty.

        Args:
            rate: Events a second of the shard.
            seconds: How long events are gathered.
            most: Events after which a batch is full before its time.
        """
        seconds = min(seconds, most / rate)
        sessions = self.sessions(rate, seconds)
        filled = -math.expm1(-sessions)
        events = min(most, rate * seconds / filled)
        later = min(1.0, seconds / HOUR_S)  # share of batches that a new hour cuts in two
        pages = (1 - later) * distinct_pages(events) + later * 2 * distinct_pages(events / 2)
        an_hour = rate * HOUR_S
        return Contents(
            events=events,
            sessions=min(events, sessions / filled),
            pages=pages,
            new_pages=min(pages, distinct_pages(an_hour) * events / an_hour),
            minutes=min(events, _minutes(events, 1 + seconds / MINUTE_S)),
            new_hours=min(events - 1, seconds / HOUR_S),
        )


def distinct_pages(events: float) -> float:
    """Different pages viewed among so many events: sum over pages of 1 - (1 - share)^views."""
    views = events * TYPES["page_view"]
    return -sum(math.expm1(views * missed) for missed in _log_missed())


def page_weights() -> list[float]:
    """Zipf's weights of the pages, the most viewed first, running total."""
    return list(itertools.accumulate(1 / rank**ZIPF_EXPONENT for rank in range(1, PAGES + 1)))


@lru_cache(maxsize=1)
def _log_missed() -> tuple[float, ...]:
    """For each page the logarithm of the probability that a view is of another one."""
    total = page_weights()[-1]
    return tuple(math.log1p(-1 / rank**ZIPF_EXPONENT / total) for rank in range(1, PAGES + 1))


def _minutes(events: float, touched: float) -> float:
    """Pairs of type and minute among events spread over some minutes."""
    return sum(
        touched * -math.expm1(events / touched * math.log1p(-share)) for share in TYPES.values()
    )
