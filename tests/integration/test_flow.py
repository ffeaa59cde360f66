"""Events in twice, hours out once: the whole flow on the embedded AWS."""

import os
import subprocess
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path

import boto3
import pytest

from infra.cli import SAMPLE
from infra.clients.access_log import AccessLog, read_access_log
from infra.clients.sender import send_events
from infra.demo import wait_drained
from infra.local.launcher import Platform
from infra.local.progress import stream_end
from infra.querying import Querying
from infra.summary import StoreFigures, read_figures

LINES = 400
BAD_RECORD = b'{"event_type": "page_view", "session_id": "s"'

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def log() -> AccessLog:
    lines = SAMPLE.read_bytes().splitlines(keepends=True)[:LINES]
    return read_access_log(BytesIO(b"".join(lines)))


@pytest.fixture(scope="module")
def querying(platform: Platform) -> Querying:
    topology = platform.topology
    return Querying(boto3.client("athena"), topology.database, topology.workgroup)


@pytest.fixture(scope="module")
def figures(platform: Platform, log: AccessLog, querying: Querying) -> StoreFigures:
    """A log sent twice and a bad record from a direct producer, through all of it."""
    kinesis, topology = boto3.client("kinesis"), platform.topology
    for _ in range(2):
        report = send_events(log.events(), platform.ports.collector_url)
        assert (report.accepted, report.rejected) == (len(log.hits), 0)
    kinesis.put_record(StreamName=topology.stream.name, Data=BAD_RECORD, PartitionKey="s")
    end = stream_end(kinesis, topology.stream.name)
    assert end.records == 2 * len(log.hits) + 1
    for function in topology.functions:
        if function.mapping is not None:
            wait_drained(platform, function.package, end)
    run_batch(platform)
    return read_figures(querying, boto3.client("dynamodb"), "clickstream")


def run_batch(platform: Platform) -> None:
    platform.specs.prepare_dagster_home()
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.batch"],
        env={**os.environ, **platform.specs.environment},
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_replay_changes_no_batch_figure(figures: StoreFigures, log: AccessLog) -> None:
    summary = log.summary()
    assert figures.archived == 2 * summary.events
    assert figures.duplicates == summary.events
    assert figures.compacted == summary.events
    assert (figures.hours, figures.visitors) == (summary.hours, summary.visitors)
    assert figures.page_views_rollup == summary.page_views
    views = Counter((hit.target or "").partition("?")[0] for hit in log.hits if hit.is_page_view)
    best = sorted(views.items(), key=lambda item: (-item[1], item[0]))[:10]
    assert [(page["page_path"], page["views"]) for page in figures.top_pages] == best


def test_sessions_are_the_same_on_both_sides(figures: StoreFigures, log: AccessLog) -> None:
    """The client's sessions and the mart's follow one rule, so their numbers agree."""
    assert figures.sessions == figures.sessions_realtime == log.summary().sessions


def test_recent_duplicates_are_not_counted_in_real_time(
    figures: StoreFigures, log: AccessLog
) -> None:
    assert figures.page_views_realtime == log.summary().page_views


def test_a_bad_record_is_kept_with_its_reason(figures: StoreFigures, querying: Querying) -> None:
    assert figures.quarantined == 1
    rows = querying.ask("SELECT reason, from_utf8(from_base64(payload)) FROM quarantine").rows
    assert rows == [["invalid_json", BAD_RECORD.decode()]]


def test_spice_holds_the_rows_of_the_marts(querying: Querying, platform: Platform) -> None:
    quicksight = boto3.client("quicksight")
    found = quicksight.list_ingestions(
        AwsAccountId="123456789012", DataSetId="clickstream-sessions"
    )
    latest = found["Ingestions"][0]
    assert latest["IngestionStatus"] == "COMPLETED"
    assert latest["RowInfo"]["RowsIngested"] == querying.number("SELECT count(*) FROM sessions")


def test_a_second_look_finds_nothing_due(
    figures: StoreFigures, platform: Platform, querying: Querying
) -> None:
    """What a daemon of a later start sees: the hours are done, and a rebuild changes nothing."""
    run_batch(platform)
    assert read_figures(querying, boto3.client("dynamodb"), "clickstream") == figures
