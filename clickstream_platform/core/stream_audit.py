"""The stream as a witness: what it took is what must lie in the archive or in the quarantine.

Belongs here: comparing records with the objects that ought to hold them, as pure values. Reading
the stream belongs to its resource, choosing and reading objects to `defs/quality`.

A shard is read in its order, page by page. The key of an object says which sequence numbers its
batch had, so beside each page lie few objects, and those behind it are forgotten: the memory it
takes grows with what was redriven and erased, not with the window.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from lambdas.shared.redriven import ARCHIVE, Redriven

# More of them are counted, but not named: by then nobody looks at them one by one.
NAMED_GAPS = 1000
# Times of arrival are approximate, and lose their last digits on the way through a number.
_TIME_STEP = timedelta(seconds=1)


class Position(NamedTuple):
    """A place on the stream."""

    shard_id: str
    number: int


class Record(NamedTuple):
    """A record as the stream has it, without its payload.

    Attributes:
        position: Where it lies.
        arrived_at: When the stream took it.
        redriven: For whom it is and where it has been, if it is there once more.
    """

    position: Position
    arrived_at: datetime
    redriven: Redriven | None = None

    @property
    def is_for_archive(self) -> bool:
        """Whether the archive has to take it."""
        return self.redriven is None or self.redriven.function == ARCHIVE


class Span(NamedTuple):
    """An object and the first and last sequence number of a shard that it may hold."""

    key: str
    shard_id: str
    first: int
    last: int

    @property
    def is_of_one_shard(self) -> bool:
        """Whether it says so by its name; a record of another shard in it is then an invention."""
        return self.shard_id in self.key


@dataclass
class Gap:
    """Records that follow each other on a shard and are missing.

    Attributes:
        shard_id: The shard.
        first: Sequence number of the first.
        last: That of the last.
        records: How many there are.
        since: When the first arrived.
        until: When the last arrived.
    """

    shard_id: str
    first: int
    last: int
    records: int
    since: datetime
    until: datetime


@dataclass
class Findings:
    """What an audit found.

    Attributes:
        records: Records of the stream.
        for_other_functions: Those that were redriven for another function than the archive.
        archived: Those that are in the archive.
        quarantined: Those that are in the quarantine.
        in_both: Those that are in both, which contradicts itself.
        redriven: Those in neither that are on the stream once more, for the archive.
        erased: Those in neither that were, until an erasure took them out.
        missing: Those in neither, for none of these reasons.
        missing_since: When the first of them arrived.
        gaps: Where they are.
        invented: Positions in the archive or the quarantine that the stream never gave out.
        invented_sample: One of them.
    """

    records: int = 0
    for_other_functions: int = 0
    archived: int = 0
    quarantined: int = 0
    in_both: int = 0
    redriven: int = 0
    erased: int = 0
    missing: int = 0
    missing_since: datetime | None = None
    gaps: list[Gap] = field(default_factory=list)
    invented: int = 0
    invented_sample: Position | None = None

    @property
    def is_conserved(self) -> bool:
        """Whether accepted records are archived or quarantined, or were; and nothing else is."""
        return not (self.missing or self.in_both or self.invented)

    def clean_until(self, end: datetime) -> datetime:
        """Up to when everything is accounted for, in a window that ends then."""
        return end if self.missing_since is None else self.missing_since - _TIME_STEP

    def add(self, other: "Findings") -> None:
        """Takes in what was found on another shard."""
        for name, count in vars(other).items():
            if isinstance(count, int):
                setattr(self, name, getattr(self, name) + count)
        times = [at for at in (self.missing_since, other.missing_since) if at is not None]
        self.missing_since = min(times, default=None)
        self.gaps = (self.gaps + other.gaps)[:NAMED_GAPS]
        self.invented_sample = self.invented_sample or other.invented_sample


class Evidence:
    """The positions that some objects hold, as far as they lie around one place of a shard.

    Args:
        spans: Objects of one shard.
        read: Reads objects: the positions each holds, in the order of the keys.
    """

    def __init__(
        self, spans: Iterable[Span], read: Callable[[Sequence[str]], Iterable[set[Position]]]
    ) -> None:
        self._waiting = sorted(spans, key=lambda span: span.first, reverse=True)
        self._read = read
        self._near: dict[Span, set[Position]] = {}

    def between(self, first: int, last: int) -> set[Position]:
        """The positions from one sequence number to another, both included.

        Each call must begin behind the one before.
        """
        self._near = {span: held for span, held in self._near.items() if span.last >= first}
        found: list[Span] = []
        while self._waiting and self._waiting[-1].first <= last:
            span = self._waiting.pop()
            if span.last >= first:
                found.append(span)
        for span, held in zip(found, self._read([span.key for span in found]), strict=True):
            self._near[span] = held if span.is_of_one_shard else _on_shard(held, span.shard_id)
        return {
            position
            for positions in self._near.values()
            for position in positions
            if first <= position.number <= last
        }


class ShardAudit:
    """The audit of one shard.

    Args:
        archived: What the archive holds of the shard.
        quarantined: What the quarantine holds of it.
        redriven: Where records have been that are on the stream once more for the archive.
        erased: Where records are that were archived or quarantined, and erased.

    Attributes:
        findings: What it has found so far.
    """

    def __init__(
        self,
        archived: Evidence,
        quarantined: Evidence,
        redriven: AbstractSet[Position],
        erased: AbstractSet[Position],
    ) -> None:
        self.findings = Findings()
        self._archived = archived
        self._quarantined = quarantined
        self._redriven = redriven
        self._erased = erased
        self._next: int | None = None  # behind the page before: nothing may lie between two pages
        self._gap: Gap | None = None

    def take(self, page: Sequence[Record]) -> None:
        """Compares the next records of the shard; at least one."""
        first = page[0].position.number if self._next is None else self._next
        last = page[-1].position.number
        self._next = last + 1
        archived = self._archived.between(first, last)
        quarantined = self._quarantined.between(first, last)
        for record in page:
            self._judge(record, archived, quarantined)
        found = self.findings
        invented = (archived | quarantined) - {record.position for record in page}
        found.invented += len(invented)
        found.invented_sample = found.invented_sample or min(invented, default=None)

    def _judge(self, record: Record, archived: set[Position], quarantined: set[Position]) -> None:
        found, place = self.findings, record.position
        is_archived, is_quarantined = place in archived, place in quarantined
        found.records += 1
        found.archived += is_archived
        found.quarantined += is_quarantined
        found.in_both += is_archived and is_quarantined
        if not (is_archived or is_quarantined) and record.is_for_archive:
            is_redriven = place in self._redriven
            if not is_redriven and place not in self._erased:
                self._miss(record)
                return
            found.redriven += is_redriven
            found.erased += not is_redriven
        found.for_other_functions += not record.is_for_archive
        self._gap = None

    def _miss(self, record: Record) -> None:
        found, place, at = self.findings, record.position, record.arrived_at
        found.missing += 1
        found.missing_since = found.missing_since or at
        if self._gap is None:
            self._gap = Gap(place.shard_id, place.number, place.number, 0, at, at)
            if len(found.gaps) < NAMED_GAPS:
                found.gaps.append(self._gap)
        self._gap.records += 1
        self._gap.last, self._gap.until = place.number, at


def _on_shard(places: Iterable[Position], shard_id: str) -> set[Position]:
    return {place for place in places if place.shard_id == shard_id}


def redriven_positions(records: Iterable[Record]) -> set[Position]:
    """Where records have been that are on the stream once more for the archive.

    They were given up there. Where they lie now they are audited like all others.
    """
    return {
        Position(shard_id, int(number))
        for record in records
        if record.redriven is not None and record.redriven.function == ARCHIVE
        for shard_id, number in record.redriven.positions
    }
