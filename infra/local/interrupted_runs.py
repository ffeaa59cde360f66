"""Runs that a stop of the platform cut off: `python -m infra.local.interrupted_runs`.

Belongs here: failing them before Dagster starts again. They count as running for ever otherwise,
and since hours are rebuilt by one run at a time, no further run would start. Dagster retries them.
"""

import logging

import dagster as dg

logger = logging.getLogger(__name__)

_UNFINISHED = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def fail_interrupted_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fails every run that was under way when the platform was stopped.

    Nothing else may use the instance, so whatever is under way has no process any more.

    Returns:
        The ids of those runs.
    """
    runs = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED))
    for run in runs:
        instance.report_run_failed(run, "The platform was stopped while this run was under way.")
    return [run.run_id for run in runs]


def main() -> None:
    """Fails the interrupted runs of the instance at DAGSTER_HOME."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with dg.DagsterInstance.get() as instance:
        for run_id in fail_interrupted_runs(instance):
            logger.warning("run %s had been cut off; it is marked as failed", run_id)


if __name__ == "__main__":
    main()
