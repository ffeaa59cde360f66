"""Dagster on ECS as it is rendered: reached by nobody, told what a laptop's Dagster is told."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.batch_variables import batch_variables, served_in_account
from infra.cost.inputs import read_prices
from infra.hosting import Hosting
from infra.local.endpoints import ACCOUNT, REGION
from infra.local.specs import batch_environment
from infra.orchestration import orchestration_of
from infra.topology import build_topology
from tests.functional.aws.rendering import IMAGE, Rendered, Resource

ROOT = Path(__file__).parent.parent.parent.parent
DOCKERFILE = ROOT / "infra" / "containers" / "Dockerfile"
HOURS = 730  # of a month
OWN = re.compile("DAGSTER_|AWS_")
PASSWORD = "DAGSTER_PG_PASSWORD"  # noqa: S105 - a variable's name


def definition(rendered: Rendered, family: str) -> Resource:
    (found,) = [
        one
        for one in rendered.of_type("AWS::ECS::TaskDefinition")
        if one.properties["Family"] == family
    ]
    return found


def containers(rendered: Rendered) -> list[dict[str, Any]]:
    return [
        container
        for one in rendered.of_type("AWS::ECS::TaskDefinition")
        for container in one.properties["ContainerDefinitions"]
    ]


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in container["Environment"]}


def test_nothing_of_it_is_there_unless_it_is_chosen() -> None:
    """It costs more than all the rest: nobody may find it on the bill."""
    assert build_topology().orchestration is None
    assert orchestration_of("clickstream", Hosting(dagster="ecs")) is not None


def test_the_decision_tells_what_it_costs() -> None:
    """A larger task or database must not hide behind the figures of a smaller one."""
    dagster, prices = orchestration_of("clickstream", Hosting(dagster="ecs")), read_prices()
    assert dagster is not None
    told = (ROOT / "docs" / "adr" / "0015-dagster-on-ecs.md").read_text()
    history, size, fargate = dagster.history, dagster.service, prices["fargate"]
    processors, memory = size.cpu_units / 1024, size.memory_mb / 1024
    task = processors * fargate["cpu_hour"] + memory * fargate["gb_hour"]
    instance = prices["rds"][history.instance.replace(".", "_") + "_hour"]
    for usd in (
        task * HOURS,
        prices["vpc"]["public_address_hour"] * HOURS,
        instance * HOURS + history.storage_gb * prices["rds"]["gb_month"],
        prices["secrets"]["secret_month"],
    ):
        assert f"${usd:.2f} |" in told


def test_the_service_can_be_taken_away(rendered: Rendered, paused: Rendered) -> None:
    """CloudFormation keeps exports that are imported: what it would take back, it could not."""
    data, without = (
        json.loads((one.folder / "clickstream-data.template.json").read_text())
        for one in (rendered, paused)
    )
    for one in (data, without):
        del one["Outputs"]["Choices"]
    assert without == data
    assert not [kind for kind in paused.by_type() if kind.startswith("AWS::ECS::")]


def test_containers_are_told_what_a_laptop_is_told(rendered: Rendered) -> None:
    """A variable that one side lacks is a default in an account: another stack's names."""
    expected = batch_environment(build_topology(ACCOUNT), {})
    for container in containers(rendered):
        told = variables(container)
        assert {name: it for name, it in told.items() if not OWN.match(name)} == expected
        assert told["AWS_REGION"] == told["AWS_DEFAULT_REGION"] == REGION


def test_settings_that_were_chosen_are_told(with_own_key: Rendered) -> None:
    for container in containers(with_own_key):
        assert variables(container)["CLICKSTREAM_RAW_RETENTION_DAYS"] == "7"


def test_without_quicksight_no_data_set_is_refreshed() -> None:
    """The refresh would fail every hour in an account that has none."""
    without = build_topology()
    variables = batch_variables(without, served_in_account(without))
    assert variables["CLICKSTREAM_DATA_SETS"] == "{}"


def test_the_password_comes_from_the_secret_alone(
    rendered: Rendered, with_own_key: Rendered
) -> None:
    for container in [*containers(rendered), *containers(with_own_key)]:
        (secret,) = container["Secrets"]
        assert secret["Name"] == PASSWORD
        assert secret["ValueFrom"].endswith(":password::")
        assert not [name for name in variables(container) if "PASSWORD" in name]
    for one in (rendered, with_own_key):
        (database,) = one.of_type("AWS::RDS::DBInstance")
        assert database.properties["ManageMasterUserPassword"] is True
        assert "MasterUserPassword" not in database.properties


def test_two_daemons_never_run(rendered: Rendered) -> None:
    """Each would start the same runs."""
    (service,) = rendered.of_type("AWS::ECS::Service")
    deployment = service.properties["DeploymentConfiguration"]
    assert service.properties["DesiredCount"] == 1
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (0, 100)
    assert service.properties["AvailabilityZoneRebalancing"] == "DISABLED"
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert "AWS::ApplicationAutoScaling::ScalableTarget" not in rendered.by_type()


