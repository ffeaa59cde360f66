"""The platform on this machine: which processes there are, in which order, with which environment.

Belongs here: starting everything and stopping it again. Process mechanics belong in `processes`,
what is created belongs in `provision`.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.endpoints import ACCOUNT, REGION, Ports, aws_environment
from infra.local.processes import LOOPBACK, Running, Spec, StartError, stop_all
from infra.local.provision import provision
from infra.local.state import State
from infra.topology import Function, Topology, build_topology

PROJECT_ROOT = Path(__file__).parent.parent.parent
_EMULATORS = frozenset({"ministack", "catalog", "athena"})
_RESTART_PAUSE_S = 2.0
_DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
run_monitoring:
  enabled: true
run_retries:
  enabled: true
  max_retries: 2
concurrency:
  pools:
    granularity: run
    default_limit: 1
  runs:
    # Two runs never rebuild the same hour. The pool alone lets two start on a fresh instance.
    tag_concurrency_limits:
      - key: clickstream/rebuilds
        limit: 1
"""


@dataclass(frozen=True)
class Options:
    """What may differ between two platforms on this machine.

    Attributes:
        archive_window_s: How long the archive gathers events into one object, in seconds.
        batch: Settings of the batch side, by their variables' names without `CLICKSTREAM_`.
    """

    archive_window_s: float
    batch: Mapping[str, str]


