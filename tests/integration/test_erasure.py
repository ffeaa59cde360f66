"""An erasure in an account that the embedded AWS plays, from the command to the marts.

It has a stack of its own there: nobody else is counted or erased.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from clickstream_platform.core.erased import in_note
from clickstream_platform.core.generations import RAW_EXPIRED, generation_id
from clickstream_platform.core.stream_audit import Position
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.published import location_of, versions_of
from clickstream_platform.settings import Settings
from infra.cli import app
from infra.erasure.rebuilding import DbtRebuilder
from infra.erasure.report import checksum_of
from infra.local.endpoints import ACCOUNT
from infra.local.specs import batch_environment
from infra.topology import Topology
from lambdas.aggregator.session_store import SessionStore
from lambdas.aggregator.sessions import Session
from lambdas.anomaly_detector.rules import Alert
from lambdas.anomaly_detector.store import AlertStore
from lambdas.event_processor.logic import Batch
from lambdas.event_processor.store import Archive, to_parquet
from lambdas.shared import lake as layout
from lambdas.shared.bad_records import BadRecord
from lambdas.shared.codec import StreamRecord
from lambdas.shared.event import Event
from tests.integration.account import calls, calls_about_another, deployed, name_of
from tests.trail.rig import RecordedPlatform

pytestmark = pytest.mark.integration

HOUR, EXPIRED = "2026-01-01-10", "2026-01-01-11"
SHARD = "shardId-000000000000"
USER, DEVICE, SESSION = "anna-4f2c@example.org", "d-anna-4f2c", "s-anna-4f2c"
SECRETS = (USER, DEVICE, SESSION)
OTHERS = ("bob", "d-bob", "s-bob")


def events(hour: str, user: str, device: str, session: str, first: int) -> list[Event]:
    """A visit: two events before the login, two after it."""
    start = layout.start_of(hour)
    return [
        Event(
            event_id=f"e{first + number}",
            event_type="page_view",
            event_time=start + timedelta(minutes=number),
            received_at=start + timedelta(minutes=number, seconds=1),
            session_id=session,
            user_id=user if number > 1 else None,
            anonymous_id=device,
            page_path=f"/{number}",
            experiments={"button": "blue", "ü": ""},
            shard_id=SHARD,
            sequence_number=str(10**55 + first + number),
        )
        for number in range(4)
    ]


@dataclass
class Site:
    """A platform of its own, with Anna and Bob in it."""

    topology: Topology
    lake: LakeResource
    catalog: CatalogResource
    athena: AthenaResource

    def erase(self, *arguments: str, answer: str = "") -> Result:
        where = ("--aws", "--stack", self.topology.stack, "--no-dagster")
        return CliRunner().invoke(
            app, ["erase", *where, *arguments], input=answer, env={"COLUMNS": "200"}
        )

    def everything(self) -> dict[str, str]:
        """Every stored object and item as text, by its place."""
        found = {}
        for bucket in self.topology.buckets:
            store = LakeResource(bucket=bucket.name)
            for one in store.list_objects(""):
                content = store.read(one.key)
                if content.startswith(b"PAR1"):
                    content = str(pq.read_table(BytesIO(content)).to_pylist()).encode()
                if one.key.startswith("quarantine/"):
                    lines = map(json.loads, content.splitlines())
                    content = b"".join(base64.b64decode(line["payload"]) for line in lines)
                found[store.uri(one.key)] = content.decode(errors="replace")
        dynamodb = boto3.client("dynamodb")
        for table in self.topology.tables:
            for item in dynamodb.scan(TableName=table.name)["Items"]:
                found[f"{table.name} {item[table.hash_key]}"] = str(item)
        return found

    def about(self, *names: str) -> dict[str, str]:
        """What of it names somebody."""
        return {
            place: text
            for place, text in self.everything().items()
            if any(name in text or name in place for name in names)
        }

    def rows_of_others(self) -> list[Any]:
        """Everything the lake knows of Bob, as Athena tells it."""
        tables = ("raw_events", "events")
        asked = [
            f"SELECT * FROM {table} WHERE session_id = 's-bob' ORDER BY event_id"  # noqa: S608
            for table in tables
        ]
        asked.append("SELECT * FROM sessions WHERE visitor_id IN ('bob', 'd-bob') ORDER BY 1")
        return [self.athena.query(sql) for sql in asked]


@pytest.fixture(scope="module")
def site(platform: RecordedPlatform) -> Iterator[Site]:
    choices = {"quicksight_principal": "arn:aws:quicksight:us-east-1:1:group/default/all"}
    with deployed("erasure", choices, {}) as topology:
        yield settled(topology)


def settled(topology: Topology) -> Site:
    output = f"s3://{topology.results_bucket}/checks/"
    lake = LakeResource(bucket=topology.buckets[0].name)
    catalog = CatalogResource(database=topology.database)
    athena = AthenaResource(
        database=topology.database, workgroup=topology.workgroup, output_location=output
    )
    populate(lake, catalog, topology)
    environment = batch_environment(topology, {"DBT_POLL_INTERVAL_S": "0.05"})
    dbt = DbtRebuilder(Settings().dbt_project_dir, environment, Settings().max_days_per_build)
    dbt.rebuild([])
    return Site(topology, lake, catalog, athena)


def populate(lake: LakeResource, catalog: CatalogResource, topology: Topology) -> None:
    s3 = boto3.client("s3")
    anna = events(HOUR, USER, DEVICE, SESSION, 0)
    bob = events(HOUR, "bob", "d-bob", "s-bob", 10)
    earlier = [*events(EXPIRED, USER, DEVICE, SESSION, 20), *events(EXPIRED, *OTHERS, 30)]
    archive = Archive(s3, lake.bucket)
    bad = [
        BadRecord(
            StreamRecord(SHARD, str(number), datetime(2026, 1, 1, tzinfo=UTC), payload, "key"),
            "invalid_json",
            "…",
        )
        for number, payload in enumerate([json.dumps({"user_id": USER}).encode(), b"{bob"])
    ]
    archive.write(Batch(SHARD, "1", "2", {HOUR: anna + bob}, bad))
    archive.write(Batch(SHARD, "3", "4", {HOUR: anna}, []))  # delivered twice
    for hour, rows in ((HOUR, anna + bob), (EXPIRED, earlier)):
        prefix = layout.generation_prefix(hour, generation_id(datetime.now(UTC), "compact"))
        s3.put_object(Bucket=lake.bucket, Key=f"{prefix}0.parquet", Body=to_parquet(rows))
        catalog.place("events", {hour: lake.uri(prefix)})
    catalog.annotate("events", [EXPIRED], RAW_EXPIRED)
    catalog.place("raw_events", {HOUR: lake.uri(layout.raw_prefix(HOUR))})
    dynamodb = boto3.client("dynamodb")
    sessions = SessionStore(dynamodb, topology.stack)
    stray = f"{SESSION}#stray-on-{SHARD}"
    sessions.write([("", Session(name, fence="1")) for name in (SESSION, stray, "s-bob")])
    [topic] = [
        one["TopicArn"]
        for one in boto3.client("sns").list_topics()["Topics"]
        if one["TopicArn"].endswith(f":{topology.topics[0].name}")
    ]
    when = "2026-01-01T10:00:00+00:00"
    AlertStore(dynamodb, boto3.client("sns"), topology.stack, topic).raise_alerts(
        [Alert(f"rule#{name}", "rule", name, when, {"page": "/"}) for name in (SESSION, "s-bob")]
    )


def test_a_dry_run_says_what_would_go_and_changes_nothing(site: Site) -> None:
    before = site.everything()
    done = site.erase("--user", USER, "--dry-run")
    assert done.exit_code == 0, done.output
    for line in ("raw rows", "8", f"{HOUR}  4 in events, 8 in raw_events", "1 anonymous ids"):
        assert line in done.stdout
    assert site.everything() == before
    assert not [secret for secret in SECRETS if secret in done.output]


def test_without_an_answer_nothing_is_erased(site: Site) -> None:
    before = site.everything()
    for answer, message in (("n\n", "nothing was erased"), ("", "nobody answered")):
        done = site.erase("--user", USER, answer=answer)
        assert done.exit_code == 1
        assert message in done.stderr
        assert f"{name_of('erasure')}: Erase" in done.stderr
    assert site.everything() == before


def test_a_person_is_erased_from_everything(site: Site, tmp_path: Path) -> None:
    """Every object of both buckets and every item of every table is read for the ids."""
    site.athena.query("SELECT * FROM events")  # its answer lies in the results bucket
    others = site.rows_of_others()
    assert len(site.about(*SECRETS)) == 12
    file = tmp_path / "report.json"
    done = site.erase("--user", USER, "--yes", "--report", str(file), "--by", "tests")
    assert done.exit_code == 0, done.output
    assert site.about(*SECRETS) == {}
    assert site.rows_of_others() == others
    assert not [secret for secret in SECRETS if secret in done.output]
    report = json.loads(file.read_text())
    assert report["sha256"] == checksum_of(report)
    assert report["requested_by"] == "tests"
    assert report["hours"] == {
        HOUR: {"raw_rows": 8, "event_rows": 4},
        EXPIRED: {"raw_rows": 0, "event_rows": 4},
    }
    removed = report["removed"]
    assert (removed["raw_objects_rewritten"], removed["raw_objects_deleted"]) == (1, 1)
    assert (removed["session_items"], removed["alerts"]) == (2, 1)
    assert (removed["quarantine_records"], removed["old_mart_builds"]) == (1, 3)
    notes = [site.lake.read(one.key) for one in site.lake.list_objects("erased/")]
    assert set().union(*map(in_note, notes)) == {
        *(Position(SHARD, 10**55 + number) for number in range(4)),
        Position(SHARD, 0),  # from the quarantine
    }
    [key] = [one.key for one in site.lake.list_objects("erasures/")]
    assert json.loads(site.lake.read(key)) == report


def test_the_hours_that_are_left_are_whole(site: Site) -> None:
    """One generation an hour, of the contract's columns, and what was noted on it still noted."""
    for hour in (HOUR, EXPIRED):
        partition = site.catalog.partitions("events", [hour])[hour]
        [one] = site.lake.list_objects(layout.events_prefix(hour))
        assert site.lake.uri(one.key).startswith(partition.location)
        schema = pq.read_schema(BytesIO(site.lake.read(one.key)))
        assert schema.equals(pq.read_schema(BytesIO(to_parquet(events(HOUR, *OTHERS, 0)))))
    assert site.catalog.partitions("events", [EXPIRED])[EXPIRED].parameters == RAW_EXPIRED


def test_older_versions_of_the_marts_point_at_nothing_deleted(site: Site) -> None:
    glue, database = boto3.client("glue"), site.topology.database
    for version in versions_of(glue, database, "retention_cohorts"):
        assert list(site.lake.list_objects(location_of(version).removeprefix(site.lake.uri(""))))


def test_spice_was_loaded_after_the_marts_were_built(site: Site) -> None:
    found = boto3.client("quicksight").list_ingestions(
        AwsAccountId=ACCOUNT, DataSetId="erasure-sessions"
    )["Ingestions"]
    [count] = site.athena.query("SELECT count(*) AS sessions FROM sessions")
    assert found[0]["IngestionStatus"] == "COMPLETED"
    assert str(found[0]["RowInfo"]["RowsIngested"]) == count["sessions"]


def test_who_is_gone_is_not_found_again(site: Site) -> None:
    done = site.erase("--user", USER, "--yes")
    assert done.exit_code == 0, done.output
    assert "│ hours                       │     0 │" in done.stdout


def test_no_other_stack_was_asked_for_anything(platform: RecordedPlatform, site: Site) -> None:
    """Not by dbt either, which is a process of its own and told by variables alone."""
    assert calls(platform) > 100
    assert calls_about_another(platform) == []
