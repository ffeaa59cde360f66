"""Which records the functions gave up, and what that explains.

Belongs here: from the messages of the on-failure queue to records, and notes for a reader who
debugs a difference. What must be true in spite of it belongs in `checks`.
"""

import bisect
from collections import defaultdict
from collections.abc import Iterable

from tests.soak.expected import Key
from tests.soak.stored import GivenUp
from tests.soak.stream_log import Arrived, Row


def places(rows: Iterable[Row], batches: Iterable[GivenUp]) -> dict[str, set[int]]:
    """The places of the records that each function gave up."""
    by_shard: defaultdict[str, list[int]] = defaultdict(list)
    for row in sorted(rows):
        by_shard[row.shard].append(row.place)
    found: defaultdict[str, set[int]] = defaultdict(set)
    for batch in batches:
        shard = by_shard[batch.shard]
        start, end = bisect.bisect_left(shard, batch.first), bisect.bisect_right(shard, batch.last)
        found[batch.function].update(shard[start:end])
    return dict(found)


class Notes:
    """Which given-up events a counted thing contains, for a reader of differences."""

    def __init__(self, events: list[Arrived], given_up: dict[str, set[int]]) -> None:
        self._notes: defaultdict[Key, list[str]] = defaultdict(list)
        for event in events:
            for function, found in given_up.items():
                if event.row.place in found:
                    self._add(event, function)

    def of(self, key: Key) -> str:
        """The notes about one thing."""
        return "; ".join(self._notes.get(key, ()))

    def _add(self, event: Arrived, function: str) -> None:
        fact = event.fact
        stray = ", whose key is not its session" if fact.is_stray else ""
        note = f"{function} gave up {event.event_id}{stray}"
        minute, hour = fact.time[:16], fact.time[:13]
        keys: list[Key] = [(fact.event_type, minute), (fact.session,), (fact.session, minute)]
        if fact.page and fact.event_type == "page_view":
            keys.append((fact.page, hour))
        for key in keys:
            self._notes[key].append(note)
