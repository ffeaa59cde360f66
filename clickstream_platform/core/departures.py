"""What left the lake, by rule, and what stayed although its time had come.

Belongs here: the account of a run of retention. The rules themselves belong in `retention`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from clickstream_platform.core.stored_object import StoredObject

_NAMED = 10


class Rule(StrEnum):
    """Why something leaves."""

    RAW = "raw"
    GENERATIONS = "generations"
    SET_ASIDE = "set_aside"
    EXPIRED_HOURS = "expired_hours"
    MART_BUILDS = "mart_builds"

    @property
    def meaning(self) -> str:
        """The rule for a person."""
        return _MEANINGS[self]


_MEANINGS = {
    Rule.RAW: "raw objects that are compacted",
    Rule.GENERATIONS: "generations that nobody reads",
    Rule.SET_ASIDE: "records that were set aside",
    Rule.EXPIRED_HOURS: "hours past their time",
    Rule.MART_BUILDS: "builds of marts that nobody reads",
}


class Kept(StrEnum):
    """Why something stays that looks as if it could go; each is worth a person's look."""

    UNREAD = "raw objects past their time that are in no live generation of their hour"
    NO_PARTITION = "hours whose compacted files have no partition, and that were not meant to go"
    NO_FILES = "hours whose live generation has no files"
    CHANGED = "hours whose partition changed meanwhile; the next run judges them anew"


@dataclass(frozen=True)
class Departure:
    """Something that leaves.

    Attributes:
        rule: Why.
        objects: The objects.
        partitions: The partitions, each as `table/datehour`.
    """

    rule: Rule
    objects: Sequence[StoredObject] = ()
    partitions: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        """Everything by its name."""
        return [
            *(one.key for one in self.objects),
            *(f"partition {one}" for one in self.partitions),
        ]

    @property
    def size_bytes(self) -> int:
        """The objects' size."""
        return sum(one.size_bytes for one in self.objects)

    def __str__(self) -> str:
        names = self.names
        span = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
        return f"{self.rule.meaning}: {len(names):,} ({self.size_bytes:,} bytes): {span}"


@dataclass(frozen=True)
class Sum:
    """How much left by one rule."""

    objects: int = 0
    size_bytes: int = 0
    partitions: int = 0


@dataclass
class Outcome:
    """What a run of retention did, or would do. Its size does not grow with the lake.

    Attributes:
        dry_run: Whether nothing was changed.
        removed: How much left, by rule.
        kept: How much stayed although its time has come, by reason, and some names of it.
    """

    dry_run: bool
    removed: dict[Rule, Sum] = field(default_factory=lambda: {rule: Sum() for rule in Rule})
    kept: dict[Kept, tuple[int, list[str]]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing left."""
        return all(one == Sum() for one in self.removed.values())

    def count(self, departure: Departure) -> None:
        """Takes a departure into account."""
        so_far = self.removed[departure.rule]
        self.removed[departure.rule] = replace(
            so_far,
            objects=so_far.objects + len(departure.objects),
            size_bytes=so_far.size_bytes + departure.size_bytes,
            partitions=so_far.partitions + len(departure.partitions),
        )

    def keep(self, reason: Kept, names: Iterable[str]) -> None:
        """Takes into account what stayed."""
        found = list(names)
        if found:
            count, named = self.kept.get(reason, (0, []))
            self.kept[reason] = (count + len(found), (named + found)[:_NAMED])

    @property
    def warnings(self) -> list[str]:
        """What stayed, a line for each reason."""
        return [
            f"{count:,} {reason.value}: {', '.join(named)}{' …' if count > len(named) else ''}"
            for reason, (count, named) in self.kept.items()
        ]

    @property
    def metadata(self) -> dict[str, bool | int | list[str]]:
        """The numbers, for a materialization."""
        numbers: dict[str, bool | int | list[str]] = {"dry_run": self.dry_run}
        for rule, one in self.removed.items():
            numbers[f"{rule}_objects"] = one.objects
            numbers[f"{rule}_bytes"] = one.size_bytes
            numbers[f"{rule}_partitions"] = one.partitions
        for reason in Kept:
            count, named = self.kept.get(reason, (0, []))
            numbers[f"kept_{reason.name.lower()}"] = count
            if named:
                numbers[f"kept_{reason.name.lower()}_sample"] = list(named)
        return numbers
