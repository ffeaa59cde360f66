"""A run is launched by the image's own configuration, from the templates, on the embedded AWS.

Every call that this makes must be allowed by the service's role, and nothing else may be.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher import LaunchRunContext, WorkerStatus
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.storage.dagster_run import DagsterRun
from moto import mock_aws

from infra.aws.policies.dagster_hosting import launcher_statements, log_group_of
from infra.hosting import Hosting
from infra.local.endpoints import REGION
from infra.orchestration import Orchestration, orchestration_of
from tests.functional.aws.embedded_ecs import metadata_of, register, start_service
from tests.functional.aws.postgres import PASSWORD, Postgres
from tests.functional.aws.rendering import IMAGE, Rendered
from tests.functional.aws.test_containers import instance_yaml

FAMILY = "clickstream-dagster"
RUN_FAMILY = "clickstream-dagster-run"
OVERRIDES_BYTES = 8192  # the most ECS takes
# What is asked of whoever calls RunTask with tags and roles.
BESIDE = {"ecs:RunTask": {"ecs:TagResource", "iam:PassRole"}}


@dg.op
def nothing() -> None: ...


@dg.job
def hourly_rollup() -> None:
    nothing()


@dataclass
class Scene:
    """A service that runs on the embedded ECS, seen from inside of its task.

    Attributes:
        instance: Dagster's instance there.
        calls: What was asked of AWS, as IAM's actions.
        network: The subnet and the security group of the service's task.
    """

    instance: dg.DagsterInstance
    calls: set[str]
    network: tuple[str, str]

    def launch(self) -> DagsterRun:
        """Launches a run as the daemon does."""
        origin = JobPythonOrigin(
            hourly_rollup.name,
            RepositoryPythonOrigin(
                executable_path="/opt/venv/bin/python",
                code_pointer=ModuleCodePointer("clickstream_platform.definitions", "defs"),
                entry_point=["dagster"],
                container_context={},
            ),
        )
        run = self.instance.create_run_for_job(hourly_rollup, job_code_origin=origin)
        self.instance.run_launcher.launch_run(LaunchRunContext(run, None))
        launched = self.instance.get_run_by_id(run.run_id)
        assert launched is not None
        return launched


@pytest.fixture
def scene(
    rendered: Rendered, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        calls: set[str] = set()
        boto3.setup_default_session()
        arns = {name: register(rendered, name) for name in (FAMILY, RUN_FAMILY)}
        task, network = start_service(arns[FAMILY])
        for name, value in postgres.variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("DAGSTER_RUN_TASK_DEFINITION", arns[RUN_FAMILY])
        (tmp_path / "dagster.yaml").write_text(instance_yaml())
        with metadata_of(task) as address:
            monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", address)
            _note_calls(calls)
            with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
                yield Scene(instance, calls, network)
        boto3.DEFAULT_SESSION = None


def _note_calls(calls: set[str]) -> None:
    def note(model: Any, **_: object) -> None:
        action = f"{model.service_model.signing_name}:{model.name}"
        calls.update({action, *BESIDE.get(action, ())})

    boto3._get_default_session().events.register("before-call", note)  # type: ignore[attr-defined]


def described() -> Orchestration:
    found = orchestration_of("clickstream", Hosting(dagster="ecs"))
    assert found is not None
    return found


def task_of(run: DagsterRun) -> dict[str, Any]:
    (task,) = boto3.client("ecs").describe_tasks(
        cluster=run.tags["ecs/cluster"], tasks=[run.tags["ecs/task_arn"]]
    )["tasks"]
    return dict(task)


def test_a_run_is_a_task_of_the_deployed_definition(scene: Scene) -> None:
    run = scene.launch()
    task = task_of(run)
    family = task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0]
    assert family == described().run_family
    (override,) = task["overrides"]["containerOverrides"]
    assert override["name"] == described().run_container
    assert override["command"][:3] == ["dagster", "api", "execute_run"]
    assert run.run_id in override["command"][3]
    subnet, group = scene.network
    (attachment,) = task["attachments"]
    details = {one["name"]: one["value"] for one in attachment["details"]}
    assert details["subnetId"] == subnet
    interface = boto3.resource("ec2").NetworkInterface(details["networkInterfaceId"])
    assert [one["GroupId"] for one in interface.groups] == [group]


def test_a_runs_task_gets_its_password_from_the_secret(scene: Scene) -> None:
    """The instance goes to the task in its command, which anybody reads who may list tasks."""
    task = task_of(scene.launch())
    overrides = json.dumps(task["overrides"])
    assert PASSWORD not in json.dumps(task)
    assert len(overrides) < OVERRIDES_BYTES
    definition = boto3.client("ecs").describe_task_definition(
        taskDefinition=task["taskDefinitionArn"]
    )["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    assert container["image"] == IMAGE
    assert [one["name"] for one in container["secrets"]] == ["DAGSTER_PG_PASSWORD"]


def test_the_role_allows_what_is_called_and_nothing_else(scene: Scene) -> None:
    launcher: Any = scene.instance.run_launcher
    run = scene.launch()
    assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
    _fail(run, launcher.ecs)
    health = launcher.check_run_worker_health(run)
    assert health.status is WorkerStatus.FAILED
    assert "out of memory" in health.msg
    _recover(launcher.ecs)
    assert launcher.terminate(scene.launch().run_id)
    statements = launcher_statements(described(), ("arn:aws:iam::1:role/r",))
    allowed = {action for statement in statements for action in statement.actions}
    assert scene.calls == allowed


def _fail(run: DagsterRun, ecs: Any) -> None:
    """Has the run's task end with an error, which the embedded ECS does not do."""
    logs, group = boto3.Session().client("logs"), log_group_of(described())  # it is not noted
    task = run.tags["ecs/task_arn"].rpartition("/")[2]
    stream = f"{described().name}/{described().run_container}/{task}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(datetime.now(UTC).timestamp() * 1000)
    events = [{"timestamp": now, "message": "out of memory"}]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)  # type: ignore[arg-type]

    def failed(parsed: Any, **_: object) -> None:
        container = {"name": described().run_container, "exitCode": 137}
        for one in parsed["tasks"]:
            one.update(lastStatus="STOPPED", containers=[container])

    ecs.meta.events.register_first("after-call.ecs.DescribeTasks", failed, unique_id="failed")


def _recover(ecs: Any) -> None:
    ecs.meta.events.unregister("after-call.ecs.DescribeTasks", unique_id="failed")
