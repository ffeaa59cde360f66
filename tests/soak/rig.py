"""A platform of its own whose functions reach AWS through two proxies.

Belongs here: which process talks through what, killing and restarting. Which faults there are and
when belongs in `faults`; the proxies are microburst and `lossy`. Nothing in the product differs
from any other platform: only endpoint URLs do.
"""

import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import psutil

from infra.local.endpoints import Ports
from infra.local.launcher import Platform
from infra.local.processes import LOOPBACK, Running, Spec, free_port
from infra.local.specs import EMULATORS, PROJECT_ROOT, Options, Specs
from infra.local.state import State
from infra.resource_types import Function

ARCHIVE_WINDOW_S = 5.0
SHARDS = 2  # at first, whatever the topology says: what shards share must be counted side by side
_PROXIES = frozenset({"microburst", "lossy"})
_LOST = ("DYNAMODB", "S3", "SNS")  # writes whose answers may be lost
_FAULTY = ("KINESIS", "SQS")  # the mapping's own calls: refused, never half done
_RESTART_PAUSE_S = 1.0


@dataclass(frozen=True)
class SoakSpecs(Specs):
    """The processes of a platform, with the proxies between its functions and AWS.

    Attributes:
        microburst: Port of microburst, which talks to ministack.
        lossy: Port of the lossy proxy, which talks to microburst.
    """

    microburst: int
    lossy: int

    def emulators(self) -> list[Spec]:
        """What stands in for AWS, and the proxies before it."""
        python = (sys.executable, "-m")
        microburst = Spec(
            "microburst",
            (*python, "microburst", "--port", str(self.microburst), "--upstream", self._aws),
            self.environment,
            f"http://{LOOPBACK}:{self.microburst}/_microburst/health",
            self._aws,
        )
        upstream = f"http://{LOOPBACK}:{self.microburst}"
        lossy = Spec(
            "lossy",
            (*python, "tests.soak.lossy", "--port", str(self.lossy), "--upstream", upstream),
            self.environment,
            f"http://{LOOPBACK}:{self.lossy}/_lossy/counts",
            "counts",
        )
        return [*super().emulators(), microburst, lossy]

    def ingress(self) -> Spec:
        """The collector; its answers from Kinesis may be lost."""
        return _with(super().ingress(), {"AWS_ENDPOINT_URL_KINESIS": self._url(self.lossy)})

    def mapping(self, function: Function) -> Spec:
        """A function on its event source mapping, all of its calls through the proxies."""
        endpoints = {
            **{f"AWS_ENDPOINT_URL_{name}": self._url(self.lossy) for name in _LOST},
            **{f"AWS_ENDPOINT_URL_{name}": self._url(self.microburst) for name in _FAULTY},
        }
        return _with(super().mapping(function), endpoints)

    def _ministack(self) -> Spec:
        spec = super()._ministack()
        return replace(spec, command=(sys.executable, "-m", "tests.soak.aws_host"))

    @property
    def _aws(self) -> str:
        return self._url(self.ports.ministack)

    @staticmethod
    def _url(port: int) -> str:
        return f"http://{LOOPBACK}:{port}"


class SoakPlatform(Platform):
    """A platform that is watched in the background and whose processes can be killed.

    Attributes:
        kills: How often each process was killed.
        ends: How often each process ended, killed or by itself, and was started again.
        died: The emulator or proxy that ended, which nobody can mend.
    """

    specs: SoakSpecs

    def __init__(self, state: State, report: Callable[[str], None]) -> None:
        ports = Ports.of_state(state, free_port(), free_port())
        options = Options(ARCHIVE_WINDOW_S, {})
        super().__init__(state, ports, options, report)
        stream = replace(self.topology.stream, shards=SHARDS)
        self.topology = replace(self.topology, stream=stream)
        self.specs = SoakSpecs(state, ports, self.topology, options, free_port(), free_port())
        self.kills: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.died: str | None = None
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep_running, name="watch")

    @property
    def packages(self) -> list[str]:
        """The functions on the stream."""
        return [f.package for f in self.topology.functions if f.mapping is not None]

    def start(self) -> None:
        """Starts everything, and watches it.

        Raises:
            StartError: If something does not come up.
        """
        super().start()
        self._watch.start()

    def kill(self, name: str) -> bool:
        """Kills a process as the kernel would, in the middle of whatever it does."""
        for process in list(self._processes):
            if process.spec.name == name and process.is_running():
                for child in psutil.Process(process.pid).children():
                    self.kills[name] += 1
                    child.kill()
                    return True
        return False

    def stop(self) -> None:
        """Stops everything; nothing is started again."""
        self._stopping.set()
        if self._watch.is_alive():
            self._watch.join()
        super().stop()

    def _keep_running(self) -> None:
        while not self._stopping.wait(_RESTART_PAUSE_S):
            for index, process in enumerate(self._processes):
                name = process.spec.name
                if process.is_running():
                    continue
                if name in EMULATORS or name in _PROXIES:
                    self.died = f"{name} ended; see {process.log}"
                    return
                self.ends[name] += 1
                self._processes[index] = Running(process.spec, process.log, PROJECT_ROOT)


def _with(spec: Spec, variables: dict[str, str]) -> Spec:
    return replace(spec, environment={**spec.environment, **variables})
