"""Who the person is that is to be erased.

Belongs here: the ids a person is known by, as salted digests, and which ids of others' events are
theirs too. How tables are asked by them belongs in `erasure_sql`; what is done belongs to
`infra/erasure`.

Only the ids that the operator gives are ever held in clear, in memory. Everything that is stored,
sent to Athena or printed are digests and counts.

An event is the person's when it carries their user id, or when it carries no user id at all and one
of their devices (anonymous ids) or sessions. A device or session is theirs when it occurs together
with them and with no other user: whoever was on it before the login and after the logout is taken
for the same person. One that others use as well is not taken.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

# A session with more devices that are not the person's is no visit but a constant that some client
# sends as everybody's session.
MOST_OTHER_DEVICES = 3
DIGEST_CHARS = 32  # 128 bits, so that thousands fit a query
# Of 36 bytes, in up to four conditions; Athena takes 262,144 bytes.
_DIGESTS_A_QUERY = 1500

Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Given:
    """What the operator gives, in clear.

    Attributes:
        user_ids: Users.
        anonymous_ids: Devices.
        with_linked: Whether the devices and sessions that occur with them are the person's too.
    """

    user_ids: tuple[str, ...]
    anonymous_ids: tuple[str, ...] = ()
    with_linked: bool = True

    @property
    def ids(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.user_ids, *self.anonymous_ids)

    def digest(self, salt: str) -> str:
        """Names the request: the same ids in any order give the same name under one salt."""
        canonical = [sorted(set(self.user_ids)), sorted(set(self.anonymous_ids)), self.with_linked]
        return sha256(f"{salt}{json.dumps(canonical)}".encode()).hexdigest()


@dataclass(frozen=True)
class Person:
    """The ids of a person, as digests under one salt.

    Attributes:
        salt: The salt; hexadecimal digits, because it becomes part of SQL.
        users: Digests of their user ids.
        devices: Digests of their anonymous ids.
        sessions: Digests of their sessions.
    """

    salt: str
    users: frozenset[str]
    devices: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()

    @classmethod
    def of(cls, given: Given, salt: str) -> "Person":
        """The person as far as they are known by the ids given."""
        users = (digest_of(one, salt) for one in given.user_ids)
        devices = (digest_of(one, salt) for one in given.anonymous_ids)
        return cls(salt, frozenset(users), frozenset(devices))

    @property
    def digests(self) -> frozenset[str]:
        """All of them; a visitor of a mart may be any."""
        return self.users | self.devices | self.sessions

    def digest(self, identifier: str) -> str:
        """An id's digest."""
        return digest_of(identifier, self.salt)

    def has_session(self, session_id: str) -> bool:
        """Whether a session is theirs."""
        return self.digest(session_id) in self.sessions

    def has(self, identifier: str) -> bool:
        """Whether an id is one of theirs, of whatever kind."""
        return self.digest(identifier) in self.digests

    def joined(self, links: "Links") -> "Person":
        """The person, known by some more ids."""
        return replace(
            self,
            devices=self.devices | links.devices,
            sessions=self.sessions | links.sessions,
        )

    def portions(self) -> Iterator["Person"]:
        """The person in parts that fit a query: the users and the first links, then the others.

        An event without a user id may belong to two parts, by its device and by its session.
        """
        links = [("devices", one) for one in sorted(self.devices)]
        links += [("sessions", one) for one in sorted(self.sessions)]
        users = self.users
        for start in range(0, max(1, len(links)), _DIGESTS_A_QUERY):
            batch = links[start : start + _DIGESTS_A_QUERY]
            devices = frozenset(one for kind, one in batch if kind == "devices")
            sessions = frozenset(one for kind, one in batch if kind == "sessions")
            yield Person(self.salt, users, devices, sessions)
            users = frozenset()


@dataclass(frozen=True)
class Links:
    """The ids that occur together with a person, as digests.

    Attributes:
        devices: Anonymous ids that are theirs.
        sessions: Sessions that are theirs.
        shared_devices: How many anonymous ids others use as well.
        shared_sessions: How many sessions others use as well.
    """

    devices: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    shared_devices: int = 0
    shared_sessions: int = 0


def digest_of(identifier: str, salt: str) -> str:
    """The digest of an id, as SQL computes it too."""
    salted = f"{salt}{identifier}".encode(errors="surrogatepass")  # a payload may hold anything
    return sha256(salted).hexdigest()[:DIGEST_CHARS]


def read_links(rows: Iterable[Row]) -> Links:
    """Reads the answer to `erasure_sql.links_sql`."""
    found: dict[tuple[str, bool], set[str]] = {}
    shared = {"device": 0, "session": 0}
    for row in rows:
        kind = str(row["kind"])
        found.setdefault((kind, row["is_own"] == "true"), set()).add(str(row["digest"]))
        shared[kind] += row["is_shared"] == "true"
    return Links(
        frozenset(found.get(("device", True), ())),
        frozenset(found.get(("session", True), ())),
        shared["device"],
        shared["session"],
    )


@dataclass(frozen=True)
class Rows:
    """Rows of a person in the tables of events.

    Attributes:
        by_hour: How many, by table and datehour; hours without any are left out.
        last_received_at: When the last of them arrived, ISO 8601 in UTC; None if there are none.
    """

    by_hour: Mapping[tuple[str, str], int]
    last_received_at: str | None = None

    def total(self, table: str) -> int:
        """How many a table has."""
        return sum(count for (name, _), count in self.by_hour.items() if name == table)

    @property
    def hours(self) -> list[str]:
        """The hours that have some, in order."""
        return sorted({hour for _, hour in self.by_hour})


def read_rows(answers: Iterable[Sequence[Row]]) -> Rows:
    """Reads the answers to `erasure_sql.rows_sql`, one for each portion of the person.

    A row that two portions found is counted twice: exact only for a person of one portion.
    """
    by_hour: dict[tuple[str, str], int] = {}
    last: list[str] = []
    for row in (row for answer in answers for row in answer):
        place = (str(row["source"]), str(row["datehour"]))
        by_hour[place] = by_hour.get(place, 0) + int(row["row_count"] or 0)
        if received := row["last_received_at"]:
            last.append(f"{received[:19].replace(' ', 'T')}Z")
    return Rows(by_hour, max(last, default=None))
