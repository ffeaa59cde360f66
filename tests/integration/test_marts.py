"""The marts on the embedded AWS: what a run of some hours leaves is what a build of all would.

They share the running platform and have stacks of their own on it.
"""

import os
import random
import subprocess
import sys
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from clickstream_platform.core.build_parts import BuildPart, parts_of_all
from clickstream_platform.core.dbt_arguments import build_arguments
from clickstream_platform.core.generations import generation_id
from clickstream_platform.core.hours import HourRange
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.published import published_tables
from clickstream_platform.settings import Settings
from infra.erasure.rebuilding import DbtRebuilder
from infra.local.endpoints import ACCOUNT
from infra.local.launcher import Platform
from infra.local.provision import provision
from infra.local.specs import batch_environment
from infra.topology import build_topology
from lambdas.event_processor.store import to_parquet
from lambdas.shared import lake as layout
from lambdas.shared.event import Event

pytestmark = pytest.mark.integration

# Summer time begins in New York on 8 March 2026 at 7:00 UTC: that day has 23 hours.
ZONE = "America/New_York"
PROJECT = Settings().dbt_project_dir
FIRST = datetime(2026, 3, 6, 3, tzinfo=UTC)
PAGES = ("/", "/product/1", "/cart", "/checkout", "/blog/a", "/projects/b", None)


def made_up(seed: int, visitors: int, begin_h: float, span_h: float, name: str) -> list[Event]:
    """Visits across hours and days, with pauses of all lengths; bots, users and devices."""
    chance = random.Random(seed)
    events = []
    for visitor in range(visitors):
        moment = FIRST + timedelta(hours=begin_h + chance.random() * span_h)
        is_client = chance.random() < 0.5
        for number in range(chance.choice((1, 2, 5, 20))):
            kind = chance.choice(("page_view", "page_view", "click", "purchase"))
            events.append(
                Event(
                    event_id=f"{name}-{visitor}-{number}",
                    event_type=kind,
                    event_time=moment,
                    received_at=moment,
                    session_id=f"s{visitor % 7}" if is_client else f"anon-{visitor}",
                    user_id=f"u{visitor % 5}" if chance.random() < 0.2 else None,
                    anonymous_id=f"d{visitor % 9}" if chance.random() < 0.9 else None,
                    page_path=chance.choice(PAGES),
                    element_clicked="buy" if kind == "click" else None,
                    time_spent=chance.random() * 90 if kind == "click" else None,
                    is_bot=visitor % 11 == 0,
                    channel=chance.choice(("direct", "search", "campaign")),
                )
            )
            pauses = (0, 0, 1, 7, 400, 1800, 1801, 4000, 90000)
            moment += timedelta(seconds=chance.choice(pauses))
    return events


def event(event_id: str, moment: datetime) -> Event:
    return Event(
        event_id=event_id,
        event_type="page_view",
        event_time=moment,
        received_at=moment,
        session_id=event_id,
    )


