"""`clickstream retention` by Dagster: the platform's own job, run by a web server of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from clickstream_platform.core.departures import Kept, Outcome, Rule, Sum
from infra.dagster_web.graphql import DagsterError, GraphQL
from infra.retention.runs import RetentionRuns
from tests.functional.dagster_web.code_location import POLICY
from tests.functional.dagster_web.deployment import Deployment


@pytest.fixture
def runs(deployment: Deployment) -> RetentionRuns:
    return RetentionRuns(GraphQL(deployment.url), poll_s=0.1)


def carry_out(runs: RetentionRuns, as_of: datetime, told: list[str], raw_days: int = 7) -> Outcome:
    policy = type(POLICY)(
        timedelta(days=raw_days), POLICY.events, POLICY.set_aside, POLICY.generation_grace
    )
    return runs.carry_out(policy, as_of, told.append)


def test_a_run_does_what_was_shown_and_tells_it(
    runs: RetentionRuns, deployment: Deployment
) -> None:
    assert runs.policy() == POLICY
    told: list[str] = []
    now = datetime.now(UTC)
    outcome = carry_out(runs, now, told)
    run = deployment.instance.get_runs(limit=1)[0]
    assert told[0] == f"Launched: {deployment.url}/runs/{run.run_id}"
    assert told[-1] == "  success"
    assert not outcome.dry_run
    assert outcome.removed[Rule.RAW] == Sum(objects=2, size_bytes=10, partitions=1)
    assert outcome.kept[Kept.UNREAD][0] == 1
    assert "unread.parquet" in outcome.warnings[0]
    assert run.tags["clickstream/rebuilds"] == "hours", "nothing keeps it apart from rebuilds"


def test_a_run_that_had_to_wait_takes_no_more_than_was_shown(runs: RetentionRuns) -> None:
    assert carry_out(runs, datetime.now(UTC) - timedelta(days=34), []).is_empty


def test_a_run_by_other_limits_than_were_shown_deletes_nothing(runs: RetentionRuns) -> None:
    """Dagster may be started again, with other settings, while a person thinks about it."""
    with pytest.raises(DagsterError, match=r"FAILURE: lake__retention: the limits are .* shown"):
        carry_out(runs, datetime.now(UTC), [], raw_days=30)
