"""Sessions of a made-up shop, with what the detector should notice and what it should not.

Belongs here: what visitors do and when. How their events are sent belongs in `traffic`. A session
lasts less than the 15 minutes that its item counts one by one.
"""

import bisect
import itertools
import random
from collections.abc import Iterator
from typing import NamedTuple

from tests.soak.facts import HOURS

PAGES = 2000
_ZIPF = 1.1
_MEAN_EVENTS = 9.0
_MOST_EVENTS = 40
_GAP_MS = 500
_MEAN_GAP_MS = 12_000
_LONGEST_MS = 13 * 60_000
_SPAN_MS = HOURS * 3_600_000 - _LONGEST_MS - 60_000
_HOST = "shop.example"
_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/{0}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/{0} Safari/605",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
)
ROBOTS = ("ExampleBot/2.1", "Mozilla/5.0 (Linux; CUBOT X30)", "my-Crawler", "SPIDER 1", "xScraper")
# What a session does before and at the checkout: p a page view, c a click, K a view of a checkout
# page, T an event of type checkout, n a page whose name only begins with checkout.
CHECKOUTS = (
    *("K", "T", "pK", "pT", "ppK", "ppT", "pccT", "pKp", "cK", "KKKK", "nnK", "pnK", "pTpTpT"),
    *("pppK", "pppT", "pcpcpK", "ppppTpK", "nnnK", "pppcKpT", "ppnT"),
)
BURSTS = (50, 51, 60, 90)  # events in one minute; more than 50 is an alert


class Act(NamedTuple):
    """One thing a visitor does; `url` is as the client sends it, `page` as it is counted."""

    at_ms: int
    event_type: str
    url: str | None
    page: str | None


class Visit(NamedTuple):
    """One session."""

    name: str
    visitor: str
    agents: tuple[str, ...]  # of the events in turn; the last one stays
    acts: list[Act]


class Shop:
    """Makes visits.

    Args:
        rnd: What the visits follow from.
    """

    def __init__(self, rnd: random.Random) -> None:
        self._rnd = rnd
        self._weights = list(itertools.accumulate(1 / n**_ZIPF for n in range(1, PAGES + 1)))
        self._numbers = itertools.count()

    def visits(self, events: int) -> Iterator[Visit]:
        """About as many events as asked for, one in twenty of them in unusual sessions."""
        made, units = 0, max(1, events // 5000)
        for visit in self._unusual(units):
            made += len(visit.acts)
            yield visit
        while made < events:
            visit = self._usual()
            made += len(visit.acts)
            yield visit

    def _unusual(self, units: int) -> Iterator[Visit]:
        for _ in range(units):
            for events in BURSTS:
                yield self._visit("burst", self._burst(events, 60_000))
            yield self._visit("two-minutes", self._burst(26, 60_000, 26))
            for robot in ROBOTS:
                visit = self._usual("robot")
                first = visit.agents if self._rnd.random() < 0.5 else ()
                yield visit._replace(agents=(*first, robot))
            for script in CHECKOUTS:
                yield self._visit(f"checkout-{script}", self._checkout(script))

    def _visit(self, kind: str, acts: list[Act]) -> Visit:
        number = next(self._numbers)
        agent = self._rnd.choice(_BROWSERS).format(self._rnd.randrange(100, 140))
        visitor = f"visitor-{self._rnd.randrange(1_000_000)}"
        return Visit(f"{kind}-{number:06d}", visitor, (agent,), acts)

    def _usual(self, kind: str = "session") -> Visit:
        at, acts = self._rnd.randrange(_SPAN_MS), []
        start = at
        events = 1 + int(self._rnd.expovariate(1 / _MEAN_EVENTS))
        for number in range(min(events, _MOST_EVENTS)):
            if at - start > _LONGEST_MS:
                break
            draw = self._rnd.random()
            if number == 0 or draw < 0.7:
                acts.append(self._view(at))
            elif draw < 0.75:
                acts.append(Act(at, "heartbeat", None, None))
            else:
                acts.append(self._view(at)._replace(event_type="click"))
            if draw > 0.97:
                acts[-1] = acts[-1]._replace(event_type="purchase")
            at += _GAP_MS + int(self._rnd.expovariate(1 / _MEAN_GAP_MS))
        return self._visit(kind, acts)

    def _view(self, at: int) -> Act:
        place = bisect.bisect_left(self._weights, self._rnd.random() * self._weights[-1])
        path = f"/page/{place}"
        form = self._rnd.randrange(4)
        if form == 0:
            return Act(at, "page_view", path, path)
        if form == 1:
            return Act(at, "page_view", f"{path}?utm_source=mail&n={place}#top", path)
        return Act(at, "page_view", f"https://{_HOST}{path}", f"{_HOST}{path}")

    def _burst(self, events: int, within_ms: int, before: int = 0) -> list[Act]:
        """Events in one whole minute, and others in the minute before it."""
        start = (1 + self._rnd.randrange(_SPAN_MS // 60_000)) * 60_000
        times = [start + self._rnd.randrange(within_ms) for _ in range(events)]
        times += [start - 1 - self._rnd.randrange(within_ms) for _ in range(before)]
        return [self._view(at)._replace(event_type="click") for at in sorted(times)]

    def _checkout(self, script: str) -> list[Act]:
        at, acts = self._rnd.randrange(_SPAN_MS), []
        for letter in script:
            page = self._rnd.choice(("/checkout", "/checkout/pay", "/shop/checkout"))
            act = self._view(at)
            if letter == "K":
                act = Act(at, "page_view", f"https://{_HOST}{page}?step=1", f"{_HOST}{page}")
            elif letter == "n":
                act = Act(at, "page_view", "/checkout-help", "/checkout-help")
            elif letter == "T":
                act = act._replace(event_type="checkout")
            elif letter == "c":
                act = act._replace(event_type="click")
            acts.append(act)
            at += _GAP_MS + self._rnd.randrange(_MEAN_GAP_MS)
        return acts
