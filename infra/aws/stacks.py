"""The two stacks, by how long they live.

Belongs here: which capability lives in which stack. What a capability consists of belongs in
`constructs`, what there is in `infra.topology`.
"""

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.aws.arns import ops_topic_arn
from infra.aws.constructs.api import CollectorApi
from infra.aws.constructs.buckets import Buckets
from infra.aws.constructs.catalog import Catalog
from infra.aws.constructs.dashboard import Dashboard
from infra.aws.constructs.encryption import OwnKey
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
from infra.aws.policies.principals import statements_of
from infra.topology import Topology


@dataclass(frozen=True)
class Deployment:
    """What the stacks are made from.

    Attributes:
        topology: The platform, its placeholders unfilled.
        code: The folder with each function's package, `<package>.zip`.
    """

    topology: Topology
    code: Path


class DataStack(Stack):
    """What must outlive every deployment: it is kept when the stack goes.

    Attributes:
        key: The account's own key, where it was chosen.
        runs: Where Dagster keeps its history, where it runs in the account.
    """

    def __init__(self, scope: Construct, topology: Topology) -> None:
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
        WorkGroup(self, "Queries", topology, data.key)
        if hosting.quicksight_principal is not None:
            Serving(self, "Serving", topology, hosting.quicksight_principal)
        dagster = topology.orchestration
        if dagster is not None and dagster.is_running and data.runs is not None:
            DagsterService(self, "Dagster", topology, dagster, data.runs, surroundings)
        operators = ops_topic_arn(topology)
        Alarms(self, "Alarms", topology.alarms, operators)
        Budget(self, "Cost", topology.stack, hosting.monthly_budget_usd, operators)
        Dashboard(self, "Watching", topology, api.api_id)

    def _functions(
        self, deployment: Deployment, surroundings: Surroundings
    ) -> dict[str, PlatformFunction]:
        key_arn = None if surroundings.key is None else surroundings.key.key_arn
        created: dict[str, PlatformFunction] = {}
        for function in deployment.topology.functions:
            created[function.package] = one = PlatformFunction(
                self,
                function.package,
                function,
                deployment.code / f"{function.package}.zip",
                statements_of(function.package, deployment.topology, key_arn=key_arn),
                surroundings,
            )
            if function.mapping is not None:
                StreamMapping(
                    one, "Mapping", function.mapping, deployment.topology.stream.name, one.function
                )
        return created