@dataclass
class Lake:
    """A stack of its own with compacted hours in it, and the dbt project over them."""

    stack: str
    hours: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    generations: int = 0

    def __post_init__(self) -> None:
        topology = build_topology(ACCOUNT, stack=self.stack)
        provision(topology, ACCOUNT)
        self.lake = LakeResource(bucket=topology.buckets[0].name)
        self.catalog = CatalogResource(database=topology.database)
        self.athena = AthenaResource(
            database=topology.database,
            workgroup=topology.workgroup,
            output_location=f"s3://{topology.results_bucket}/checks/",
        )
        self.environment = batch_environment(topology, {"DBT_POLL_INTERVAL_S": "0.05"})
        self.in_zone = {**self.environment, "CLICKSTREAM_TIME_ZONE": ZONE}
        self._dbt = DbtRebuilder(PROJECT, self.in_zone, Settings().max_days_per_build)

    def compact(self, events: list[Event]) -> list[str]:
        """Writes events into their hours, beside what is there; returns the hours."""
        changed = set()
        for event in events:
            hour = layout.datehour_of(event.event_time)
            self.hours[hour].append(event)
            changed.add(hour)
        self._place(changed)
        return sorted(changed)

    def empty(self, hour: str) -> None:
        """Takes all events out of an hour, as an erasure may."""
        del self.hours[hour]
        self.catalog.drop("events", [hour])

    def _place(self, hours: Any) -> None:
        self.generations += 1
        made = FIRST + timedelta(days=30, seconds=self.generations)
        locations = {}
        for hour in hours:
            prefix = layout.generation_prefix(hour, generation_id(made, "compact"))
            self.lake.write(f"{prefix}0.parquet", to_parquet(self.hours[hour]))
            locations[hour] = self.lake.uri(prefix)
        self.catalog.place("events", locations)

    def build(self, hours: list[str]) -> None:
        """Runs dbt, models and data tests, of some hours."""
        self._dbt.rebuild(hours)

    def build_all(self, folder: Path, max_days: int) -> int:
        """Runs dbt for all hours, in parts; returns how many there were."""
        parts = parts_of_all(self.hours, max_days)
        for part in parts:
            run_dbt(self.in_zone, folder, *build_arguments(part))
        return len(parts)

    def tables(self) -> dict[str, list[tuple[str | None, ...]]]:
        """The rows of everything dbt has built, in order."""
        below = self.lake.uri(f"{layout.MARTS_PREFIX}/")
        found = published_tables(boto3.client("glue"), self.athena.database, below)
        return {table.name: self._rows(table.name) for table in found}

    def _rows(self, table: str) -> list[tuple[str | None, ...]]:
        rows = self.athena.query(f'SELECT * FROM "{table}"')  # noqa: S608 - our own names
        cells = [tuple(_rounded(row[name]) for name in sorted(row)) for row in rows]
        return sorted(cells, key=repr)


def _rounded(cell: str | None) -> str | None:
    """A number without its last digits: sums of the same numbers in another order differ there."""
    try:
        return f"{float(cell or ''):.9g}"
    except ValueError:
        return cell


# What a reader asks: a number of each day that any missing or repeated row would change.
QUESTIONS = {
    "int_events_sessionized": "SELECT day, count(*) AS n FROM int_events_sessionized GROUP BY day",
    "sessions": "SELECT day, sum(events) AS n FROM sessions GROUP BY day",
    "page_views_hourly": "SELECT day, sum(views) AS n FROM page_views_hourly GROUP BY day",
    "retention_cohorts": "SELECT first_day AS day, sum(active) AS n FROM retention_cohorts "
    "GROUP BY first_day",
}
Answer = dict[str | None, str | None]


def answer(lake: Lake, question: str) -> Answer:
    return {row["day"]: row["n"] for row in lake.athena.query(question)}


class Reader(threading.Thread):
    """Asks again and again while the tables are rebuilt; `stop` ends it and tells its failures."""

    def __init__(self, lake: Lake) -> None:
        super().__init__(name="reader", daemon=True)
        self.answers: dict[str, list[Answer]] = {table: [] for table in QUESTIONS}
        self.errors: list[Exception] = []
        self._lake = lake
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(0.05):
            for table, question in QUESTIONS.items():
                try:
                    self.answers[table].append(answer(self._lake, question))
                except Exception as error:
                    self.errors.append(error)

    def stop(self) -> None:
        self._stopped.set()
        self.join()


@pytest.fixture(scope="module")
def by_the_hour(platform: Platform) -> Lake:
    return Lake("martsbyhour")


@pytest.fixture(scope="module")
def whole(platform: Platform) -> Lake:
    return Lake("martswhole")


@dataclass(frozen=True)
class Watched:
    """What readers were told while a run rebuilt late hours, before it and after it."""

    before: dict[str, Answer]
    during: dict[str, list[Answer]]
    after: dict[str, Answer]
    errors: list[Exception]


