"""The batch side once, without Dagster's daemon: `python -m infra.local.batch`.

Belongs here: what the daemon would do with the code location, once and to the end, on the same
instance: tick the sensor until nothing waits, run what it requests, build the marts, load SPICE.
What is run belongs to the code location.
"""

import argparse
import logging
import sys
import time
from pathlib import Path

import dagster as dg

from clickstream_platform.definitions import defs

_SENSOR = "raw_objects"
_MARTS = "marts"
_REFRESH = "spice_refresh"
_POLL_S = 0.2

logger = logging.getLogger(__name__)


class RunFailed(RuntimeError):  # noqa: N818 - named for what happened
    """A run of the batch side failed; its steps are in Dagster's event log."""


def run_what_is_due(instance: dg.DagsterInstance) -> int:
    """Ticks the sensor until it requests nothing more, and runs each request.

    Args:
        instance: The Dagster instance; runs and events are recorded in it.

    Returns:
        How many runs there were.

    Raises:
        RunFailed: If a run fails.
    """
    repository = defs.get_repository_def()
    sensor = repository.get_sensor_def(_SENSOR)
    cursor: str | None = None
    runs = 0
    while True:
        with dg.build_sensor_context(
            instance=instance,
            cursor=cursor,
            repository_def=repository,
            resources=defs.resources,
        ) as context:
            tick = sensor.evaluate_tick(context)
        cursor = tick.cursor
        if not tick.run_requests:
            logger.info("nothing is due: %s", tick.skip_message)
            return runs
        for request in tick.run_requests:
            # With these tags the daemon of a later start knows that the request was answered.
            answered = {"dagster/sensor_name": _SENSOR, "dagster/run_key": str(request.run_key)}
            _run(instance, str(sensor.job_name), {**request.tags, **answered})
            runs += 1


def _run(instance: dg.DagsterInstance, job_name: str, tags: dict[str, str]) -> None:
    started = time.monotonic()
    job = defs.get_repository_def().get_job(job_name)
    result = job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    seconds = time.monotonic() - started
    if not result.success:
        failures = [str(event.message) for event in result.get_step_failure_events()]
        raise RunFailed(f"{job_name} failed after {seconds:.1f} s: {'; '.join(failures)}")
    logger.info("%s done in %.1f s", job_name, seconds)


def main() -> int:
    """Runs what is due, then the marts if anything was, and the SPICE refresh.

    Returns:
        The exit code: 0 when every run succeeded.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--when", type=Path, help="wait until this file exists")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    while arguments.when is not None and not arguments.when.exists():
        time.sleep(_POLL_S)
    with dg.DagsterInstance.get() as instance:
        try:
            if run_what_is_due(instance):
                _run(instance, _MARTS, {})
            _run(instance, _REFRESH, {})
        except RunFailed as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
