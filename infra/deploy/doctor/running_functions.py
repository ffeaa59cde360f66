"""Functions that are processes of this machine, as they report.

Belongs here: the mapping runners' status files. Where functions are Lambda's, `lambda_functions`
looks at them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from infra.deploy.doctor.findings import Finding, ok, problem
from infra.deploy.doctor.lag import lag_finding
from infra.local.progress import lag_of
from infra.resource_types import DeliveryStream, Function

_SILENT_S = 30.0  # a runner reports every second


def look_at(folder: Path, logs: Path, function: Function) -> Iterator[Finding]:
    """A function and what feeds it.

    Args:
        folder: Where the mapping runners report.
        logs: Where their logs are.
        function: The function as described; one without a mapping is the collector, which is asked
            over HTTP, or that of a delivery stream, which is looked at itself.
    """
    if function.mapping is None:
        return
    subject = f"event source mapping of {function.name}"
    runner = _Runner(subject, function, logs / f"{function.package}.log", function.mapping.window_s)
    yield from runner.look(folder)


def look_at_delivery(
    folder: Path, logs: Path, stream: DeliveryStream, function: Function
) -> Iterator[Finding]:
    """A delivery stream and the function it calls.

    Args:
        folder: Where the runners report.
        logs: Where their logs are.
        stream: The delivery stream as described.
        function: Its function.
    """
    window_s = stream.transform_buffer_s + stream.buffer_s
    runner = _Runner(f"delivery stream {stream.name}", function, logs / "firehose.log", window_s)
    yield from runner.look(folder)


class _Runner(NamedTuple):
    """A process that feeds a function."""

    subject: str
    function: Function
    log: Path
    window_s: float

    def look(self, folder: Path) -> Iterator[Finding]:
        means = "its part of the work is not done; records wait on the stream for a day"
        do = f"see {self.log}; clickstream up"
        lag = lag_of(folder, self.function.package)
        if lag is None:
            yield problem(self.subject, "has not reported yet", means, do)
        elif lag.age_s > _SILENT_S:
            yield problem(self.subject, f"has been silent for {lag.age_s:,.0f} s", means, do)
        else:
            yield ok(self.subject, f"runs, {lag.records:,} records since its start")
            behind_s = lag.behind_ms / 1000
            yield lag_finding(f"lag of {self.function.name}", behind_s, self.window_s)