def test_nobody_gets_in(rendered: Rendered) -> None:
    for group in rendered.of_type("AWS::EC2::SecurityGroup"):
        assert "SecurityGroupIngress" not in group.properties
    (ingress,) = rendered.of_type("AWS::EC2::SecurityGroupIngress")
    assert "SourceSecurityGroupId" in ingress.properties
    assert ingress.properties["FromPort"] == ingress.properties["ToPort"] == 5432
    (database,) = rendered.of_type("AWS::RDS::DBInstance")
    assert database.properties["PubliclyAccessible"] is False
    listening = [
        container["Command"][container["Command"].index("--host") + 1]
        for container in containers(rendered)
        if "--host" in container.get("Command", [])
    ]
    assert listening == ["127.0.0.1", "127.0.0.1"]


def test_nothing_dear_is_rendered(rendered: Rendered) -> None:
    """A NAT gateway or a load balancer costs as much as Dagster itself."""
    kinds = rendered.by_type().keys()
    assert not [kind for kind in kinds if "NatGateway" in kind or "LoadBalancing" in kind]
    assert {
        one.properties["VpcEndpointType"] for one in rendered.of_type("AWS::EC2::VPCEndpoint")
    } == {"Gateway"}


def test_the_database_has_no_way_out(rendered: Rendered) -> None:
    (group,) = rendered.of_type("AWS::RDS::DBSubnetGroup")
    tables = {
        one.properties["SubnetId"]: one.properties["RouteTableId"]
        for one in rendered.of_type("AWS::EC2::SubnetRouteTableAssociation")
    }
    ways_out = {
        one.properties["RouteTableId"]
        for one in rendered.of_type("AWS::EC2::Route")
        if "GatewayId" in one.properties
    }
    assert len(ways_out) == 2
    assert not {tables[subnet] for subnet in group.properties["SubnetIds"]} & ways_out


def test_history_outlives_mistakes(rendered: Rendered) -> None:
    (database,) = rendered.of_type("AWS::RDS::DBInstance")
    assert database.policy == "Snapshot"
    assert database.properties["DeletionProtection"] is True
    assert database.properties["StorageEncrypted"] is True
    assert database.properties["BackupRetentionPeriod"] == 7
    (parameters,) = rendered.of_type("AWS::RDS::DBParameterGroup")
    assert parameters.properties["Parameters"] == {"rds.force_ssl": "1"}


def test_the_password_has_the_own_key_too(with_own_key: Rendered) -> None:
    (database,) = with_own_key.of_type("AWS::RDS::DBInstance")
    assert "Encryption" in database.properties["MasterUserSecret"]["KmsKeyId"]


def test_a_run_may_not_start_runs(rendered: Rendered) -> None:
    """What runs execute is most of the code; it needs none of the rights of the service."""
    roles = {one.id: str(one.properties["Policies"]) for one in rendered.of_type("AWS::IAM::Role")}
    run = definition(rendered, "clickstream-dagster-run").properties["TaskRoleArn"]
    service = definition(rendered, "clickstream-dagster").properties["TaskRoleArn"]
    for action in ("ecs:RunTask", "iam:PassRole", "ssmmessages:CreateDataChannel"):
        assert action in roles[service.removesuffix(".Arn")]
        assert action not in roles[run.removesuffix(".Arn")]


def test_an_image_of_ecr_is_pulled_from_its_repository_only(
    rendered: Rendered, with_own_key: Rendered
) -> None:
    assert {one["Image"] for one in containers(rendered)} == {IMAGE}
    pulled = [
        statement["Resource"]
        for role in rendered.of_type("AWS::IAM::Role")
        for policy in role.properties["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "ecr:BatchGetImage" in statement["Action"]
    ]
    assert pulled == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/dagster"]
    assert all("container-assets" in one["Image"] for one in containers(with_own_key))


def test_the_image_is_built_of_what_its_file_names(with_own_key: Rendered) -> None:
    """A folder more, and each change of a test makes a new image; one less, and none is built."""
    (assets,) = with_own_key.folder.glob("*-compute.assets.json")
    (image,) = json.loads(assets.read_text())["dockerImages"].values()
    source = image["source"]
    assert source["platform"] == "linux/arm64"
    staged = with_own_key.folder / source["directory"]
    copied = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE.read_text(), flags=re.M)
    named = {name for words in copied for name in words.split()[:-1]}
    assert len(named) > 5
    for name in named:
        assert (staged / name).exists(), name
    files = {path.relative_to(staged) for path in staged.rglob("*") if path.is_file()}
    unnamed = [file for file in files if not any(file.is_relative_to(name) for name in named)]
    assert [str(file) for file in unnamed] in ([], [".dockerignore"])
    assert not [file for file in files if "__pycache__" in file.parts or "target" in file.parts]


@pytest.mark.parametrize("name", ["code", "web", "daemon"])
def test_a_process_that_hangs_is_replaced(rendered: Rendered, name: str) -> None:
    service = definition(rendered, "clickstream-dagster").properties["ContainerDefinitions"]
    (container,) = [one for one in service if one["Name"] == name]
    assert container["Essential"] is True
    assert container["HealthCheck"]["Command"][0] == "CMD"
    assert container["HealthCheck"]["StartPeriod"] <= 300
    assert container["LinuxParameters"]["InitProcessEnabled"] is True
    after = [one["ContainerName"] for one in container.get("DependsOn", [])]
    assert after == ([] if name == "code" else ["code"])
