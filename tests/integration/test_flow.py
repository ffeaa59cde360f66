"""Events in twice, hours out once: the whole flow on the embedded AWS."""

from collections import Counter

import boto3
import pytest

from infra.clients.access_log import AccessLog
from infra.querying import Querying
from infra.summary import StoreFigures, read_figures
from tests.integration.flow import BAD_RECORD, run_batch
from tests.trail.rig import RecordedPlatform

pytestmark = pytest.mark.integration


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


@pytest.mark.parametrize("limit", [1, 999, 1_000, 1_199, 1_200])
def test_an_answer_says_whether_it_is_cut(querying: Querying, limit: int) -> None:
    """Athena gives 1,000 rows a page, and the first is the header."""
    answer = querying.ask("SELECT n FROM UNNEST(sequence(1, 1200)) AS t(n) ORDER BY n", limit)
    assert [row[0] for row in answer.rows] == [str(number + 1) for number in range(limit)]
    assert answer.is_cut == (limit < 1_200)


def test_spice_holds_the_rows_of_the_marts(querying: Querying, platform: RecordedPlatform) -> None:
    quicksight = boto3.client("quicksight")
    found = quicksight.list_ingestions(
        AwsAccountId="123456789012", DataSetId="clickstream-sessions"
    )
    latest = found["Ingestions"][0]
    assert latest["IngestionStatus"] == "COMPLETED"
    assert latest["RowInfo"]["RowsIngested"] == querying.number("SELECT count(*) FROM sessions")


def test_a_second_look_finds_nothing_due(
    figures: StoreFigures, platform: RecordedPlatform, querying: Querying
) -> None:
    """What a daemon of a later start sees: the hours are done, and a rebuild changes nothing."""
    run_batch(platform)
    assert read_figures(querying, boto3.client("dynamodb"), "clickstream") == figures
