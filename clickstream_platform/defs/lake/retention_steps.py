"""The steps of retention, in an order that no crash and no compaction can turn into a loss.

Belongs here: carrying out what `core.retention` decides. When it runs belongs to `retention` and to
the command line.

1. Partitions are read before anything is listed. A generation that is committed while this runs was
   written after that, so it is either not in the plan or too young for it.
2. Raw objects. First their hour's partition is told that they expire (a rebuild reads the live
   generation too from then on), then they are deleted, and at last an hour without any leaves the
   table of raw events. A crash in between leaves a note that costs a rebuild some reading, or a
   partition without files; the next run goes on.
3. Hours past their time, those without raw objects: a mark among their files, then the partition is
   dropped. Their files stay for the grace, which the mark's age tells.
4. Compacted files that no partition points at. The partitions are read once more just before: only
   an hour whose partition still lies where it lay when it was judged loses files. What the plan
   names has been older than the grace, in which every run ends, so nobody can commit it in the
   moment between that look and the deletion.
5. What was set aside, and the places that erasures have noted.
6. Every hour that has lost raw objects is told once more that they expire.
7. Builds of marts that nobody reads.

A partition is changed by reading and writing it, which Glue cannot make one step: a rebuild that
commits in the same moment writes back what it has read, without the note. Dagster keeps its runs of
both apart, by a pool and a tag. Whoever takes these steps elsewhere has to know that no Dagster
runs. Step 6 is for those who err: it leaves a rebuild that writes only after this has ended.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from clickstream_platform.core.departures import Departure, Kept, Outcome, Rule
from clickstream_platform.core.erased import ERASED_PREFIX
from clickstream_platform.core.generations import RAW_EXPIRED
from clickstream_platform.core.listings import by_hour, datehour_of_events_key, in_batches
from clickstream_platform.core.retention import (
    EXPIRED_MARK,
    SET_ASIDE_PREFIXES,
    HourPlan,
    RetentionPolicy,
)
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.defs.lake.mart_retention import departing_builds
from clickstream_platform.resources.catalog import CatalogResource, Partition
from clickstream_platform.resources.lake import LakeResource, folder_at
from lambdas.shared import lake as layout

# Hours that are judged together: what Glue takes in one call, unless their objects are very many.
_BATCH_HOURS = 100
_BATCH_OBJECTS = 10_000
_SET_ASIDE_BATCH = 1000  # what S3 deletes in one call


@dataclass(frozen=True)
class Tables:
    """The tables whose partitions are the hours.

    Attributes:
        raw: The raw events.
        events: The compacted events.
    """

    raw: str
    events: str


class Retention:
    """One run of retention.

    Args:
        lake: The lake.
        catalog: The catalog.
        tables: The tables.
        policy: The rules.
        now: The present, the same for every decision of the run.
        dry_run: Whether to change nothing and only tell what would leave.
        report: Told of everything that leaves, after it did.
    """

    def __init__(
        self,
        lake: LakeResource,
        catalog: CatalogResource,
        tables: Tables,
        policy: RetentionPolicy,
        now: datetime,
        *,
        dry_run: bool,
        report: Callable[[Departure], None],
    ) -> None:
        self._lake = lake
        self._catalog = catalog
        self._tables = tables
        self._policy = policy
        self._now = now
        self._dry_run = dry_run
        self._report = report
        self._outcome = Outcome(dry_run)
        self._changed: set[str] = set()
        self._without_raw: set[str] = set()

    def run(self) -> Outcome:
        """Removes whatever is past its time; may be cut off anywhere and run again.

        Returns:
            What left and what was kept.

        Raises:
            LakeError: If S3 refuses to delete something.
            CatalogError: If Glue refuses to change a partition.
        """
        raw_hours = set(self._catalog.all_partitions(self._tables.raw))
        places = {
            hour: partition.location
            for hour, partition in self._catalog.all_partitions(self._tables.events).items()
        }
        still_raw = self._remove_raw_objects(places)
        self._drop_raw_hours(sorted(raw_hours - still_raw))
        expired = [
            hour
            for hour in places
            if hour not in still_raw and self._policy.has_expired(hour, self._now)
        ]
        self._drop_expired_hours(expired)
        gone = set() if self._dry_run else set(expired)
        self._remove_files({hour: place for hour, place in places.items() if hour not in gone})
        for prefix in (*SET_ASIDE_PREFIXES, layout.UNDELIVERED_PREFIX, ERASED_PREFIX):
            self._remove_set_aside(prefix)
        # For a commit that had read its partition before the first note and came after the second.
        self._note_expiry(self._without_raw)
        self._remove_mart_builds()
        return self._outcome

    def _remove_raw_objects(self, places: Mapping[str, str]) -> set[str]:
        """Removes raw objects; returns the hours that have some left."""
        listing = self._lake.list_objects(f"{layout.RAW_PREFIX}/")
        plans = (
            self._policy.raw_hour(hour, objects, places.get(hour), self._now)
            for hour, objects in by_hour(listing, layout.datehour_of_raw_key)
        )
        left: set[str] = set()
        for batch in self._batches(plans):
            due = [plan for plan in batch if plan.going]
            self._note_expiry(plan.datehour for plan in due)
            unchanged = self._unchanged(due, noted=not self._dry_run)
            self._carry_out(unchanged)
            done = {plan.datehour for plan in unchanged}
            # A commit that had read its partition before the note has taken the note away.
            self._note_expiry(done)
            self._without_raw |= done
            left |= {one.datehour for one in batch if one.left or one.datehour not in done}
        return left

    def _note_expiry(self, hours: Iterable[str]) -> None:
        if not self._dry_run:
            self._catalog.annotate(self._tables.events, sorted(hours), RAW_EXPIRED)

    def _drop_raw_hours(self, hours: Sequence[str]) -> None:
        """Takes hours without any raw object out of the table of raw events."""
        for batch in _slices(hours, _BATCH_HOURS):
            # Looked at once more: a late object brings its hour back.
            empty = [hour for hour in batch if self._dry_run or not self._has_raw(hour)]
            self._drop(self._tables.raw, empty, Rule.RAW)

    def _has_raw(self, hour: str) -> bool:
        return next(self._lake.list_objects(layout.raw_prefix(hour)), None) is not None

    def _drop_expired_hours(self, hours: Sequence[str]) -> None:
        """Takes hours past their time out of the table of compacted events."""
        for batch in _slices(hours, _BATCH_HOURS):
            if not self._dry_run:
                for hour in batch:
                    self._lake.write(f"{layout.events_prefix(hour)}{EXPIRED_MARK}", b"")
            self._drop(self._tables.events, batch, Rule.EXPIRED_HOURS)

    def _remove_files(self, places: Mapping[str, str]) -> None:
        """Removes compacted files that no partition points at."""
        listing = self._lake.list_objects(f"{layout.EVENTS_PREFIX}/")
        plans = (
            self._policy.files(
                hour, objects, places.get(hour), self._prefix_of(places.get(hour)), self._now
            )
            for hour, objects in by_hour(listing, datehour_of_events_key)
        )
        for batch in self._batches(plans):
            self._carry_out(self._unchanged([plan for plan in batch if plan.going]))

    def _remove_set_aside(self, prefix: str) -> None:
        listing = self._lake.list_objects(f"{prefix}/")
        past = (one for one in listing if self._policy.is_past(one, self._now))
        while batch := list(islice(past, _SET_ASIDE_BATCH)):
            self._delete(Rule.SET_ASIDE, batch)

    def _remove_mart_builds(self) -> None:
        locations = self._catalog.locations_below(self._lake.uri(f"{layout.MARTS_PREFIX}/"))
        before = self._now - self._policy.generation_grace
        for builds in departing_builds(self._lake, locations, before):
            self._delete(Rule.MART_BUILDS, builds)

    def _batches(self, plans: Iterable[HourPlan]) -> Iterator[list[HourPlan]]:
        """Gathers plans, and takes what they keep into account."""
        for batch in in_batches(plans, max_plans=_BATCH_HOURS, max_objects=_BATCH_OBJECTS):
            for plan in batch:
                if plan.kept is not None:
                    self._outcome.keep(*plan.kept)
            yield batch

    def _unchanged(self, plans: Sequence[HourPlan], *, noted: bool = False) -> list[HourPlan]:
        """The plans that may be carried out: nothing has moved since they were made.

        Args:
            plans: The plans.
            noted: Whether the partition must also say that its raw objects expire.
        """
        present = self._catalog.partitions(self._tables.events, [plan.datehour for plan in plans])
        fine = [plan for plan in plans if _allows(present.get(plan.datehour), plan, noted=noted)]
        changed = {plan.datehour for plan in plans} - {plan.datehour for plan in fine}
        self._outcome.keep(Kept.CHANGED, sorted(changed - self._changed))
        self._changed |= changed
        return fine

    def _carry_out(self, plans: Sequence[HourPlan]) -> None:
        for rule in Rule:
            objects = [one for plan in plans if plan.rule is rule for one in plan.going]
            if objects:
                self._delete(rule, objects)

    def _delete(self, rule: Rule, objects: Sequence[StoredObject]) -> None:
        if not self._dry_run:
            self._lake.delete(one.key for one in objects)
        self._tell(Departure(rule, objects))

    def _drop(self, table: str, hours: Sequence[str], rule: Rule) -> None:
        if hours:
            if not self._dry_run:
                self._catalog.drop(table, hours)
            self._tell(Departure(rule, partitions=[f"{table}/{hour}" for hour in hours]))

    def _tell(self, departure: Departure) -> None:
        self._outcome.count(departure)
        self._report(departure)

    def _prefix_of(self, location: str | None) -> str:
        """A partition's location as a prefix of keys of this lake."""
        return "" if location is None else folder_at(self._lake, location)


def _allows(partition: Partition | None, plan: HourPlan, *, noted: bool) -> bool:
    if partition is None or plan.location is None:
        return partition is None and plan.location is None
    says_so = RAW_EXPIRED.items() <= partition.parameters.items()
    return partition.location == plan.location and (says_so or not noted)


def _slices(hours: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(hours), size):
        yield hours[start : start + size]
