"""Functions that are processes of this machine, as they report.

Belongs here: the mapping runners' status files. Where functions are Lambda's, `lambda_functions`
looks at them.
"""

from collections.abc import Iterator
from pathlib import Path

from infra.deploy.doctor.findings import Finding, ok, problem
from infra.deploy.doctor.lag import lag_finding
from infra.local.progress import lag_of
from infra.resource_types import Function

_SILENT_S = 30.0  # a runner reports every second


def look_at(folder: Path, logs: Path, function: Function) -> Iterator[Finding]:
    """A function and what feeds it.

    Args:
        folder: Where the mapping runners report.
        logs: Where their logs are.
        function: The function as described; one that nothing feeds is the collector, which is
            asked over HTTP.
    """
    if function.mapping is None:
        return
    subject = f"event source mapping of {function.name}"
    means = "its part of the work is not done; records wait on the stream for a day"
    do = f"see {logs / f'{function.package}.log'}; clickstream up"
    lag = lag_of(folder, function.package)
    if lag is None:
        yield problem(subject, "has not reported yet", means, do)
    elif lag.age_s > _SILENT_S:
        yield problem(subject, f"has been silent for {lag.age_s:,.0f} s", means, do)
    else:
        yield ok(subject, f"runs, {lag.records:,} records since its start")
        yield lag_finding(f"lag of {function.name}", lag.behind_ms / 1000, function.mapping)
