"""The two stacks, by how long they live.

Belongs here: which capability lives in which stack. What a capability consists of belongs in
`constructs`, what there is in `infra.topology`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.aws.arns import ops_topic_arn
from infra.aws.constructs.api import CollectorApi
from infra.aws.constructs.buckets import Buckets
from infra.aws.constructs.catalog import Catalog
from infra.aws.constructs.dashboard import Dashboard
from infra.aws.constructs.delivery import Delivery
from infra.aws.constructs.encryption import OwnKey
from infra.aws.constructs.front_door import Entrance
from infra.aws.constructs.functions import PlatformFunction, Surroundings
from infra.aws.constructs.mappings import StreamMapping
from infra.aws.constructs.orchestration import DagsterService
from infra.aws.constructs.queries import WorkGroup
from infra.aws.constructs.queues import Queues
from infra.aws.constructs.run_history import RunHistoryStore
from infra.aws.constructs.serving import Serving
from infra.aws.constructs.stream import EventStream
from infra.aws.constructs.tables import RealTimeTables
from infra.aws.constructs.topics import Topics
from infra.aws.constructs.watching import Alarms, Budget
from infra.aws.policies.principals import FIREHOSE, statements_of
from infra.topology import Topology


@dataclass(frozen=True)
class Deployment:
    """What the stacks are made from.

    Attributes:
        topology: The platform, its placeholders unfilled.
        code: The folder with each function's package, `<package>.zip`.
        choices: What was chosen, by name; the stack tells it to the next deployment.
    """

    topology: Topology
    code: Path
    choices: Mapping[str, str]


class DataStack(Stack):
    """What must outlive every deployment: it is kept when the stack goes.

    Attributes:
        key: The account's own key, where it was chosen.
        runs: Where Dagster keeps its history, where it runs in the account.
    """

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        topology = deployment.topology
        super().__init__(
            scope,
            f"{topology.stack}-data",
            description="Clickstream: stream, tables, lake, queues, topics and catalog",
            termination_protection=True,
        )
        hosting = topology.hosting
        self.key: kms.IKey | None = None
        if hosting.kms == "own":
            self.key = OwnKey(self, "Encryption", topology.stack).key
        EventStream(self, "Events", topology.stream, self.key)
        RealTimeTables(self, "RealTime", topology.tables, self.key)
        queues = Queues(self, "Queues", topology.queues, self.key)
        Buckets(self, "Lake", topology.buckets, queues.by_name, self.key)
        Topics(self, "Topics", topology.topics, self.key, hosting.alarm_email)
        Catalog(self, "Catalog", topology)
        self.runs: RunHistoryStore | None = None
        if topology.orchestration is not None:
            self.runs = RunHistoryStore(self, "Runs", topology.orchestration.history, self.key)
        # here, so that they are known as long as there is data that was stored by them
        chosen = json.dumps(dict(sorted(deployment.choices.items())))
        CfnOutput(self, "Choices", value=chosen, description="What was chosen for the platform")


class ComputeStack(Stack):
    """What can be replaced at any time: it holds nothing."""

    def __init__(self, scope: Construct, deployment: Deployment, data: DataStack) -> None:
        topology = deployment.topology
        super().__init__(
            scope,
            f"{topology.stack}-compute",
            description="Clickstream: functions, API, queries, QuickSight and alarms",
        )
        self.add_stack_dependency(data)
        hosting = topology.hosting
        surroundings = Surroundings(hosting.log_retention_days, data.key)
        functions = self._functions(deployment, surroundings)
        api = CollectorApi(
            self, "Collector", topology.api, functions[topology.api.package].function, surroundings
        )
        host = api.host
        if topology.api.front_door is not None:
            host = Entrance(self, "Entrance", topology.api.front_door, api.host).host
        CfnOutput(
            self, "CollectorUrl", value=f"https://{host}", description="Where events are sent"
        )
        self._deliveries(topology, functions, surroundings)
        queries = WorkGroup(self, "Queries", topology, data.key)
        if hosting.quicksight_principal is not None:
            serving = Serving(self, "Serving", topology, hosting.quicksight_principal)
            serving.node.add_dependency(queries)  # QuickSight tries the work group
        dagster = topology.orchestration
        if dagster is not None and dagster.is_running and data.runs is not None:
            DagsterService(self, "Dagster", topology, dagster, data.runs, surroundings)
        operators = ops_topic_arn(topology)
        Alarms(self, "Alarms", topology.alarms, operators)
        Budget(self, "Cost", topology.stack, hosting.monthly_budget_usd, operators)
        Dashboard(self, "Watching", topology, api.api_id)

    def _deliveries(
        self,
        topology: Topology,
        functions: dict[str, PlatformFunction],
        surroundings: Surroundings,
    ) -> None:
        """Firehose calls a function from its first record on, so the functions come first."""
        for stream in topology.delivery_streams:
            statements = statements_of(FIREHOSE, topology, key_arn=surroundings.key_arn)
            created = Delivery(
                self, stream.name, stream, topology.database, statements, surroundings
            )
            created.node.add_dependency(*functions.values())

    def _functions(
        self, deployment: Deployment, surroundings: Surroundings
    ) -> dict[str, PlatformFunction]:
        created: dict[str, PlatformFunction] = {}
        for function in deployment.topology.functions:
            created[function.package] = one = PlatformFunction(
                self,
                function.package,
                function,
                deployment.code / f"{function.package}.zip",
                statements_of(function.package, deployment.topology, key_arn=surroundings.key_arn),
                surroundings,
            )
            if function.mapping is not None:
                StreamMapping(
                    one, "Mapping", function.mapping, deployment.topology.stream.name, one.function
                )
        return created
