"""The platform on this machine, started and stopped in order.

Belongs here: the order of things and what to do when one of them ends. Which processes there are
belongs in `specs`, process mechanics in `processes`, what is created in `provision`.
"""

import os
import time
from collections.abc import Callable

from infra.local.endpoints import ACCOUNT, Ports
from infra.local.processes import Running, Spec, StartError, stop_all
from infra.local.provision import provision
from infra.local.specs import EMULATORS, PROJECT_ROOT, Options, Specs
from infra.local.state import State
from infra.topology import build_topology

_RESTART_PAUSE_S = 2.0
UNCLEAN = "unclean-stop"  # left by `aws_host`, which is not imported here: it brings ministack


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
        self.topology = build_topology(
            ACCOUNT, archive_window_s=options.archive_window_s, delivery=options.delivery
        )
        self._delivery = options.delivery
        self.specs = Specs(state, ports, self.topology, options)
        self._report = report
        self._processes: list[Running] = []

    def start(self) -> None:
        """Starts the emulators, creates the topology, starts the functions and the collector.

        Raises:
            StartError: If something does not come up. What was started is stopped again.
        """
        os.environ.update(self.specs.environment)  # this process's own AWS clients
        if (self.state.folder("aws") / "state" / UNCLEAN).exists():
            self._recover()
        try:
            self._report("starting the embedded AWS")
            emulators = [self.start_process(spec) for spec in self.specs.emulators()]
            for process in emulators:
                process.wait_ready()
            self._report("creating streams, tables, queues and catalog")
            provision(self.topology, ACCOUNT)
            self._report("starting the collector and the functions")
            front = self.start_process(self.specs.ingress())
            for function in self.topology.functions:
                if function.mapping is not None:
                    self.start_process(self.specs.mapping(function))
            for stream in self.topology.delivery_streams:
                self.start_process(self.specs.delivery(stream))
            front.wait_ready()
        except BaseException:
            self.stop()
            raise
        self.state.write_running({"ports": self.ports.as_json(), "delivery": self._delivery})

    def _recover(self) -> None:
        """After an unclean stop: the emulators fell back to what they had saved last.

        The functions may be ahead of that. They read the stream again from its beginning, which
        their fences and the lake's deduplication make harmless.
        """
        self._report(
            "the last stop was not clean: events of its last seconds may be missing; the functions "
            "read the stream again"
        )
        for path in self.state.folder("mappings").glob("*.checkpoints.json"):
            path.unlink()

    def start_process(self, spec: Spec) -> Running:
        """Starts a process that ends with this platform."""
        process = Running(spec, self.state.folder("logs") / f"{spec.name}.log", PROJECT_ROOT)
        self._processes.append(process)
        return process

    def start_dagster(self) -> None:
        """Starts Dagster's web server and daemon.

        Raises:
            StartError: If it does not come up.
        """
        self._report("starting Dagster")
        if self.specs.prepare_dagster_home():
            repair = self.start_process(self.specs.interrupted_runs())
            repair.wait_ended()
            self._processes.remove(repair)
        self.start_process(self.specs.dagster()).wait_ready()

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
                if name in EMULATORS:
                    raise StartError(f"{name} ended unexpectedly; see {process.log}")
                self._report(f"{name} ended unexpectedly, starting it again; see {process.log}")
                time.sleep(_RESTART_PAUSE_S)
                self._processes[index] = Running(process.spec, process.log, PROJECT_ROOT)

    def stop(self) -> None:
        """Stops everything in the reverse order; emulators last, so that they keep all of it."""
        stop_all(self._processes, lambda name: self._report(f"stopping {name}"))
        self._processes.clear()
        self.state.clear_running()
