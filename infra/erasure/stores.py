"""Every store that may hold a person, and what is known of them without changing anything.

Belongs here: which stores there are, joined once, and the first look into them: what a dry run
shows and what a person is asked about. Making them ones without the person belongs in `erasure`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clickstream_platform.core.erasure import Given, Links, Person, Rows
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.warehouse import WarehouseResource
from infra.erasure.finding import EVENTS_TABLE, RAW_TABLE, Finder
from infra.erasure.payloads import Mentions
from infra.erasure.query_results import QueryResults
from infra.erasure.real_time import RealTimeItems
from infra.erasure.rebuilding import Rebuilder
from infra.erasure.set_aside import SetAsideRecords

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Stores:
    """The stores of one platform.

    Attributes:
        lake: The lake bucket.
        catalog: The tables of events.
        athena: The work group.
        answers: What Athena has written down of its answers.
        warehouse: SPICE.
        s3: For conditional writes.
        glue: For tables as a whole.
        dynamodb: Of the real-time items.
        stack: The platform's name.
        data_sets: The SPICE data set of each mart that is served.
        rebuilder: Who builds the marts.
        memory_limit: What DuckDB may use, as it spells it.
    """

    lake: LakeResource
    catalog: CatalogResource
    athena: AthenaResource
    answers: QueryResults
    warehouse: WarehouseResource
    s3: "S3Client"
    glue: "GlueClient"
    dynamodb: "DynamoDBClient"
    stack: str
    data_sets: Mapping[str, str]
    rebuilder: Rebuilder
    memory_limit: str

    @property
    def finder(self) -> Finder:
        """Who finds the person in the tables of events."""
        return Finder(self.lake, self.catalog, self.athena)

    @property
    def items(self) -> RealTimeItems:
        """The real-time items."""
        return RealTimeItems(self.dynamodb, self.stack)

    def set_aside(self, person: Person, given: Given) -> SetAsideRecords:
        """The records that were set aside, as seen by whoever looks for a person."""
        return SetAsideRecords(self.lake, self.s3, Mentions(person, given.ids))

    def look(self, person: Person, given: Given) -> "Findings":
        """Looks for a person everywhere; registers raw hours that are not yet, changes nothing.

        Args:
            person: Who it is, as far as is known.
            given: The ids given.
        """
        objects = self.finder.register_raw_hours()
        links = self.finder.links(person) if given.with_linked else Links()
        person = person.joined(links)
        rows = self.finder.rows(person)
        hours = {hour for table, hour in rows.by_hour if table == RAW_TABLE}
        items = self.items
        return Findings(
            person,
            links,
            rows,
            raw_objects=sum(objects[hour] for hour in hours),
            set_aside=sum(self.set_aside(person, given).find().values()),
            items={store.name: len(items.find(store, person)) for store in items.stores},
        )


@dataclass(frozen=True)
class Findings:
    """What was found of a person.

    Attributes:
        person: The ids they are known by.
        links: Those of them that were found, and how many are shared with others.
        rows: Their rows of events.
        raw_objects: Raw objects of the hours that have such rows.
        set_aside: Their records in the quarantine and among those replayed from it.
        items: Their real-time items, by store.
    """

    person: Person
    links: Links
    rows: Rows
    raw_objects: int
    set_aside: int
    items: Mapping[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How much was found in each store, by the names the report uses."""
        return {
            "raw_rows": self.rows.total(RAW_TABLE),
            "event_rows": self.rows.total(EVENTS_TABLE),
            "quarantine_records": self.set_aside,
            **self.items,
        }
