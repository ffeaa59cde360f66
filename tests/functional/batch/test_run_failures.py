"""Failed runs are told, each once, and never lost to a topic that does not answer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import dagster as dg
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from clickstream_platform.core.run_failure import RunFailure
from clickstream_platform.defs.alerting import run_failures as module
from clickstream_platform.defs.alerting.run_failures import build_run_failures
from clickstream_platform.resources.alerts import AlertsResource

RETRIES = {"run_retries": {"enabled": True, "max_retries": 2}}
LAST_TRY = {"dagster/max_retries": "0"}
RANGE = {
    "dagster/asset_partition_range_start": "2026-01-01-00",
    "dagster/asset_partition_range_end": "2026-01-01-05",
}


@dg.op
def load() -> None:
    try:
        int("no number")
    except ValueError as error:
        raise RuntimeError("the hour cannot be read") from error


@dg.job
def hourly_rollup() -> None:
    load()


@dg.job
def of_another_location() -> None:
    load()


class FakeAlerts:
    """A topic that refuses the first publications."""

    def __init__(self, refusing: int = 0) -> None:
        self.topic_arn: str | None = "arn:aws:sns:us-east-1:123456789012:alerts"
        self.refusing = refusing
        self.published: list[tuple[str, dict]] = []

    def publish(self, subject: str, message: str) -> None:
        if self.refusing:
            self.refusing -= 1
            raise ClientError({"Error": {"Code": "Throttling"}}, "Publish")
        self.published.append((subject, json.loads(message)))


class Watching:
    """The sensor, ticked by hand; its cursor is kept only when the tick succeeds, as by Dagster."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.alerts = FakeAlerts()
        self.cursor: str | None = None
        sensor = build_run_failures()
        definitions = dg.Definitions(jobs=[hourly_rollup], sensors=[sensor])
        self.repository = definitions.get_repository_def()

    def tick(self) -> None:
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=self.repository,
            resources={"alerts": self.alerts},
        ) as context:
            ticked = self.repository.get_sensor_def("run_failures").evaluate_tick(context)
        self.cursor = ticked.cursor

    def fail(self, tags=LAST_TRY, job: dg.JobDefinition = hourly_rollup) -> str:
        return job.execute_in_process(
            instance=self.instance, tags=tags, raise_on_error=False
        ).run_id

    @property
    def told(self) -> list[str]:
        return [message["run_id"] for _, message in self.alerts.published]


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored can be seen at once, as in SQLite."""
    monkeypatch.setattr(module, "_SETTLED_AFTER", timedelta())


@pytest.fixture
def watching() -> Iterator[Watching]:
    with dg.DagsterInstance.ephemeral(settings=RETRIES) as instance:
        watching = Watching(instance)
        watching.tick()
        yield watching


def test_a_failed_run_is_told_once_with_what_a_person_needs(watching):
    run_id = watching.fail({**LAST_TRY, **RANGE})
    watching.tick()
    watching.tick()
    [(subject, message)] = watching.alerts.published
    assert subject == "Clickstream run failed: hourly_rollup 2026-01-01-00 to 2026-01-01-05"
    assert datetime.now(UTC) - datetime.fromisoformat(message.pop("at")) < timedelta(minutes=1)
    assert message == {
        "kind": "run_failed",
        "job": "hourly_rollup",
        "run_id": run_id,
        "hours": {"first": "2026-01-01-00", "last": "2026-01-01-05"},
        "attempts": 1,
        "error": "step load: RuntimeError: the hour cannot be read, because of ValueError: invalid "
        "literal for int() with base 10: 'no number'",
    }


def test_several_failures_are_told_in_one_tick_and_good_runs_are_not(watching):
    @dg.job
    def good() -> None:
        pass

    failed = [watching.fail() for _ in range(3)]
    good.execute_in_process(instance=watching.instance)
    watching.tick()
    assert watching.told == failed


def test_a_topic_that_does_not_answer_loses_no_message(watching):
    """Dagster's own run failure sensor would have moved on."""
    run_id = watching.fail()
    watching.alerts.refusing = 2
    for _ in range(2):
        with pytest.raises(ClientError):
            watching.tick()
        assert watching.told == []
    watching.tick()
    assert watching.told == [run_id]


def test_the_cursor_waits_for_failures_stored_at_the_same_time(watching, monkeypatch):
    """Postgres may show a failure of a lower id after one of a higher id."""
    cursor = watching.cursor
    monkeypatch.setattr(module, "_SETTLED_AFTER", timedelta(seconds=10))
    run_id = watching.fail()
    watching.tick()
    assert (watching.told, watching.cursor) == ([], cursor)
    monkeypatch.setattr(module, "_SETTLED_AFTER", timedelta())
    watching.tick()
    assert watching.told == [run_id]


def test_a_failure_in_the_middle_repeats_nothing(watching):
    first, second = watching.fail(), watching.fail()
    publish = watching.alerts.publish

    def dying(subject: str, message: str) -> None:
        if json.loads(message)["run_id"] == second:
            raise EndpointConnectionError(endpoint_url="http://sns")
        publish(subject, message)

    watching.alerts.publish = dying
    watching.tick()
    with pytest.raises(EndpointConnectionError):
        watching.tick()
    watching.alerts.publish = publish
    watching.tick()
    assert watching.told == [first, second]


