"""What Dagster's containers are told, and with whose permissions they run.

Belongs here: roles and task definitions. Cluster and service belong in `orchestration`, what the
roles allow in `infra.aws.policies`, sizes and commands in `infra.orchestration`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.aws.acknowledgements import acknowledge
from infra.aws.arns import filled
from infra.aws.constructs.functions import Surroundings
from infra.aws.constructs.image import Image
from infra.aws.constructs.run_history import RunHistoryStore
from infra.aws.policies.dagster_hosting import (
    execution_statements,
    launcher_statements,
    session_statements,
)
from infra.aws.policies.principals import DAGSTER, statements_of
from infra.aws.policies.statements import Statement
from infra.aws.statements import acknowledge_prefixes, policy_of
from infra.batch_variables import PREFIX, batch_variables, served_in_account
from infra.orchestration import Container, HealthCheck, Orchestration, TaskSize
from infra.topology import Topology

_Definition = ecs.CfnTaskDefinition
_IN_CLEAR = (
    "The variables are names of resources and limits. The one secret, the database's password, "
    "comes from Secrets Manager."
)


@dataclass(frozen=True)
class Roles:
    """Whose permissions a task has.

    Attributes:
        service: Of the service's task.
        run: Of a run's task.
        execution: What ECS starts either with.
    """

    service: iam.Role
    run: iam.Role
    execution: iam.Role


@dataclass(frozen=True)
class Parts:
    """What there is beside the tasks.

    Attributes:
        store: Where history is kept.
        log: Where everything is logged.
        surroundings: What all computing has in common.
    """

    store: RunHistoryStore
    log: logs.CfnLogGroup
    surroundings: Surroundings


class DagsterTasks(Construct):
    """The task of the service, and the one of every run.

    Attributes:
        service: The definition of the service's task.
        roles: Whose permissions they have.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        topology: Topology,
        orchestration: Orchestration,
        parts: Parts,
    ) -> None:
        super().__init__(scope, id_)
        self._topology = topology
        self._described = orchestration
        self._parts = parts
        self._image = Image(self, "Image", orchestration.image)
        self.roles = self._make_roles()
        self.service = self._service_definition(self._run_definition())

    def _make_roles(self) -> Roles:
        described = self._described
        key = self._parts.surroundings.key
        key_arn = None if key is None else key.key_arn
        work = statements_of(DAGSTER, self._topology, key_arn=key_arn)
        run = self._role("RunRole", work)
        execution = self._role(
            "ExecutionRole",
            execution_statements(
                described, self._parts.store.secret_arn, self._image.repository_arn, key_arn
            ),
        )
        launching = launcher_statements(described, (run.role_arn, execution.role_arn))
        service = self._role("ServiceRole", (*work, *launching, *session_statements()))
        return Roles(service, run, execution)

    def _role(self, id_: str, statements: Sequence[Statement]) -> iam.Role:
        role = iam.Role(
            self,
            id_,
            assumed_by=iam.ServicePrincipal(
                "ecs-tasks.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            ),
            inline_policies={"Dagster": policy_of(statements)},
        )
        acknowledge_prefixes(role, statements)
        return role

    def _run_definition(self) -> ecs.CfnTaskDefinition:
        described = self._described
        container = _Definition.ContainerDefinitionProperty(
            name=described.run_container,
            stop_timeout=described.run_stop_s,
            **self._in_common(self._variables()),
        )
        return self._definition(
            "Run", described.run_family, described.run, self.roles.run, [container]
        )

    def _service_definition(self, run: ecs.CfnTaskDefinition) -> ecs.CfnTaskDefinition:
        described = self._described
        variables = {**self._variables(), "DAGSTER_RUN_TASK_DEFINITION": run.ref}
        containers = [
            self._container(container, self._in_common(variables))
            for container in described.containers
        ]
        return self._definition(
            "Service", described.name, described.service, self.roles.service, containers
        )

    def _variables(self) -> dict[str, str]:
        """What a container is told; the names of the batch side are those of a laptop."""
        topology, history = self._topology, self._described.history
        batch = batch_variables(topology, served_in_account(topology))
        settings = topology.hosting.batch_settings
        return {
            **{name: filled(value) for name, value in batch.items()},
            **{f"{PREFIX}{name.upper()}": value for name, value in settings.items()},
            "AWS_REGION": Aws.REGION,
            "AWS_DEFAULT_REGION": Aws.REGION,
            "DAGSTER_PG_HOST": self._parts.store.address,
            "DAGSTER_PG_PORT": str(history.port),
            "DAGSTER_PG_DATABASE": history.database,
            "DAGSTER_PG_USER": history.user,
        }

    def _in_common(self, variables: dict[str, str]) -> dict[str, object]:
        """What all containers are given alike."""
        log = {
            "awslogs-group": self._parts.log.ref,
            "awslogs-region": Aws.REGION,
            "awslogs-stream-prefix": self._described.name,
        }
        return {
            "image": self._image.uri,
            "essential": True,
            "environment": [
                _Definition.KeyValuePairProperty(name=name, value=value)
                for name, value in sorted(variables.items())
            ],
            "secrets": [
                _Definition.SecretProperty(
                    name="DAGSTER_PG_PASSWORD",
                    value_from=f"{self._parts.store.secret_arn}:password::",
                )
            ],
            "linux_parameters": _Definition.LinuxParametersProperty(init_process_enabled=True),
            "log_configuration": _Definition.LogConfigurationProperty(
                log_driver="awslogs", options=log
            ),
        }

    def _container(
        self, container: Container, in_common: dict[str, object]
    ) -> ecs.CfnTaskDefinition.ContainerDefinitionProperty:
        return _Definition.ContainerDefinitionProperty(
            name=container.name,
            command=list(container.command),
            health_check=_health(container.health),
            stop_timeout=container.stop_s,
            depends_on=_after(container),
            **in_common,
        )

    def _definition(
        self,
        id_: str,
        family: str,
        size: TaskSize,
        role: iam.Role,
        containers: list[ecs.CfnTaskDefinition.ContainerDefinitionProperty],
    ) -> ecs.CfnTaskDefinition:
        created = _Definition(
            self,
            f"{id_}Definition",
            family=family,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(size.cpu_units),
            memory=str(size.memory_mb),
            runtime_platform=_Definition.RuntimePlatformProperty(
                cpu_architecture="ARM64", operating_system_family="LINUX"
            ),
            task_role_arn=role.role_arn,
            execution_role_arn=self.roles.execution.role_arn,
            container_definitions=containers,
        )
        acknowledge(created, "ECS2", _IN_CLEAR)
        return created


def _health(health: HealthCheck) -> ecs.CfnTaskDefinition.HealthCheckProperty:
    return _Definition.HealthCheckProperty(
        command=["CMD", *health.command],
        interval=health.interval_s,
        timeout=health.timeout_s,
        retries=health.retries,
        start_period=health.start_s,
    )


def _after(container: Container) -> list[ecs.CfnTaskDefinition.ContainerDependencyProperty] | None:
    if container.after is None:
        return None
    return [
        _Definition.ContainerDependencyProperty(container_name=container.after, condition="HEALTHY")
    ]