class Platform:
    """One platform on one state directory.

    Args:
        state: Where everything is kept.
        ports: Where everything listens.
        options: What differs from other platforms.
        report: Told what is going on, in a few words.
    """

    def __init__(
        self, state: State, ports: Ports, options: Options, report: Callable[[str], None]
    ) -> None:
        self.state = state
        self.ports = ports
        self.options = options
        self.topology = build_topology(ACCOUNT, archive_window_s=options.archive_window_s)
        self.environment = {
            **aws_environment(ports),
            **batch_environment(self.topology, options.batch),
            "DAGSTER_HOME": str(state.root / "dagster"),
            "POWERTOOLS_LOG_LEVEL": "INFO",
            # Commands that were installed beside this one, such as dbt.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        self._report = report
        self._processes: list[Running] = []

    def start(self) -> None:
        """Starts the emulators, creates the topology, starts the functions and the collector.

        Raises:
            StartError: If something does not come up. What was started is stopped again.
        """
        os.environ.update(self.environment)  # this process's own AWS clients
        try:
            self._report("starting the embedded AWS")
            emulators = [self._start(spec) for spec in self._emulators()]
            for process in emulators:
                process.wait_ready()
            self._report("creating streams, tables, queues and catalog")
            provision(self.topology, ACCOUNT)
            self._report("starting the collector and the functions")
            front = self._start(self._ingress())
            for function in self.topology.functions:
                if function.mapping is not None:
                    self._start(self._mapping(function))
            front.wait_ready()
        except BaseException:
            self.stop()
            raise
        self.state.write_running({"ports": self.ports.as_json()})

    def start_process(self, spec: Spec) -> Running:
        """Starts a further process that ends with this platform."""
        return self._start(spec)

    def start_dagster(self) -> None:
        """Starts Dagster's web server and daemon.

        Raises:
            StartError: If it does not come up.
        """
        prepare_dagster_home(self.state.folder("dagster"))
        self._report("starting Dagster")
        command = (sys.executable, "-m", "dagster", "dev", "--host", LOOPBACK)
        workspace = str(PROJECT_ROOT / "workspace.yaml")
        spec = Spec(
            "dagster",
            (*command, "--port", str(self.ports.ui), "--workspace", workspace),
            self.environment,
            f"{self.ports.ui_url}/server_info",
            "dagster_version",
        )
        self._start(spec).wait_ready()

    def keep_running(self) -> None:
        """Watches the processes; starts again what may be started again.

        Raises:
            StartError: If an emulator ends: what it held in memory is gone with it.
        """
        while True:
            time.sleep(1)
            for index, process in enumerate(self._processes):
                if process.is_running():
                    continue
                name = process.spec.name
                if name in _EMULATORS:
                    raise StartError(f"{name} ended unexpectedly; see {process.log}")
                self._report(f"{name} ended unexpectedly, starting it again; see {process.log}")
                time.sleep(_RESTART_PAUSE_S)
                self._processes[index] = Running(process.spec, process.log, PROJECT_ROOT)

    def stop(self) -> None:
        """Stops everything in the reverse order; emulators last, so that they keep all of it."""
        stop_all(self._processes, lambda name: self._report(f"stopping {name}"))
        self._processes.clear()
        self.state.clear_running()

    def _start(self, spec: Spec) -> Running:
        process = Running(spec, self.state.folder("logs") / f"{spec.name}.log", PROJECT_ROOT)
        self._processes.append(process)
        return process

    def _emulators(self) -> list[Spec]:
        ports, root = self.ports, self.state.root
        self.state.folder("aws")
        python = sys.executable
        ministack = Spec(
            "ministack",
            (python, "-m", "ministack"),
            {
                **self.environment,
                "GATEWAY_PORT": str(ports.ministack),
                "BIND_HOST": LOOPBACK,
                "MINISTACK_HOST": LOOPBACK,
                "MINISTACK_REGION": REGION,
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "SERVICES": "s3,sqs,sns,dynamodb,kinesis,cloudwatch,sts",
                "PERSIST_STATE": "1",
                "S3_PERSIST": "1",
                "STATE_DIR": str(root / "aws" / "state"),
                "S3_DATA_DIR": str(root / "aws" / "s3"),
                "LOG_LEVEL": "WARNING",
            },
            f"http://{LOOPBACK}:{ports.ministack}/_ministack/health",
            "kinesis",
        )
        journal = str(root / "aws" / "catalog.journal")
        catalog_options = ("--journal", journal, "--workgroup", self.topology.workgroup)
        catalog = Spec(
            "catalog",
            (
                python,
                "-m",
                "infra.local.catalog",
                "--port",
                str(ports.catalog),
                *catalog_options,
            ),
            self.environment,
            f"http://{LOOPBACK}:{ports.catalog}/health",
            "clickstream-catalog",
        )
        results = f"s3://{self.topology.results_bucket}/"
        cache = str(root / "athena-cache")
        athena_options = ("--cache-dir", cache, "--output-location", results)
        athena = Spec(
            "athena",
            (
                python,
                "-m",
                "infra.local.athena",
                "--port",
                str(ports.athena),
                *athena_options,
            ),
            self.environment,
            f"http://{LOOPBACK}:{ports.athena}/health",
            "duckdb",
        )
        return [ministack, catalog, athena]

    def _ingress(self) -> Spec:
        collector = self.topology.function("collector")
        return Spec(
            "collector",
            (sys.executable, "-m", "infra.local.ingress", "--port", str(self.ports.collector)),
            {**self.environment, **function_environment(collector)},
            f"{self.ports.collector_url}/health",
            "ok",
        )

    def _mapping(self, function: Function) -> Spec:
        folder = str(self.state.folder("mappings"))
        window = str(self.options.archive_window_s)
        options = ("--folder", folder, "--archive-window", window)
        return Spec(
            function.package,
            (
                sys.executable,
                "-m",
                "infra.local.mappings",
                function.package,
                *options,
            ),
            {**self.environment, **function_environment(function)},
        )


def function_environment(function: Function) -> dict[str, str]:
    """A function's variables, its placeholders filled in for the embedded AWS."""
    own = {
        name: value.format(account=ACCOUNT, region=REGION)
        for name, value in function.environment.items()
    }
    return {**own, "AWS_LAMBDA_FUNCTION_NAME": function.name}


def batch_environment(topology: Topology, settings: Mapping[str, str]) -> dict[str, str]:
    """The batch side's variables: the topology's names, and the settings given."""
    notified = next(bucket for bucket in topology.buckets if bucket.notify_queue is not None)
    names = {
        "LAKE_BUCKET": notified.name,
        "RESULTS_BUCKET": topology.results_bucket,
        "DATABASE": topology.database,
        "WORKGROUP": topology.workgroup,
        "RAW_OBJECTS_QUEUE": notified.notify_queue or "",
        "ACCOUNT_ID": ACCOUNT,
    }
    return {f"CLICKSTREAM_{name}": value for name, value in {**names, **settings}.items()}


def prepare_dagster_home(folder: Path) -> None:
    """Writes the instance's configuration into a DAGSTER_HOME."""
    (folder / "dagster.yaml").write_text(_DAGSTER_YAML)
