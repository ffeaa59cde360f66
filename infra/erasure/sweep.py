"""One pass over all stores, and a look at what is left.

Belongs here: the order of the stores. How a store is made one without the person belongs in its own
module, when there is another pass in `erasure`.

First the events go, because everything else is built from them; then what was built from them; then
the old versions of both, which by then nobody writes any more.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial

from clickstream_platform.core.erasure import Given
from infra.erasure.finding import EVENTS_TABLE, RAW_TABLE
from infra.erasure.hours import Hours
from infra.erasure.marts import Marts
from infra.erasure.record import HourRecord, Record
from infra.erasure.stores import Stores
from infra.erasure.workbench import Workbench

_RUN_BYTES = 4


class Sweep:
    """One pass.

    Args:
        stores: The stores.
        workbench: What knows the person.
        given: The ids given.
        record: What is done is written down in it.
        save: Stores the record.
        report: Told what goes on.
        now: The clock.
    """

    def __init__(
        self,
        stores: Stores,
        workbench: Workbench,
        given: Given,
        record: Record,
        save: Callable[[], None],
        report: Callable[[str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._stores = stores
        self._record = record
        self._save = save
        self._report = report
        self._now = now
        run = secrets.token_hex(_RUN_BYTES)
        self._hours = Hours(stores.lake, stores.catalog, workbench, run, now)
        self._marts = Marts(stores.lake, stores.athena, stores.glue, workbench)
        self._set_aside = stores.set_aside(record.person, given)

    def run(self) -> dict[str, int]:
        """Goes through all stores.

        Returns:
            What each still holds.

        Raises:
            ErasureError: If a store cannot be made one without the person.
        """
        self._purge_hours()
        self._purge_set_aside()
        self._purge_items()
        self._rebuild()
        self._drop_old()
        clean_since = self._now()
        self._drop_answers(clean_since)
        self._serve()
        self._report("looking into every store again")
        return self._left(clean_since)

    def _purge_hours(self) -> None:
        record = self._record
        waiting = sorted(hour for hour, one in record.round.hours.items() if not one.is_done)
        for number, hour in enumerate(waiting, 1):
            self._report(f"hour {hour}, {number:,} of {len(waiting):,}")
            record.marts_are_stale = True
            self._hours.purge(hour, partial(self._note_hour, hour))
            record.round.hours[hour].is_done = True
            self._save()

    def _note_hour(self, hour: str, found: HourRecord) -> None:
        if self._record.round.hours[hour].note(found):
            self._save()

    def _purge_set_aside(self) -> None:
        found = self._set_aside.find()
        self._note("quarantine_records", sum(found.values()))
        for key in found:
            self._set_aside.purge(key)

    def _purge_items(self) -> None:
        items = self._stores.items
        for store in items.stores:
            keys = items.find(store, self._record.person)
            self._note(store.name, len(keys))
            items.delete(store, keys)

    def _rebuild(self) -> None:
        """Builds the marts anew, unless that was done after the last hour was written."""
        record = self._record
        names = [mart.name for mart in self._marts.all()]
        found = self._marts.rows(record.person)
        self._note("mart_rows", found)
        if names and (record.marts_are_stale or found):
            self._report(f"building the marts {', '.join(names)}")
            self._stores.rebuilder.rebuild(record.hours)
            record.serving_is_stale = True
        record.marts_are_stale = False
        self._save()

    def _drop_old(self) -> None:
        old = self._old_generations()
        builds = self._marts.old_builds()
        self._note("old_generation_objects", len(old))
        self._note("old_mart_builds", len(builds))
        self._stores.lake.delete(old)
        self._marts.drop(builds)

    def _old_generations(self) -> list[str]:
        return [key for hour in self._record.hours for key in self._hours.old_objects(hour)]

    def _drop_answers(self, end: datetime) -> None:
        answers = self._stores.answers
        found = answers.written_until(end)
        self._note("query_results", len(found))
        answers.delete(found)

    def _serve(self) -> None:
        """Loads the marts into SPICE, whose copy is otherwise as old as its last load."""
        record, stores = self._record, self._stores
        if not record.serving_is_stale:
            return
        served = sorted(one.name for one in self._marts.all() if one.name in stores.data_sets)
        self._note("spice_data_sets", len(served))
        for mart in served:
            data_set = stores.data_sets[mart]
            self._report(f"loading {data_set} into SPICE")
            stores.warehouse.refresh(data_set, f"erasure-{secrets.token_hex(8)}")
        record.serving_is_stale = False
        self._save()

    def _left(self, clean_since: datetime) -> dict[str, int]:
        """What each store still holds."""
        stores, person = self._stores, self._record.person
        stores.finder.register_raw_hours()
        rows = stores.finder.rows(person)
        items = stores.items
        return {
            "raw_rows": rows.total(RAW_TABLE),
            "event_rows": rows.total(EVENTS_TABLE),
            "mart_rows": self._marts.rows(person),
            "old_mart_builds": len(self._marts.old_builds()),
            "old_generation_objects": len(self._old_generations()),
            "quarantine_records": sum(self._set_aside.find().values()),
            **{store.name: len(items.find(store, person)) for store in items.stores},
            "query_results": len(stores.answers.written_until(clean_since)),
        }

    def _note(self, store: str, count: int) -> None:
        """Writes down what was found before it is removed."""
        if count:
            self._report(f"{store.replace('_', ' ')}: {count:,}")
        self._record.round.note(store, count)
        self._save()
