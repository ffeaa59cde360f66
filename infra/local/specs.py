"""The processes of the embedded platform: commands, variables, and how each says it is ready.

Belongs here: what is run and with what. When it is run belongs in `launcher`, how in `processes`.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.batch_variables import PREFIX, batch_variables
from infra.delivery_profiles import Delivery
from infra.local.endpoints import ACCOUNT, REGION, Ports, aws_environment
from infra.local.processes import LOOPBACK, Spec
from infra.local.state import State
from infra.resource_types import DeliveryStream, Function
from infra.topology import Topology

PROJECT_ROOT = Path(__file__).parent.parent.parent
EMULATORS = frozenset({"ministack", "catalog", "athena"})
_PYTHON = (sys.executable, "-m")
_DAGSTER_YAML = PROJECT_ROOT / "infra" / "dagster.yaml"


@dataclass(frozen=True)
class Options:
    """What may differ between two platforms on this machine.

    Attributes:
        archive_window_s: How long the archive gathers events into one object, in seconds.
        batch: Settings of the batch side, by their variables' names without `CLICKSTREAM_`.
        delivery: How the stream gets into the lake.
    """

    archive_window_s: float
    batch: Mapping[str, str]
    delivery: Delivery = "lambda"


@dataclass(frozen=True)
class Specs:
    """The processes of one platform.

    Attributes:
        state: Where they keep what they keep.
        ports: Where they listen.
        topology: What they serve.
        options: What differs from other platforms.
    """

    state: State
    ports: Ports
    topology: Topology
    options: Options

    @property
    def environment(self) -> dict[str, str]:
        """The variables every process has."""
        beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {
            **aws_environment(self.ports),
            **batch_environment(self.topology, self.options.batch),
            "DAGSTER_HOME": str(self.state.root / "dagster"),
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "PATH": beside,  # commands installed beside this one, such as dbt
        }

    def emulators(self) -> list[Spec]:
        """What stands in for AWS, in the order of its start."""
        return [self._ministack(), self._catalog(), self._athena()]

    def ingress(self) -> Spec:
        """The collector behind HTTP."""
        collector = self.topology.function("collector")
        return Spec(
            "collector",
            (*_PYTHON, "infra.local.ingress", "--port", str(self.ports.collector)),
            {**self.environment, **function_environment(collector)},
            f"{self.ports.collector_url}/health",
            "ok",
        )

    def mapping(self, function: Function) -> Spec:
        """A function on its event source mapping."""
        folder, window = self.state.folder("mappings"), self.options.archive_window_s
        options = ("--folder", str(folder), "--archive-window", str(window))
        return Spec(
            function.package,
            (*_PYTHON, "infra.local.mappings", function.package, *options),
            {**self.environment, **function_environment(function)},
        )

    def delivery(self, stream: DeliveryStream) -> Spec:
        """A delivery stream, with the function it calls."""
        function = next(one for one in self.topology.functions if one.name == stream.transform)
        folder, window = self.state.folder("mappings"), self.options.archive_window_s
        options = ("--folder", str(folder), "--archive-window", str(window))
        return Spec(
            "firehose",
            (*_PYTHON, "infra.local.firehose", stream.name, *options),
            {**self.environment, **function_environment(function)},
        )

    def dagster(self) -> Spec:
        """Dagster's web server and daemon."""
        options = ("--host", LOOPBACK, "--port", str(self.ports.ui))
        workspace = ("--workspace", str(PROJECT_ROOT / "workspace.yaml"))
        return Spec(
            "dagster",
            (*_PYTHON, "dagster", "dev", *options, *workspace),
            self.environment,
            f"{self.ports.ui_url}/server_info",
            "dagster_version",
        )

    def interrupted_runs(self) -> Spec:
        """The repair of what the last stop cut off; it ends by itself."""
        command = (*_PYTHON, "infra.local.interrupted_runs")
        return Spec("interrupted-runs", command, self.environment)

    def prepare_dagster_home(self) -> bool:
        """Writes the instance's configuration; True when the instance has been used before."""
        home = self.state.folder("dagster")
        shutil.copyfile(_DAGSTER_YAML, home / "dagster.yaml")
        return (home / "history").exists()

    def _ministack(self) -> Spec:
        root = self.state.folder("aws")
        return Spec(
            "ministack",
            (*_PYTHON, "infra.local.aws_host"),
            {
                **self.environment,
                "GATEWAY_PORT": str(self.ports.ministack),
                "BIND_HOST": LOOPBACK,
                "MINISTACK_HOST": LOOPBACK,
                "MINISTACK_REGION": REGION,
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "SERVICES": "s3,sqs,sns,dynamodb,kinesis,cloudwatch,sts",
                "PERSIST_STATE": "1",
                "S3_PERSIST": "1",
                "STATE_DIR": str(root / "state"),
                "S3_DATA_DIR": str(root / "s3"),
                "LOG_LEVEL": "WARNING",
                "IOT_MTLS_ENABLED": "0",  # it would listen on every interface
                "SFTP_ENABLED": "0",
            },
            f"http://{LOOPBACK}:{self.ports.ministack}/_ministack/health",
            "kinesis",
        )

    def _catalog(self) -> Spec:
        journal = self.state.folder("aws") / "catalog.journal"
        options = ("--journal", str(journal), "--workgroup", self.topology.workgroup)
        port = str(self.ports.catalog)
        return Spec(
            "catalog",
            (*_PYTHON, "infra.local.catalog", "--port", port, *options),
            self.environment,
            f"http://{LOOPBACK}:{port}/health",
            "clickstream-catalog",
        )

    def _athena(self) -> Spec:
        results = f"s3://{self.topology.results_bucket}/"
        cache = str(self.state.root / "athena-cache")
        options = ("--cache-dir", cache, "--output-location", results)
        port = str(self.ports.athena)
        return Spec(
            "athena",
            (*_PYTHON, "infra.local.athena", "--port", port, *options),
            self.environment,
            f"http://{LOOPBACK}:{port}/health",
            "duckdb",
        )


def function_environment(function: Function) -> dict[str, str]:
    """A function's variables, its placeholders filled in for the embedded AWS."""
    own = {
        name: value.format(account=ACCOUNT, region=REGION)
        for name, value in function.environment.items()
    }
    return {**own, "AWS_LAMBDA_FUNCTION_NAME": function.name}


def batch_environment(
    topology: Topology,
    settings: Mapping[str, str],
    *,
    account: str = ACCOUNT,
    region: str = REGION,
) -> dict[str, str]:
    """The batch side's variables: the topology's names, and the settings given.

    Args:
        topology: What the names are of.
        settings: Settings, by their variables' names without `CLICKSTREAM_`.
        account: The account it is in; the embedded AWS's if left.
        region: The region; the embedded AWS's if left.
    """
    names = batch_variables(topology, topology.data_sets)
    filled = {
        name: value.replace("{account}", account).replace("{region}", region)
        for name, value in names.items()
    }
    return {**filled, **{f"{PREFIX}{name}": value for name, value in settings.items()}}
