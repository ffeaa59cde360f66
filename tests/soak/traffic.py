"""The events of a soak, how each is sent, and what is true of it.

Belongs here: turning visits into requests for the collector and records of direct producers, with
duplicates and bad records among them. What visitors do belongs in `sessions`, sending in `sending`.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from infra.clients.lines import ClientEvent
from tests.soak.facts import START, Bad, Direct, Fact
from tests.soak.sessions import Shop, Visit

DUPLICATES = 0.05  # of events, sent twice by their client
DIRECT = 0.10  # of sessions, whose producer writes to the stream itself
_BAD = 0.003  # of events, as many bad records
_DEVICE = "device-of-"
_LATER = 60  # a duplicate follows within so many events

Sent = ClientEvent | Direct


class Traffic:
    """Everything that is sent, in order.

    Attributes:
        sent: What is sent.
        facts: What is true of each event, by its id.
        nameless: The same for events without an id, by their payload.
        bad: Why each record that is no event is none, by its payload.
    """

    def __init__(self, events: int, seed: int) -> None:
        self._rnd = random.Random(seed)
        self._number = 0
        self.facts: dict[str, Fact] = {}
        self.nameless: dict[bytes, Fact] = {}
        self.bad: dict[bytes, str] = {}
        found: list[tuple[int, Sent]] = []
        for visit in Shop(self._rnd).visits(round(events / (1 + DUPLICATES + _BAD))):
            found += self._sent(visit)
        found.sort(key=lambda item: item[0])
        self.sent = [sent for _, sent in self._with_others(found)]

    def _sent(self, visit: Visit) -> Iterator[tuple[int, Sent]]:
        """A visit's events as one way of sending has them."""
        draw = self._rnd.random() / DIRECT
        way = self._collected
        if draw < 0.25:
            way = self._nameless
        elif draw < 0.5:
            way = self._stray
        elif draw < 1:
            way = self._contract
        usual = visit.name.startswith("session")
        for number, act in enumerate(visit.acts):
            agent = visit.agents[min(number, len(visit.agents) - 1)]
            fact = Fact(
                act.event_type, visit.name, act.at_ms, act.page, visit.visitor, agent, visit.name
            )
            yield (
                act.at_ms,
                (way if usual or way is not self._stray else self._contract)(fact, act.url),
            )

    def _collected(self, fact: Fact, url: str | None) -> Sent:
        return ClientEvent(self._fields(self._keep(fact), fact, url))

    def _contract(self, fact: Fact, url: str | None) -> Sent:
        """In the contract's own shape, as the collector would have written it."""
        fields = self._fields(self._keep(fact), fact, url)
        if fact.page and url:
            host, slash, path = fact.page.partition("/")
            fields |= {"page_path": slash + path, **({"page_host": host} if host else {})}
        received = START + timedelta(milliseconds=fact.at_ms + 40)
        fields["received_at"] = received.isoformat()
        return Direct(fact.key, msgspec.json.encode(fields))

    def _stray(self, fact: Fact, url: str | None) -> Sent:
        """With a partition key that is not the session."""
        return self._contract(fact._replace(key=f"{_DEVICE}{fact.session}"), url)

    def _nameless(self, fact: Fact, url: str | None) -> Sent:
        """Without an id, under other names; the stream's position becomes the id."""
        fields = self._fields("", fact, url)
        del fields["event_id"]
        fields["created_at"] = fields.pop("event_time")
        fields["cart"] = self._number = self._number + 1  # no two payloads alike
        data = json.dumps(fields).encode()
        self.nameless[data] = fact
        return Direct(fact.key, data)

    def _is_nameless(self, sent: Sent) -> bool:
        return isinstance(sent, Direct) and sent.data in self.nameless

    def _keep(self, fact: Fact) -> str:
        self._number += 1
        event_id = f"event-{self._number:08d}"
        self.facts[event_id] = fact
        return event_id

    def _fields(self, event_id: str, fact: Fact, url: str | None) -> dict[str, Any]:
        fields = {
            "event_id": event_id,
            "event_type": fact.event_type,
            "event_time": fact.time,
            "session_id": fact.session,
            "anonymous_id": fact.visitor,
            "page_url": url,
            "user_agent": fact.user_agent,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _with_others(self, found: list[tuple[int, Sent]]) -> list[tuple[float, Sent]]:
        """Adds duplicates, close behind their events, and bad records."""
        places: list[tuple[float, Sent]] = []
        for place, (_, sent) in enumerate(found):
            is_twice = self._rnd.random() < DUPLICATES and not self._is_nameless(sent)
            if is_twice and isinstance(sent, Direct) and sent.key.startswith(_DEVICE):
                # A session's item under another key is its shard's: after a reshard it is another.
                places.append((place, sent._replace(copies=2)))
                continue
            places.append((place, sent))
            if is_twice:
                places.append((place + self._rnd.randrange(_LATER) + 0.5, sent))
        for number in range(max(14, round(_BAD * len(found)))):
            bad = _bad_record(number)
            self.bad[bad.record.data] = bad.reason
            places.append((self._rnd.randrange(len(found)) + 0.25, bad.record))
        return sorted(places, key=lambda item: item[0])


def _bad_record(number: int) -> Bad:
    """A record that every consumer must refuse for the same reason, no two alike."""
    name = f"bad-{number}"
    event: dict[str, Any] = {
        "event_id": name,
        "event_type": "page_view",
        "event_time": START.isoformat(),
        "session_id": name,
    }
    ahead = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    shapes: tuple[tuple[str, Any], ...] = (
        ("invalid_json", None),
        ("missing_session", {k: v for k, v in event.items() if k != "session_id"}),
        ("invalid_event_time", {**event, "event_time": "half past nine"}),
        ("missing_event_time", {k: v for k, v in event.items() if k != "event_time"}),
        ("missing_event_type", {k: v for k, v in event.items() if k != "event_type"}),
        ("not_an_object", [name]),
        ("in_the_future", {**event, "event_time": ahead}),
    )
    reason, shape = shapes[number % len(shapes)]
    data = f'{{"event_id": "{name}"'.encode() if shape is None else json.dumps(shape).encode()
    return Bad(Direct(name, data), reason)
