"""What leaves the lake and when.

Belongs here: the rules of retention, as pure decisions about listings. The order of the deletions,
which no crash may hurt, belongs to `defs/lake/retention_steps`, their account in `departures`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clickstream_platform.core.conservation import is_overtaken
from clickstream_platform.core.departures import Kept, Rule
from clickstream_platform.core.generations import started_at
from clickstream_platform.core.stored_object import StoredObject
from lambdas.shared import lake

# Where `clickstream quarantine replay` puts records that it has sent again.
REPLAYED_PREFIX = "quarantine-replayed"
SET_ASIDE_PREFIXES = (lake.QUARANTINE_PREFIX, REPLAYED_PREFIX)
# An empty object among an hour's generations. It is written before the hour's partition is dropped,
# and so says two things that nothing else does: that the hour was meant to go, and since when no
# query can have begun to read it.
EXPIRED_MARK = "_expired"

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class HourPlan:
    """What is to become of one hour's raw objects, or of its compacted files.

    Attributes:
        datehour: The hour.
        location: Where its events partition lay when this was decided; None if it had none.
        rule: Why objects go.
        going: The objects that go.
        left: How many objects stay.
        kept: What stays although its time has come, and why.
    """

    datehour: str
    location: str | None
    rule: Rule
    going: Sequence[StoredObject] = ()
    left: int = 0
    kept: tuple[Kept, Sequence[str]] | None = None


@dataclass(frozen=True)
class RetentionPolicy:
    """How long things are kept.

    Attributes:
        raw: Raw objects, once they are compacted.
        events: Hours, from their end on, with all that they consist of; None for ever.
        set_aside: Records in the quarantine, and those replayed from it.
        generation_grace: Files that no partition points at any more; longer than any query, and
            than any run between its first file and its commit.
    """

    raw: timedelta
    events: timedelta | None
    set_aside: timedelta
    generation_grace: timedelta

    def has_expired(self, datehour: str, now: datetime) -> bool:
        """Whether an hour is past its time."""
        return self.events is not None and lake.start_of(datehour) + _HOUR <= now - self.events

    def raw_hour(
        self, datehour: str, objects: Sequence[StoredObject], location: str | None, now: datetime
    ) -> HourPlan:
        """What is to become of the raw objects of an hour.

        An object goes when it is old and in the live generation. One that is old and not in it is
        all there is of some events: it stays, whatever its age. The objects of an hour past its
        time go all together, unless the hour received one within the grace: whoever replays old
        events gets to see them.

        Args:
            datehour: The hour.
            objects: All of its raw objects.
            location: Where its events partition lies.
            now: The present.
        """
        fresh_from = now - self.generation_grace
        if self.has_expired(datehour, now) and all(one.modified_at < fresh_from for one in objects):
            return HourPlan(datehour, location, Rule.EXPIRED_HOURS, tuple(objects))
        old = [one for one in objects if one.modified_at < now - self.raw]
        going = [one for one in old if is_read(location, one.modified_at)]
        read = {one.key for one in going}
        unread = [one.key for one in old if one.key not in read]
        kept = (Kept.UNREAD, unread) if unread else None
        return HourPlan(datehour, location, Rule.RAW, going, len(objects) - len(going), kept)

    def files(
        self,
        datehour: str,
        objects: Sequence[StoredObject],
        location: str | None,
        live_prefix: str,
        now: datetime,
    ) -> HourPlan:
        """What is to become of the compacted files of an hour.

        A folder that the partition does not point at goes when its own files and the live ones are
        all older than the grace: a query that began before the partition moved has ended by then,
        and a run that was still writing it has committed or died. Nothing goes from an hour whose
        live files are not there, and nothing from an hour that has no partition without being
        marked as expired: a catalog that lost its partitions must not cost the files as well.

        Args:
            datehour: The hour.
            objects: Everything among its generations.
            location: Where its events partition lies; None if it has none.
            live_prefix: The same as a prefix of keys, ending in a slash; empty if it has none.
            now: The present.
        """
        all_old = all(one.modified_at < now - self.generation_grace for one in objects)
        if location is None:
            is_marked = any(_name_of(one.key) == EXPIRED_MARK for one in objects)
            if not all_old:
                return HourPlan(datehour, None, Rule.EXPIRED_HOURS, left=len(objects))
            if is_marked:
                return HourPlan(datehour, None, Rule.EXPIRED_HOURS, objects)
            kept = (Kept.NO_PARTITION, [datehour])
            return HourPlan(datehour, None, Rule.GENERATIONS, left=len(objects), kept=kept)
        live = [one for one in objects if one.key.startswith(live_prefix)]
        if not live:
            kept = (Kept.NO_FILES, [datehour])
            return HourPlan(datehour, location, Rule.GENERATIONS, left=len(objects), kept=kept)
        going = self._dead(objects, live_prefix, now) if self._is_over(live, now) else []
        return HourPlan(datehour, location, Rule.GENERATIONS, going, left=len(objects) - len(going))

    def is_past(self, set_aside: StoredObject, now: datetime) -> bool:
        """Whether an object with records that were set aside goes."""
        return set_aside.modified_at < now - self.set_aside

    def _dead(
        self, objects: Sequence[StoredObject], live_prefix: str, now: datetime
    ) -> list[StoredObject]:
        """The files of the folders that nobody reads and nobody writes."""
        folders: dict[str, list[StoredObject]] = {}
        for one in objects:
            if not one.key.startswith(live_prefix):
                folders.setdefault(one.key.rpartition("/")[0], []).append(one)
        return [one for files in folders.values() if self._is_over(files, now) for one in files]

    def _is_over(self, files: Iterable[StoredObject], now: datetime) -> bool:
        return all(one.modified_at < now - self.generation_grace for one in files)


def is_read(location: str | None, written_at: datetime) -> bool:
    """Whether the generation at a location holds a raw object.

    Args:
        location: Where an hour's partition lies; None, or an address that is no generation's, holds
            nothing for certain.
        written_at: When the object was written, as S3 tells it.
    """
    if location is None or started_at(location) is None:
        return False
    return not is_overtaken(location, [written_at])


def _name_of(key: str) -> str:
    return key.rpartition("/")[2]
