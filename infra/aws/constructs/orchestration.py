"""Dagster's service.

Belongs here: cluster and service. Its tasks belong in `dagster_tasks`, the database and the network
in `run_history`.
"""

from aws_cdk import CfnOutput
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.aws.acknowledgements import acknowledge
from infra.aws.constructs.dagster_tasks import DagsterTasks, Parts
from infra.aws.constructs.functions import Surroundings, log_group
from infra.aws.constructs.run_history import RunHistoryStore
from infra.aws.policies.dagster_hosting import log_group_of
from infra.orchestration import Orchestration
from infra.topology import Topology


class DagsterService(Construct):
    """One task with Dagster's processes, which starts a task for every run."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        topology: Topology,
        orchestration: Orchestration,
        store: RunHistoryStore,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, id_)
        self._name = orchestration.name
        self._network = store.network
        log = log_group(self, log_group_of(orchestration), surroundings)
        tasks = DagsterTasks(
            self, "Tasks", topology, orchestration, Parts(store, log, surroundings)
        )
        service = self._service(self._cluster(), tasks.service)
        # Without its permissions and its log a task fails, and after some the deployment.
        for needed in (log, tasks.roles.service, tasks.roles.execution):
            service.node.add_dependency(needed)
        CfnOutput(
            self,
            "DagsterService",
            value=self._name,
            description="ECS cluster and service; docs/operations.md says how to open the UI",
        )

    def _cluster(self) -> ecs.CfnCluster:
        cluster = ecs.CfnCluster(
            self,
            "Cluster",
            cluster_name=self._name,
            cluster_settings=[
                ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="disabled")
            ],
        )
        acknowledge(
            cluster,
            "ECS4",
            "Container Insights is billed by metric and costs more than the task. Whether Dagster "
            "works is seen by the age of what it takes in, for which there is an alarm.",
        )
        return cluster

    def _service(
        self, cluster: ecs.CfnCluster, definition: ecs.CfnTaskDefinition
    ) -> ecs.CfnService:
        """One task, stopped before the next one starts: two daemons would start runs twice."""
        service = ecs.CfnService
        return service(
            self,
            "Service",
            service_name=self._name,
            cluster=cluster.ref,
            task_definition=definition.ref,
            launch_type="FARGATE",
            desired_count=1,
            availability_zone_rebalancing="DISABLED",  # it would start the second one first
            deployment_configuration=service.DeploymentConfigurationProperty(
                minimum_healthy_percent=0,
                maximum_percent=100,
                deployment_circuit_breaker=service.DeploymentCircuitBreakerProperty(
                    enable=True, rollback=True
                ),
            ),
            enable_execute_command=True,
            propagate_tags="SERVICE",
            network_configuration=service.NetworkConfigurationProperty(
                awsvpc_configuration=service.AwsVpcConfigurationProperty(
                    assign_public_ip="ENABLED",
                    subnets=[subnet.subnet_id for subnet in self._network.tasks],
                    security_groups=[self._network.task_group.security_group_id],
                )
            ),
        )
