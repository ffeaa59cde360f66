"""Tasks of runs end before their cluster is deleted: ECS keeps one in which something runs."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.deploy.removal.tasks import stop_tasks
from infra.local.endpoints import REGION

NAME = "clickstream-dagster"


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    with mock_aws():
        yield boto3.client("ecs")


def start(ecs: Any) -> str:
    """A service, and a run beside it; returns the run's task."""
    subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    network = {"awsvpcConfiguration": {"subnets": [subnet]}}
    ecs.create_cluster(clusterName=NAME)
    container = {"name": "run", "image": "i", "memory": 512}
    ecs.register_task_definition(family=NAME, containerDefinitions=[container])
    ecs.create_service(cluster=NAME, serviceName=NAME, taskDefinition=NAME, desiredCount=1)
    ran = ecs.run_task(
        cluster=NAME, taskDefinition=NAME, launchType="FARGATE", networkConfiguration=network
    )
    return str(ran["tasks"][0]["taskArn"])


def test_where_there_never_was_one_nothing_is_done(ecs: Any) -> None:
    assert list(stop_tasks(ecs, NAME)) == []


@pytest.mark.parametrize("service", [True, False])
def test_no_task_is_left_and_none_is_begun(ecs: Any, service: bool) -> None:
    task = start(ecs)
    if not service:  # cut off after the stack had deleted it
        ecs.delete_service(cluster=NAME, service=NAME, force=True)
    assert task in list(stop_tasks(ecs, NAME))
    assert ecs.describe_tasks(cluster=NAME, tasks=[task])["tasks"][0]["lastStatus"] == "STOPPED"
    found = ecs.describe_services(cluster=NAME, services=[NAME])["services"]
    assert [one["desiredCount"] for one in found if one["status"] == "ACTIVE"] == [0] * service