def test_a_run_that_will_be_retried_is_told_when_its_last_try_failed(watching):
    first = watching.fail({"dagster/max_retries": "1"})
    watching.tick()
    assert watching.told == []
    retry = watching.fail({**LAST_TRY, "dagster/retry_number": "1"})
    watching.instance.add_run_tags(first, {"dagster/auto_retry_run_id": retry})
    watching.tick()
    assert watching.told == [retry]
    assert watching.alerts.published[0][1]["attempts"] == 2
    assert json.loads(watching.cursor)["awaited"] == {}


def test_a_retry_that_is_called_off_is_told(watching):
    """The daemon takes its word back when it cannot start the retry."""
    run_id = watching.fail({"dagster/max_retries": "1"})
    watching.tick()
    watching.instance.add_run_tags(run_id, {"dagster/will_retry": "false"})
    watching.tick()
    watching.tick()
    assert watching.told == [run_id]
    assert "was not started" in watching.alerts.published[0][1]["error"]


def test_a_retry_that_never_begins_is_told(watching, monkeypatch):
    run_id = watching.fail({"dagster/max_retries": "1"})
    watching.tick()
    watching.tick()
    assert watching.told == []
    monkeypatch.setattr(module, "_RETRY_WITHIN", timedelta())
    watching.tick()
    watching.tick()
    assert watching.told == [run_id]


def test_a_failure_of_which_dagster_has_not_said_whether_it_is_retried_waits(monkeypatch):
    """The failure is stored before the tag: telling it at once would tell of runs that go on."""
    with dg.DagsterInstance.ephemeral() as instance:  # without retries: the tag never comes
        watching = Watching(instance)
        watching.tick()
        run_id = watching.fail({})
        watching.tick()
        assert watching.told == []
        monkeypatch.setattr(module, "_UNDECIDED_FOR", timedelta())
        watching.tick()
        assert watching.told == [run_id]


def test_failures_from_before_the_first_tick_are_history():
    """On an instance that stores each run's log apart, as a laptop's does."""
    with dg.instance_for_test(overrides=RETRIES) as instance:
        watching = Watching(instance)
        watching.fail()
        watching.tick()
        later = watching.fail()
        watching.tick()
        assert watching.told == [later]


def test_another_locations_runs_are_left_to_it(watching):
    watching.fail(job=of_another_location)
    watching.tick()
    assert watching.told == []


def test_a_run_that_was_deleted_is_passed_over(watching):
    watching.instance.delete_run(watching.fail({"dagster/max_retries": "1"}))
    watching.tick()
    deleted_later = watching.fail({"dagster/max_retries": "1"})
    watching.tick()
    watching.instance.delete_run(deleted_later)
    watching.tick()
    assert watching.told == []
    assert json.loads(watching.cursor)["awaited"] == {}


def test_without_a_topic_the_failure_is_logged_loudly(watching):
    run_id = watching.fail()
    watching.alerts.topic_arn = None
    with dg.build_sensor_context(
        instance=watching.instance,
        cursor=watching.cursor,
        repository_def=watching.repository,
        resources={"alerts": watching.alerts},
    ) as context:
        logged: list[str] = []
        context.log.error = logged.append
        watching.repository.get_sensor_def("run_failures").evaluate_tick(context)
    [line] = logged
    assert line.startswith("CLICKSTREAM_ALERT_TOPIC_ARN is not set")
    assert run_id in line


def test_a_run_that_died_without_a_failed_step_says_what_dagster_says(watching):
    run = watching.instance.create_run_for_job(
        hourly_rollup, status=dg.DagsterRunStatus.STARTED, tags=LAST_TRY
    )
    watching.instance.report_run_failed(run, "The platform was stopped.")
    watching.tick()
    assert watching.alerts.published[0][1]["error"] == "The platform was stopped."


def failure(**changes) -> RunFailure:
    values = {
        "job": "retention",
        "run_id": "r",
        "hours": None,
        "attempts": 3,
        "error": "x",
        "at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return RunFailure(**{**values, **changes})


def test_a_subject_is_what_sns_accepts():
    """SNS refuses line breaks, other alphabets and 100 characters; the message would be lost."""
    assert failure().subject == "Clickstream run failed: retention"
    assert failure(hours=("2026-01-01-00", "2026-01-01-00")).subject.endswith(
        "retention 2026-01-01-00"
    )
    odd = failure(job="größe\n" * 40).subject
    assert odd.isascii()
    assert odd.isprintable()
    assert len(odd) == 99


def test_an_error_is_cut_to_a_bound():
    message = json.loads(failure(error="é" * 5000).message)
    assert message["error"].endswith("… (1,000 more characters)")
    assert len(failure(error="\x00" * 10**6).message) < 100_000


def test_a_message_reaches_the_subscribers(monkeypatch):
    for name in ("", "_SNS", "_SQS"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL{name}", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        sqs, sns = boto3.client("sqs"), boto3.client("sns")
        url = sqs.create_queue(QueueName="people")["QueueUrl"]
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        arn = "arn:aws:sqs:us-east-1:123456789012:people"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        AlertsResource(topic_arn=topic).publish(failure().subject, failure().message)
        [received] = sqs.receive_message(QueueUrl=url)["Messages"]
        body = json.loads(received["Body"])
        assert body["Subject"] == "Clickstream run failed: retention"
        assert json.loads(body["Message"])["attempts"] == 3


def test_a_resource_without_a_topic_refuses():
    with pytest.raises(ValueError, match="CLICKSTREAM_ALERT_TOPIC_ARN"):
        AlertsResource().publish("s", "m")
