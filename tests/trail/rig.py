"""A platform whose calls to AWS are written down, by who makes them.

Belongs here: putting the proxy between everybody and the emulators, and giving each function, the
batch side and Athena an access key of its own. Nothing in the product differs from any other
platform: only endpoint URLs and credentials do.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra.local.endpoints import Ports, aws_environment
from infra.local.launcher import Platform
from infra.local.processes import LOOPBACK, Spec, free_port
from infra.local.specs import Options, Specs
from infra.local.state import State
from infra.resource_types import Function
from tests.trail.proxy import HEALTH

DAGSTER = "dagster"
ATHENA = "athena"


@dataclass(frozen=True)
class RecordedSpecs(Specs):
    """The processes of a platform, with the proxy between them and the emulators.

    Attributes:
        fronts: The ports on which the proxy stands for the emulators.
    """

    fronts: Ports

    @property
    def trail(self) -> Path:
        """What was asked, a line of JSON each."""
        return self.state.root / "trail.ndjson"

    @property
    def environment(self) -> dict[str, str]:
        """The variables every process has: AWS is where the proxy is."""
        return {**super().environment, **aws_environment(self.fronts)}

    @property
    def as_dagster(self) -> dict[str, str]:
        """The variables of a process of the batch side."""
        return {**self.environment, "AWS_ACCESS_KEY_ID": DAGSTER}

    def emulators(self) -> list[Spec]:
        """The proxy, and what stands in for AWS."""
        pairs = (
            (self.fronts.ministack, self.ports.ministack),
            (self.fronts.catalog, self.ports.catalog),
            (self.fronts.athena, self.ports.athena),
        )
        routes = [f"{front}=http://{LOOPBACK}:{upstream}" for front, upstream in pairs]
        proxy = Spec(
            "trail",
            (sys.executable, "-m", "tests.trail.proxy", "--log", str(self.trail), *routes),
            {},
            f"http://{LOOPBACK}:{self.fronts.ministack}{HEALTH}",
            "trail",
        )
        return [proxy, *super().emulators()]

    def ingress(self) -> Spec:
        """The collector under its own key."""
        return _as(super().ingress(), "collector")

    def mapping(self, function: Function) -> Spec:
        """A function under its own key, with its mapping, which on AWS has the same role."""
        return _as(super().mapping(function), function.package)

    def _athena(self) -> Spec:
        return _as(super()._athena(), ATHENA)


class RecordedPlatform(Platform):
    """A platform with a trail.

    Attributes:
        specs: Its processes.
        spans: Parts of the trail, from one byte to another, in which no test asked Athena.
    """

    specs: RecordedSpecs

    def __init__(self, state: State, ports: Ports, options: Options) -> None:
        super().__init__(state, ports, options, lambda _: None)
        fronts = replace(ports, ministack=free_port(), catalog=free_port(), athena=free_port())
        self.specs = RecordedSpecs(state, ports, self.topology, options, fronts)
        self.spans: list[tuple[int, int]] = []

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While the product alone is at work: tests ask Athena as well, and it is one process."""
        start = self.specs.trail.stat().st_size
        yield
        self.spans.append((start, self.specs.trail.stat().st_size))

    def lines(self) -> Iterator[tuple[str, bool]]:
        """What was asked so far, and whether the product alone was at work."""
        with self.specs.trail.open("rb") as trail:
            position = 0
            for line in trail:
                yield line.decode(), any(start <= position < end for start, end in self.spans)
                position += len(line)


def _as(spec: Spec, key: str) -> Spec:
    return replace(spec, environment={**spec.environment, "AWS_ACCESS_KEY_ID": key})
