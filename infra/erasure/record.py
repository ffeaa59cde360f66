"""What an erasure has done so far: kept while it is unfinished, so that it can be gone on with.

Belongs here: the record and how it adds up. Where it lies belongs in `ledger`, what is reported of
it at the end in `report`.

Nothing in it names the person: ids are digests under a salt, and the salt goes when the erasure is
done. What was found is noted before anything is changed. After a kill the same is found again, less
what is gone already, so the larger number is the right one; another round finds what arrived
meanwhile, and adds to it.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from clickstream_platform.core.erasure import Given, Links, Person

SCHEMA_VERSION = 1


class HourRecord(msgspec.Struct):
    """What was found in one hour in one round.

    Attributes:
        raw_rows: Rows of the person in raw objects.
        raw_objects_rewritten: Raw objects that held other rows beside them.
        raw_objects_deleted: Raw objects that held nothing else.
        event_rows: Rows of the person in the live generation.
        is_done: Whether nothing that is read holds them any more.
    """

    raw_rows: int = 0
    raw_objects_rewritten: int = 0
    raw_objects_deleted: int = 0
    event_rows: int = 0
    is_done: bool = False

    def note(self, found: "HourRecord") -> bool:
        """Notes what was found before anything is changed; returns whether that is news."""
        news = {name: getattr(found, name) for name in _COUNTS}
        news = {name: count for name, count in news.items() if count > getattr(self, name)}
        for name, count in news.items():
            setattr(self, name, count)
        return bool(news)


_COUNTS = ("raw_rows", "raw_objects_rewritten", "raw_objects_deleted", "event_rows")


class Round(msgspec.Struct):
    """One pass over all stores.

    Attributes:
        hours: The hours that have rows of the person, by datehour.
        found: What was found in each other store.
        is_over: Whether every store was looked into at its end.
    """

    hours: dict[str, HourRecord] = {}
    found: dict[str, int] = {}
    is_over: bool = False

    def require(self, hours: Iterable[str]) -> None:
        """Takes hours in that are to be made ones without the person, maybe once more."""
        for hour in hours:
            self.hours.setdefault(hour, HourRecord()).is_done = False

    def note(self, store: str, count: int) -> None:
        """Notes what was found in a store before it is changed."""
        if count or store in self.found:
            self.found[store] = max(self.found.get(store, 0), count)


class Record(msgspec.Struct, kw_only=True):
    """An unfinished erasure.

    Attributes:
        digest: Its name: a digest of the ids given, under `salt`.
        salt: The salt of all digests.
        requested_by: Who asked for it.
        started_at: When, ISO 8601 in UTC.
        given: How many ids of each kind were given.
        users: Digests of the user ids.
        devices: Digests of the anonymous ids.
        sessions: Digests of the sessions.
        shared: How many ids of each kind others use as well; they were not taken.
        attempts: How often it was begun or gone on with.
        rounds: What was found.
        marts_are_stale: Whether hours have changed since the marts were built.
        serving_is_stale: Whether marts have changed since they were loaded into SPICE.
        last_received_at: When the person's last event arrived, as far as is known.
    """

    schema_version: int = SCHEMA_VERSION
    state: str = "unfinished"
    digest: str
    salt: str
    requested_by: str
    started_at: str
    given: dict[str, int]
    users: list[str]
    devices: list[str] = []
    sessions: list[str] = []
    shared: dict[str, int] = {}
    attempts: int = 0
    rounds: list[Round] = []
    marts_are_stale: bool = False
    serving_is_stale: bool = False
    last_received_at: str | None = None

    @classmethod
    def of(cls, given: Given, salt: str, requested_by: str, started_at: str) -> "Record":
        """A new one."""
        person = Person.of(given, salt)
        return cls(
            digest=given.digest(salt),
            salt=salt,
            requested_by=requested_by,
            started_at=started_at,
            given={
                "user_ids": len(set(given.user_ids)),
                "anonymous_ids": len(set(given.anonymous_ids)),
            },
            users=sorted(person.users),
            devices=sorted(person.devices),
        )

    @property
    def person(self) -> Person:
        """Who is erased, as far as is known."""
        devices, sessions = frozenset(self.devices), frozenset(self.sessions)
        return Person(self.salt, frozenset(self.users), devices, sessions)

    @property
    def round(self) -> Round:
        """The present round."""
        return self.rounds[-1]

    @property
    def hours(self) -> list[str]:
        """Every hour of every round, in order."""
        return sorted({hour for one in self.rounds for hour in one.hours})

    @property
    def linked(self) -> dict[str, int]:
        """How many ids of each kind were taken beside those given."""
        return {
            "anonymous_ids": len(self.devices) - self.given["anonymous_ids"],
            "session_ids": len(self.sessions),
        }

    def learn(self, links: Links) -> None:
        """Takes in ids that occur together with the person; those known stay known."""
        person = self.person.joined(links)
        self.devices, self.sessions = sorted(person.devices), sorted(person.sessions)
        found = {"anonymous_ids": links.shared_devices, "session_ids": links.shared_sessions}
        self.shared = {name: max(count, self.shared.get(name, 0)) for name, count in found.items()}

    def begin(self, hours: Iterable[str]) -> None:
        """Begins a round over some hours, or goes on with one that was cut off."""
        if not self.rounds or self.round.is_over:
            self.rounds.append(Round())
        self.round.require(hours)

    def totals(self) -> Counter[str]:
        """What was found in each store, over all rounds."""
        totals: Counter[str] = Counter()
        for one in self.rounds:
            totals.update(one.found)
            for hour in one.hours.values():
                totals.update({name: getattr(hour, name) for name in _COUNTS})
        return totals

    def by_hour(self) -> dict[str, dict[str, int]]:
        """Rows found by hour, over all rounds; hours without any are left out."""
        found: dict[str, Counter[str]] = {}
        for one in self.rounds:
            for hour, counts in one.hours.items():
                rows = Counter(raw_rows=counts.raw_rows, event_rows=counts.event_rows)
                found.setdefault(hour, Counter()).update(rows)
        return {hour: dict(found[hour]) for hour in sorted(found) if found[hour].total()}
