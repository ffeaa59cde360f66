"""Where a person is in the tables of events.

Belongs here: asking Athena and reading its answers. What is asked belongs in
`clickstream_platform.core.erasure_sql`.
"""

from collections import Counter
from dataclasses import dataclass

from clickstream_platform.core import erasure_sql
from clickstream_platform.core.erasure import Links, Person, Rows, read_links, read_rows
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from lambdas.shared import lake as layout

RAW_TABLE = "raw_events"
EVENTS_TABLE = "events"
TABLES = (EVENTS_TABLE, RAW_TABLE)


@dataclass(frozen=True)
class Finder:
    """Finds a person in the tables of events.

    Both tables are asked: the raw zone may hold what is not compacted yet, the compacted hours what
    has expired there.
    """

    lake: LakeResource
    catalog: CatalogResource
    athena: AthenaResource

    def register_raw_hours(self) -> Counter[str]:
        """Makes every raw hour visible to Athena, as the sensor would do with its next tick.

        Returns:
            How many raw objects each hour has.
        """
        keys = (one.key for one in self.lake.list_objects(f"{layout.RAW_PREFIX}/"))
        hours = Counter(
            hour for key in keys if (hour := layout.datehour_of_raw_key(key)) is not None
        )
        missing = hours.keys() - self.catalog.all_partitions(RAW_TABLE).keys()
        self.catalog.place(
            RAW_TABLE, {hour: self.lake.uri(layout.raw_prefix(hour)) for hour in sorted(missing)}
        )
        return hours

    def unlisted_hours(self) -> list[str]:
        """Hours that have compacted files and no partition, in order."""
        keys = (one.key for one in self.lake.list_objects(f"{layout.EVENTS_PREFIX}/"))
        hours = {_hour_of(key) for key in keys}
        return sorted(hours - self.catalog.all_partitions(EVENTS_TABLE).keys())

    def links(self, person: Person) -> Links:
        """The ids that occur together with a person."""
        return read_links(self.athena.query(erasure_sql.links_sql(person, TABLES)))

    def rows(self, person: Person) -> Rows:
        """The person's rows in both tables."""
        return read_rows(
            self.athena.query(erasure_sql.rows_sql(part, TABLES)) for part in person.portions()
        )


def _hour_of(key: str) -> str:
    """The hour of a compacted file, `events/datehour=…/…`."""
    return key.split("/")[1].partition("=")[2]
