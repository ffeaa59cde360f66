"""A small platform with several people in it, whose erasure can be tried in every way.

Belongs here: who has done what, and what all stores look like, in comparable form. The stores are
those of `fakes`.
"""

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from clickstream_platform.core.erased import in_note
from clickstream_platform.core.erasure import Given
from clickstream_platform.core.generations import RAW_EXPIRED, generation_id
from clickstream_platform.resources.catalog import Partition
from infra.erasure.erasure import Erasure
from infra.erasure.ledger import Ledger
from infra.erasure.query_results import QueryResults
from infra.erasure.remains import Places
from infra.erasure.stores import Stores
from lambdas.event_processor.store import SCHEMA
from lambdas.shared import lake as layout
from tests.functional.erasure.fakes import (
    Bucket,
    Clock,
    FakeAthena,
    FakeCatalog,
    FakeDbt,
    FakeDynamoDB,
    FakeGlue,
    FakeLake,
    FakeS3,
    FakeWarehouse,
    Life,
    Tables,
    parquet,
)

EXPIRED, ORDINARY, RAW_ONLY = "2026-10-01-08", "2026-11-22-08", "2026-11-22-09"
SHARD = "shardId-000000000000"
ANNA, BOB = "anna@example.org", "bob"
PLACES = Places(timedelta(hours=24), timedelta(hours=24))
SESSIONS, ALERTS = "clickstream-session-metrics", "clickstream-alerts"
# What is not part of the contract stays as well.
WIDER = SCHEMA.append(pa.field("added_later", pa.int32()))


def event(
    event_id: str, hour: str, session: str, user: str | None = None, device: str | None = None
) -> dict[str, Any]:
    at = layout.start_of(hour).replace(tzinfo=None) + timedelta(minutes=len(event_id))
    return {
        "event_id": event_id,
        "event_type": "page_view",
        "event_time": at,
        "received_at": at + timedelta(seconds=1),
        "session_id": session,
        "user_id": user,
        "anonymous_id": device,
        "experiments": [("colour", "green")],
        "shard_id": SHARD,
        "sequence_number": str(1000 + len(event_id)),
        "added_later": 7,
    }


