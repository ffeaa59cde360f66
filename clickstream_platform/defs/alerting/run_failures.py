"""The sensor that tells people of failed runs, each once, when nothing will retry it.

Belongs here: which failures are told, and the order that keeps one from being lost. What is said of
a failure belongs in `core.run_failure`, sending it to the alerts resource.

This is a plain sensor that reads the log of run failures, because Dagster's own run failure sensor
moves its cursor past a failure whatever the function does: an exception is noted in the tick, and
the message is gone (1.13, `run_status_sensor_definition.py`). Here the cursor moves past a failure
only when it was published. A process that dies in between publishes it once more.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
from botocore.exceptions import BotoCoreError, ClientError

from clickstream_platform.core.run_failure import RunFailure
from clickstream_platform.defs.alerting.watch import Watch
from clickstream_platform.resources.alerts import AlertsResource

# Dagster has no public constants for these tags.
_WILL_RETRY_TAG = "dagster/will_retry"
_RETRY_TAG = "dagster/auto_retry_run_id"
_RETRY_NUMBER_TAG = "dagster/retry_number"
_PARTITION_TAG = "dagster/partition"
_RANGE_START_TAG = "dagster/asset_partition_range_start"
_RANGE_END_TAG = "dagster/asset_partition_range_end"

# Dagster stores a failure first and then whether it will be retried; where retries are switched off
# it never says so.
_UNDECIDED_FOR = timedelta(minutes=1)
# A database may show entries in another order than that of their storage ids: one that is written
# at the same time appears with a lower id a moment later.
_SETTLED_AFTER = timedelta(seconds=10)
# A retry that was announced exists within seconds while the daemon runs.
_RETRY_WITHIN = timedelta(minutes=15)
_PAGE = 100

_Told = tuple[RunFailure | None, Watch]


def build_run_failures(interval_s: int = 30) -> dg.SensorDefinition:
    """The sensor that tells of failed runs of this code location.

    Args:
        interval_s: How often it looks, in seconds.
    """

    @dg.sensor(
        name="run_failures",
        minimum_interval_seconds=interval_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Publishes each run that failed and will not be retried by itself.",
    )
    def run_failures(
        context: dg.SensorEvaluationContext, alerts: AlertsResource
    ) -> dg.SensorResult:
        if context.cursor is None:
            # What failed before anybody listened is history.
            watch = Watch(_latest_failure(context.instance))
            return dg.SensorResult(cursor=watch.to_json(), skip_reason="begins to watch")
        before = Watch.from_json(context.cursor)
        watch, told = before, 0
        for failure, after in _failures(context, before, datetime.now(UTC)):
            try:
                _tell(context, alerts, failure)
            except (BotoCoreError, ClientError):
                if watch == before:
                    raise  # the tick fails, and the next one tries the same failure again
                context.log.exception("not published; the next tick tries it again")
                break
            watch, told = after, told + (failure is not None)
        reason = f"{told} failed runs told, {len(watch.awaited)} to be retried"
        return dg.SensorResult(cursor=watch.to_json(), skip_reason=reason)

    return run_failures


def _failures(context: dg.SensorEvaluationContext, watch: Watch, now: datetime) -> Iterator[_Told]:
    """What is to be told, step by step, each with the cursor that holds once it was told."""
    page = context.instance.fetch_run_status_changes(
        dg.RunStatusChangeRecordsFilter(
            event_type=dg.DagsterEventType.RUN_FAILURE, after_storage_id=watch.after
        ),
        limit=_PAGE,
        ascending=True,
    )
    for run_id in list(watch.awaited):
        failure, watch = _judge_awaited(context, run_id, watch, now)
        yield failure, watch
    for record in page.records:
        at = datetime.fromtimestamp(record.timestamp, UTC)
        if now - at < _SETTLED_AFTER:
            return
        run = context.instance.get_run_by_id(record.run_id)
        if run is None or not _is_ours(context, run):
            watch = watch.past(record.storage_id)
            yield None, watch
            continue
        will_retry = run.tags.get(_WILL_RETRY_TAG)
        if will_retry is None and now - at < _UNDECIDED_FOR:
            return  # the next tick knows
        watch = watch.past(record.storage_id)
        if will_retry == "true":
            watch = watch.awaiting(run.run_id, now.timestamp())
            yield None, watch
        else:
            yield _failure_of(run, record.event_log_entry, at), watch


def _judge_awaited(
    context: dg.SensorEvaluationContext, run_id: str, watch: Watch, now: datetime
) -> _Told:
    """Whether the retry that Dagster announced exists."""
    run = context.instance.get_run_by_id(run_id)
    if run is None or _RETRY_TAG in run.tags:
        return None, watch.without(run_id)
    is_late = now.timestamp() - watch.awaited[run_id] > _RETRY_WITHIN.total_seconds()
    if run.tags.get(_WILL_RETRY_TAG) == "true" and not is_late:
        return None, watch
    failure = RunFailure(
        run.job_name,
        run_id,
        _hours_of(run),
        _attempts_of(run),
        "it failed, and the automatic retry that was announced was not started; see the run's log",
        now,
    )
    return failure, watch.without(run_id)


def _tell(
    context: dg.SensorEvaluationContext, alerts: AlertsResource, failure: RunFailure | None
) -> None:
    if failure is None:
        return
    if alerts.topic_arn is None:
        context.log.error(
            "CLICKSTREAM_ALERT_TOPIC_ARN is not set, so nobody is told of this failure: "
            f"{failure.message}"
        )
    else:
        alerts.publish(failure.subject, failure.message)


def _latest_failure(instance: dg.DagsterInstance) -> int:
    latest = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_FAILURE, limit=1).records
    return latest[0].storage_id if latest else 0


def _is_ours(context: dg.SensorEvaluationContext, run: dg.DagsterRun) -> bool:
    """Whether the run is of this code location; another one's failures are its own business."""
    repository = context.repository_def
    return repository is None or repository.has_job(run.job_name)


def _failure_of(run: dg.DagsterRun, entry: dg.EventLogEntry, at: datetime) -> RunFailure:
    return RunFailure(
        run.job_name, run.run_id, _hours_of(run), _attempts_of(run), _error_of(entry), at
    )


def _error_of(entry: dg.EventLogEntry) -> str:
    """What made the run fail: the error of its first failed step with its causes, if one failed."""
    event = entry.get_dagster_event()
    step = event.job_failure_data.first_step_failure_event if event.event_specific_data else None
    if step is None:
        return event.message or "no reason was given"
    messages = []
    error = step.step_failure_data.error
    if error is not None and error.cause is not None:
        error = error.cause  # the outermost is Dagster's own and says that the step failed
    while error is not None:
        messages.append(error.message.strip())
        error = error.cause
    return f"step {step.step_key}: {', because of '.join(messages) or step.message}"


def _hours_of(run: dg.DagsterRun) -> tuple[str, str] | None:
    tags = run.tags
    if _RANGE_START_TAG in tags:
        return tags[_RANGE_START_TAG], tags[_RANGE_END_TAG]
    if _PARTITION_TAG in tags:
        return tags[_PARTITION_TAG], tags[_PARTITION_TAG]
    return None


def _attempts_of(run: dg.DagsterRun) -> int:
    return int(run.tags.get(_RETRY_NUMBER_TAG, "0")) + 1
