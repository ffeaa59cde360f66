"""Made-up visitors of a made-up shop, for demonstrations and load.

Belongs here: who visits, which pages they walk through and what they click. Sending belongs in
`sender`; real traffic belongs in `access_log`.
"""

import hashlib
import random
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from infra.clients.lines import ClientEvent

USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
)
# Where visitors go from each page, and how often of a hundred times.
NEXT_PAGES: Mapping[str, Mapping[str, int]] = {
    "/home": {"/products": 60, "/about": 15, "/contact": 10, "/product/123": 15},
    "/products": {"/product/123": 70, "/home": 15, "/cart": 10, "/contact": 5},
    "/product/123": {"/cart": 40, "/products": 45, "/home": 10, "/about": 5},
    "/cart": {"/checkout": 55, "/products": 30, "/product/123": 15},
    "/checkout": {"/home": 50, "/cart": 30, "/contact": 20},
    "/about": {"/home": 50, "/products": 30, "/contact": 20},
    "/contact": {"/home": 70, "/about": 30},
}
LANDING_PAGES: Mapping[str, int] = {
    "/home": 55,
    "/products": 15,
    "/product/123": 25,
    "/home?utm_source=newsletter&utm_medium=email&utm_campaign=spring": 5,
}
REFERRERS = ("https://google.com", None)
MENUS: Mapping[str, str] = {
    "entree_1": "restaurant_name",
    "drink_3": "restaurant_name",
    "dessert_2": "restaurant_name",
}
EXPERIMENTS: Mapping[str, tuple[str, ...]] = {
    "checkout_flow": ("control", "one_page"),
    "menu_order": ("control", "popular_first"),
}
USERS = 1000
SIGNED_IN_SHARE = 0.7
LONGEST_SESSION = 10
MEAN_TIME_SPENT_S = 30.0
# One event in ten is a click, but a session's first never is: of 5.5 events, 4.5 may be clicks.
CLICK_SHARE = 0.1 * 5.5 / 4.5
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")  # addresses reserved for examples, RFC 5737


@dataclass
class _Session:
    """A visit that is going on."""

    identity: dict[str, object]
    page: str
    left: int
    started: bool = False


def generate_events(
    seed: int | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    concurrent_sessions: int = 20,
) -> Iterator[ClientEvent]:
    """Makes events without end, sessions of 1 to 10 events woven into each other.

    A seed gives the same visitors, pages and clicks each time. Ids also depend on the time of the
    first event: a second run adds new sessions, instead of repeating events that are already known
    and would therefore not be counted.

    Args:
        seed: What the choices follow from; None for other ones each time.
        now: The clock, aware. Read once for each event, when it is asked for.
        concurrent_sessions: How many sessions are going on at any time.

    Yields:
        Events, each with the time at which it was asked for.
    """
    seed = secrets.randbits(64) if seed is None else seed
    chance = random.Random(seed)  # noqa: S311 - traffic, not secrets
    at = now()
    run = hashlib.blake2b(f"{seed}|{at.isoformat()}".encode(), digest_size=6).hexdigest()
    sessions: list[_Session] = []
    begun = count(1)
    for number in count(1):
        while len(sessions) < max(1, concurrent_sessions):
            sessions.append(_begin(chance, f"session_{run}_{next(begun):06d}"))
        place = chance.randrange(len(sessions))
        session = sessions[place]
        fields = {
            "event_id": f"{run}-{number:09d}",
            "event_time": at.isoformat(),
            **session.identity,
            **_act(chance, session),
        }
        session.left -= 1
        if not session.left:
            sessions.pop(place)
        yield ClientEvent(fields)
        at = now()


def _begin(chance: random.Random, session_id: str) -> _Session:
    """A new visit. Device, address and variants belong to the visitor, so they come back too."""
    visitor = chance.randrange(USERS)
    identity: dict[str, object] = {
        "session_id": session_id,
        "anonymous_id": f"device_{visitor}",
        "user_agent": USER_AGENTS[visitor % len(USER_AGENTS)],
        "ip": f"{_NETWORKS[visitor % len(_NETWORKS)]}.{visitor % 254 + 1}",
        "app_id": "demo-shop",
        "experiments": {
            name: variants[visitor // (number + 1) % len(variants)]
            for number, (name, variants) in enumerate(EXPERIMENTS.items())
        },
    }
    if chance.random() < SIGNED_IN_SHARE:
        identity["user_id"] = f"user_{visitor}"
    return _Session(identity, _choose(chance, LANDING_PAGES), chance.randint(1, LONGEST_SESSION))


def _act(chance: random.Random, session: _Session) -> dict[str, object]:
    """What the visitor does next: land, click where they are, or walk to another page."""
    if not session.started:
        session.started = True
        fields: dict[str, object] = {"event_type": "page_view", "page_url": session.page}
        if referrer := chance.choice(REFERRERS):
            fields["referrer"] = referrer
        return fields
    time_spent = round(chance.expovariate(1 / MEAN_TIME_SPENT_S), 1)
    if chance.random() < CLICK_SHARE:
        element = chance.choice(list(MENUS))
        return {
            "event_type": "click",
            "page_url": session.page,
            "element_clicked": element,
            "source_menu": MENUS[element],
            "time_spent": time_spent,
        }
    session.page = _choose(chance, NEXT_PAGES[session.page.partition("?")[0]])
    return {"event_type": "page_view", "page_url": session.page, "time_spent": time_spent}


def _choose(chance: random.Random, weights: Mapping[str, int]) -> str:
    return chance.choices(list(weights), weights=list(weights.values()))[0]
