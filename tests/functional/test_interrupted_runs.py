"""A stop in the middle of a run must not keep every later run waiting."""

import dagster as dg
import pytest

from infra.local.interrupted_runs import fail_interrupted_runs


@dg.op
def nothing() -> None: ...


@dg.job
def job() -> None:
    nothing()


@pytest.mark.parametrize(
    ("status", "is_failed"),
    [
        (dg.DagsterRunStatus.STARTED, True),
        (dg.DagsterRunStatus.STARTING, True),
        (dg.DagsterRunStatus.NOT_STARTED, False),
        (dg.DagsterRunStatus.SUCCESS, False),
    ],
)
def test_runs_without_a_process_fail(status: dg.DagsterRunStatus, is_failed: bool) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(job, status=status)
        assert fail_interrupted_runs(instance) == ([run.run_id] if is_failed else [])
        after = instance.get_run_by_id(run.run_id)
        assert after is not None
        assert (after.status == dg.DagsterRunStatus.FAILURE) is is_failed