@pytest.fixture(scope="module")
def watched(by_the_hour: Lake) -> Watched:
    """Runs of hours, the last one of late hours and of one that has gone, with a reader beside."""
    by_the_hour.build(by_the_hour.compact(made_up(1, 60, 0, 96, "first")))
    by_the_hour.build(by_the_hour.compact(made_up(2, 15, 110, 5, "next day")))
    late = by_the_hour.compact(made_up(3, 6, 40, 0.9, "late"))
    gone = max(hour for hour in by_the_hour.hours if hour < late[0])
    by_the_hour.empty(gone)
    before = {table: answer(by_the_hour, asked) for table, asked in QUESTIONS.items()}
    reader = Reader(by_the_hour)
    reader.start()
    try:
        by_the_hour.build([gone, *late])
    finally:
        reader.stop()
    after = {table: answer(by_the_hour, asked) for table, asked in QUESTIONS.items()}
    return Watched(before, reader.answers, after, reader.errors)


@pytest.fixture(scope="module")
def states(
    watched: Watched, by_the_hour: Lake, whole: Lake, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tables after runs of hours, late ones among them, and after a build of everything."""
    whole.compact([event for events in by_the_hour.hours.values() for event in events])
    assert whole.build_all(tmp_path_factory.mktemp("whole"), max_days=7) == 2
    return by_the_hour.tables(), whole.tables()


def test_runs_of_hours_leave_what_one_build_of_all_does(states) -> None:
    incremental, full = states
    assert incremental.keys() == full.keys()
    for name, rows in full.items():
        assert incremental[name] == rows, name
    empty = {name for name, rows in full.items() if not rows}
    assert not empty, "this proves nothing of tables without rows"


def test_readers_see_a_day_as_it_was_or_as_it_is(watched: Watched) -> None:
    """Neither a gap nor anything twice, however the run and the reader meet."""
    assert not watched.errors
    for table, answers in watched.during.items():
        old, new = watched.before[table], watched.after[table]
        assert old != new, "the run changed nothing that a reader could see"
        assert old in answers, "nobody read before the change"
        for told in answers:
            for day in old.keys() | new.keys():
                assert told.get(day) in (old.get(day), new.get(day)), (table, day)


def run_dbt(environment: dict[str, str], folder: Path, *arguments: str) -> None:
    """Runs a dbt command; its output is told if it fails."""
    command = (
        *(str(Path(sys.executable).with_name("dbt")), *arguments),
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--no-use-colors"),
        *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
    )
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.mark.usefixtures("states")
def test_the_worked_examples(whole: Lake, tmp_path: Path) -> None:
    """The unit tests beside the models; their inputs must be there as tables."""
    run_dbt(whole.environment, tmp_path, "test", "--select", "test_type:unit")


def test_more_days_are_built_than_a_statement_can_write(platform: Platform, tmp_path: Path) -> None:
    """Athena writes at most 100 partitions; a run may be of more days, at first and later."""
    lake = Lake("martslong")
    days = [FIRST + timedelta(days=day) for day in range(130)]
    hours = lake.compact([event(f"e{number}", day) for number, day in enumerate(days)])
    build = ("run", "--select", "stg_clickstream__events", "int_events_sessionized")
    run_dbt(lake.environment, tmp_path, *build)
    counted = "SELECT count(*) AS n, count(DISTINCT day) AS days FROM int_events_sessionized"
    assert lake.athena.query(counted) == [{"n": "130", "days": "130"}]
    lake.compact([event(f"again{number}", day) for number, day in enumerate(days)])
    lake.empty(hours[64])
    changed = build_arguments(BuildPart(HourRange(hours[0], hours[119])))[-2:]
    run_dbt(lake.environment, tmp_path, *build, *changed)
    # The last eight days were not to be rebuilt: an hour reaches two days on. One day is gone.
    assert lake.athena.query(counted) == [{"n": str(129 + 121), "days": "129"}]