@dataclass
class World:
    """A platform, and the processes that come and go on it."""

    clock: Clock = field(default_factory=Clock)
    tables: Tables = field(default_factory=Tables)
    items: dict[str, dict[str, Any]] = field(default_factory=lambda: {SESSIONS: {}, ALERTS: {}})

    def __post_init__(self) -> None:
        self.lake = Bucket(self.clock)
        self.results = Bucket(self.clock, "results")
        self.told: list[str] = []

    def raw(self, hour: str, name: str, rows: list[dict[str, Any]]) -> str:
        """Archives events; the hour becomes queryable with the sensor's next tick."""
        key = f"{layout.raw_prefix(hour)}{name}.parquet"
        self.lake.put(key, parquet(pa.Table.from_pylist(rows, schema=WIDER)))
        return key

    def register(self, hour: str) -> None:
        location = f"s3://lake/{layout.raw_prefix(hour)}"
        self.tables.partitions["raw_events"][hour] = Partition(hour, location, {})

    def compacted(
        self, hour: str, rows: list[dict[str, Any]], run: str, at: datetime | None = None
    ) -> str:
        """Writes a generation; returns its prefix."""
        prefix = layout.generation_prefix(hour, generation_id(at or self.clock(), run))
        table = pa.Table.from_pylist(rows, schema=WIDER)
        self.lake.put(f"{prefix}events-00000.parquet", parquet(table))
        return prefix

    def publish(self, hour: str, prefix: str, notes: dict[str, str] | None = None) -> None:
        partition = Partition(hour, f"s3://lake/{prefix}", notes or {})
        self.tables.partitions["events"][hour] = partition

    def session(self, session: str) -> None:
        self.items[SESSIONS][session] = {"session_id": {"S": session}}

    def alert(self, rule: str, session: str | None) -> None:
        name = f"{rule}#{session}"
        item = {"alert_id": {"S": name}}
        self.items[ALERTS][name] = (
            item if session is None else item | {"session_id": {"S": session}}
        )

    def set_aside(self, key: str, payloads: list[bytes]) -> None:
        lines = [
            json.dumps(
                {
                    "reason": "bad",
                    "payload": base64.b64encode(one).decode(),
                    "shard_id": SHARD,
                    "sequence_number": str(number),
                }
            ).encode()
            for number, one in enumerate(payloads, len(self.lake.keys("quarantine")) * 10)
        ]
        self.lake.put(key, b"\n".join(lines) + b"\n")

    def stores(self, life: Life | None = None) -> Stores:
        """The stores as a process sees them."""
        life = life or Life()
        lake = FakeLake(self.lake, life)
        athena = FakeAthena(self.lake, self.tables, life)
        return Stores(
            lake=lake,
            catalog=FakeCatalog(self.tables, life),
            athena=athena,
            answers=QueryResults(FakeLake(self.results, life), "erasure/own/"),
            warehouse=FakeWarehouse(),
            s3=FakeS3(self.lake, life),
            glue=FakeGlue(self.tables, life),
            dynamodb=FakeDynamoDB(self.items, life),
            stack="clickstream",
            data_sets={"sessions": "spice-sessions"},
            rebuilder=FakeDbt(lake, athena, self.tables),
            memory_limit="200MB",
        )

    def erase(
        self,
        given: Given,
        life: Life | None = None,
        stores: Stores | None = None,
        meanwhile: Callable[[str], None] = lambda _: None,
        **options: Any,
    ) -> dict[str, Any]:
        """Looks and erases, as the command does."""

        def told(line: str) -> None:
            self.told.append(line)
            meanwhile(line)

        stores = stores or self.stores(life)
        ledger = Ledger(stores.lake, stores.s3)
        erasure = Erasure(stores, ledger, given, "operator", told, self.clock)
        return erasure.run(erasure.look(), lambda: PLACES, **options)

    def reports(self) -> list[dict[str, Any]]:
        """What was signed off."""
        keys = [key for key in self.lake.keys("erasures/") if key.count("/") == 1]
        return [json.loads(self.lake.read(key)) for key in keys]

    def copy(self) -> "World":
        """All that is stored at this moment; objects and items never change by themselves."""
        world = World(replace(self.clock))
        world.tables = Tables(
            {table: dict(hours) for table, hours in self.tables.partitions.items()},
            {mart: list(versions) for mart, versions in self.tables.marts.items()},
            list(self.tables.deleted_versions),
        )
        world.items = {table: dict(items) for table, items in self.items.items()}
        world.lake.objects = dict(self.lake.objects)
        world.results.objects = dict(self.results.objects)
        return world

    def noted(self) -> dict[str, set[int]]:
        """Where on the stream the erased records were, by what they were erased from."""
        found: dict[str, set[int]] = {}
        for key in self.lake.keys("erased/"):
            source = key.removeprefix("erased/").rpartition("/")[0]
            places = in_note(self.lake.read(key))
            assert {place.shard_id for place in places} <= {SHARD}
            found.setdefault(source, set()).update(place.number for place in places)
        return found

    def rows(self, table: str) -> dict[str, list[dict[str, Any]]]:
        """The rows of a table by hour, in order."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in FakeAthena(self.lake, self.tables, Life()).events(table).to_pylist():
            found.setdefault(row.pop("datehour"), []).append(row)
        return {
            hour: sorted(rows, key=lambda row: (row["event_id"], row["received_at"]))
            for hour, rows in found.items()
        }

    def state(self) -> dict[str, Any]:
        """Everything that is stored, without what is different in every run: names of files."""
        generations = {
            hour: {key.split("/")[2] for key in self.lake.keys(layout.events_prefix(hour))}
            for hour in self.tables.partitions["events"]
        }
        marts = {
            name: _distinct(self.lake.table(key).to_pylist() for key in self._files(name))
            for name in self.tables.marts
        }
        return {
            "raw_events": self.rows("raw_events"),
            "raw_objects": self.lake.keys("raw/"),
            "events": self.rows("events"),
            "generations": {hour: len(names) for hour, names in generations.items()},
            "marts": marts,
            "items": {table: sorted(items) for table, items in self.items.items()},
            "set_aside": {key: self.lake.read(key) for key in self.lake.keys("quarantine")},
            "noted": self.noted(),
            "results": self.results.keys(),
            "unfinished": self.lake.keys("erasures/unfinished/"),
            "locked": "erasures/lock" in self.lake.objects,
        }

    def _files(self, mart: str) -> list[str]:
        """The files of a mart that hold visitors, whoever points at them, and the live one."""
        live = self.tables.marts[mart][-1]["Table"]["StorageDescriptor"]["Location"]
        return [
            key
            for key in self.lake.keys(f"marts/clickstream_db/{mart}/")
            if f"s3://lake/{key}".startswith(live)
            or "visitor_id" in self.lake.table(key).schema.names
        ]


def populated() -> World:
    """Anna, who logged in on the way, Bob, and devices and sessions they share or do not."""
    world = World()
    ordinary = [
        event("a", ORDINARY, "s-anna", None, "d-anna"),  # before the login
        event("ab", ORDINARY, "s-anna", ANNA, "d-anna"),
        event("abc", ORDINARY, "s-anna", None, "d-anna"),  # after the logout
        event("b", ORDINARY, "s-bob", BOB, "d-bob"),
        event("bc", ORDINARY, "s-shared", ANNA, "d-shared"),
        event("bcd", ORDINARY, "s-shared", BOB, "d-shared"),
        event("bcde", ORDINARY, "s-shared", None, "d-shared"),  # whose, nobody knows
        event("c", ORDINARY, "s-nobody", None, "d-nobody"),
    ]
    world.raw(ORDINARY, "mixed", ordinary)
    world.raw(ORDINARY, "of-others", [event("b", ORDINARY, "s-bob", BOB, "d-bob")])
    world.register(ORDINARY)
    old = world.compacted(ORDINARY, ordinary[:3], "older")
    world.publish(ORDINARY, old)
    world.publish(ORDINARY, world.compacted(ORDINARY, ordinary, "live"))
    expired = [
        event("x", EXPIRED, "s-anna-2", None, "d-anna"),
        event("xy", EXPIRED, "s-bob-2", BOB, None),
    ]
    world.publish(EXPIRED, world.compacted(EXPIRED, expired, "live"), dict(RAW_EXPIRED))
    world.raw(RAW_ONLY, "only-anna", [event("z", RAW_ONLY, "s-anna", ANNA, None)])
    for session in ("s-anna", "s-anna#stray-on-shardId-000000000001", "s-anna-2", "s-shared"):
        world.session(session)
    world.session("s-bob")
    world.session("s-anna-3")  # nobody's that is known
    world.alert("unusual_page_sequence", "s-anna")
    world.alert("unusual_page_sequence", "s-bob")
    world.alert("traffic_spike", None)
    world.set_aside(
        "quarantine/day=2026-11-22/mixed.json",
        [
            json.dumps({"user_id": ANNA, "event_type": 1}).encode(),
            json.dumps({"user_id": BOB}).encode(),
            b"\xff" + ANNA.encode() + b"\xff",
            b"\xffnobody\xff",
        ],
    )
    world.set_aside(
        "quarantine-replayed/day=2026-11-22/anna.json",
        [json.dumps({"event": {"session_id": "s-anna"}}).encode()],
    )
    FakeDbt(*_dbt(world)).rebuild([])
    FakeDbt(*_dbt(world)).rebuild([])
    world.results.put("checks/1.csv", ANNA.encode())
    world.results.put("dbt/tables/mine/1.parquet", b"a table of somebody's")
    return world


def _dbt(world: World) -> tuple[FakeLake, FakeAthena, Tables]:
    life = Life()
    return (
        FakeLake(world.lake, life),
        FakeAthena(world.lake, world.tables, life),
        world.tables,
    )


def expected_state(before: dict[str, Any]) -> dict[str, Any]:
    """What must be stored once Anna is erased from `populated`, all others as they were."""
    gone = {"a", "ab", "abc", "bc", "x", "z"}
    raw = {
        hour: [row for row in rows if row["event_id"] not in gone]
        for hour, rows in before["raw_events"].items()
    }
    events = {
        hour: [row for row in rows if row["event_id"] not in gone]
        for hour, rows in before["events"].items()
    }
    visitors = [("bob", "3"), ("d-nobody", "1"), ("d-shared", "1")]
    lines = before["set_aside"]["quarantine/day=2026-11-22/mixed.json"].splitlines(keepends=True)
    return {
        "raw_events": raw,
        "raw_objects": [key for key in before["raw_objects"] if RAW_ONLY not in key],
        "events": events,
        "generations": {EXPIRED: 1, ORDINARY: 1, RAW_ONLY: 1},
        "marts": {
            "page_views_hourly": [[{"views": "5"}]],
            "sessions": [[{"visitor_id": who, "events": count} for who, count in visitors]],
        },
        "items": {
            SESSIONS: ["s-anna-3", "s-bob", "s-shared"],
            ALERTS: ["traffic_spike#None", "unusual_page_sequence#s-bob"],
        },
        "set_aside": {"quarantine/day=2026-11-22/mixed.json": lines[1] + lines[3]},
        "noted": {
            f"raw/datehour={ORDINARY}": {1001, 1002, 1003},  # of a, ab and bc, abc
            f"raw/datehour={RAW_ONLY}": {1001},
            "quarantine": {0, 2, 10},
        },
        "results": ["dbt/tables/mine/1.parquet"],
        "unfinished": [],
        "locked": False,
    }


def _distinct(builds: Iterable[list[Any]]) -> list[list[Any]]:
    """Builds that differ: a dbt that was killed leaves one behind that is like the next."""
    found: list[list[Any]] = []
    for build in builds:
        if build not in found:
            found.append(build)
    return found
