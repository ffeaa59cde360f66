"""Functions and event source mappings as Lambda tells of them.

Belongs here: Lambda's own words and what they mean. Where functions are processes of this machine,
`running_functions` looks at them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.deploy.access import Clients
from infra.deploy.cloudwatch import MINUTES, latest
from infra.deploy.doctor.findings import Finding, missing, ok, problem, warning
from infra.deploy.doctor.lag import lag_finding
from infra.deploy.progress import iterator_age_s
from infra.resource_types import Function, Stream
from infra.resource_types import Mapping as EventSourceMapping

_NOT_COUNTED = (
    "its part of the work is not done; records wait on the stream for a day, then are lost"
)


@dataclass(frozen=True)
class Expected:
    """What a function's settings depend on beside the function.

    Attributes:
        region: The region.
        account: The account's id.
        stream: What feeds the mappings.
    """

    region: str
    account: str
    stream: Stream


def look_at(
    client: Clients, function: Function, expected: Expected, recreate: str
) -> Iterator[Finding]:
    """A function, its settings, and the mapping that feeds it.

    Args:
        client: AWS clients.
        function: The function as described.
        expected: What its settings depend on.
        recreate: The command that sets things right.
    """
    subject, lambda_ = f"function {function.name}", client("lambda")
    try:
        found = lambda_.get_function_configuration(FunctionName=function.name)
    except lambda_.exceptions.ResourceNotFoundException:
        yield missing(subject, _NOT_COUNTED, recreate)
        return
    if found.get("State", "Active") not in {"Active", "Inactive"}:  # inactive: idle for weeks
        why = found.get("StateReason", "no reason is told")
        yield problem(subject, f"is {found['State']}: {why}", _NOT_COUNTED, recreate)
        return
    wrong = _function_differences(function, found, expected)
    if wrong:
        means = "it works otherwise than described"
        yield warning(subject, "; ".join(wrong), means, recreate)
    else:
        yield ok(subject, f"{found['MemorySize']} MB, {found['Timeout']} s")
    yield from _faults(client, function)
    if function.mapping is not None:
        yield from _look_at_mapping(client, function, function.mapping, expected, recreate)


def _function_differences(
    function: Function, found: Mapping[str, Any], expected: Expected
) -> list[str]:
    told = found.get("Environment", {}).get("Variables", {})
    wrong = [
        f"{what} {is_} instead of {wanted}"
        for what, is_, wanted in (
            ("memory in MB", found["MemorySize"], function.memory_mb),
            ("timeout in s", found["Timeout"], function.timeout_s),
        )
        if is_ != wanted
    ]
    for name, value in function.environment.items():
        wanted = value.format(account=expected.account, region=expected.region)
        if told.get(name) != wanted:
            wrong.append(f"variable {name} is {told.get(name)!r} instead of {wanted!r}")
    return wrong


def _faults(client: Clients, function: Function) -> Iterator[Finding]:
    subject = f"function {function.name}"
    of = ("FunctionName", function.name)
    errors, throttles = (
        latest(client, "AWS/Lambda", name, of, "Sum") or 0 for name in ("Errors", "Throttles")
    )
    logs = f"aws logs tail /aws/lambda/{function.name} --since 1h"
    if errors:
        means = "batches are tried again; after five tries they are given up"
        yield warning(subject, f"{errors:,.0f} errors in {MINUTES} minutes", means, logs)
    if throttles:
        means = "the account's concurrency is used up, so batches wait"
        do = "docs/operations.md, Throttling"
        yield warning(subject, f"{throttles:,.0f} throttles in {MINUTES} minutes", means, do)


def _look_at_mapping(
    client: Clients,
    function: Function,
    mapping: EventSourceMapping,
    expected: Expected,
    recreate: str,
) -> Iterator[Finding]:
    subject = f"event source mapping of {function.name}"
    answer = client("lambda").list_event_source_mappings(FunctionName=function.name)
    ending = f":stream/{expected.stream.name}"
    found = [one for one in answer["EventSourceMappings"] if one["EventSourceArn"].endswith(ending)]
    if not found:
        yield missing(subject, _NOT_COUNTED, recreate)
        return
    if len(found) > 1:
        means = "each record is delivered more than once: two writers of one counter"
        yield problem(subject, f"is there {len(found)} times", means, recreate)
        return
    one = found[0]
    if one["State"] not in {"Enabled", "Enabling", "Creating", "Updating"}:
        do = f"aws lambda update-event-source-mapping --uuid {one['UUID']} --enabled"
        yield problem(subject, f"is {one['State'].lower()}", _NOT_COUNTED, do)
        return
    yield _settings_finding(subject, mapping, one, recreate)
    yield from _last_result(one, function)
    yield lag_finding(f"lag of {function.name}", iterator_age_s(client, function), mapping.window_s)


def _settings_finding(
    subject: str, mapping: EventSourceMapping, found: Mapping[str, Any], recreate: str
) -> Finding:
    failures = found.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    exact = (
        ("parallelization factor", found.get("ParallelizationFactor"), mapping.parallelization),
        ("bisects on error", found.get("BisectBatchOnFunctionError"), mapping.bisect_on_error),
        (
            "reports single records",
            "ReportBatchItemFailures" in found.get("FunctionResponseTypes", []),
            mapping.report_item_failures,
        ),
        ("on-failure queue", failures.rpartition(":")[2] or None, mapping.on_failure_queue),
    )
    tuning = (
        ("batch size", found.get("BatchSize"), mapping.batch_size),
        ("window in s", found.get("MaximumBatchingWindowInSeconds"), mapping.window_s),
        ("retries", found.get("MaximumRetryAttempts"), mapping.max_retries),
        ("record age in s", found.get("MaximumRecordAgeInSeconds"), mapping.max_record_age_s),
    )
    if wrong := _spelled(exact):
        means = "records can be lost, or a counter gets two writers"
        return problem(subject, wrong, means, recreate)
    if wrong := _spelled(tuning):
        means = "it works otherwise than described"
        return warning(subject, wrong, means, recreate)
    return ok(subject, f"{found['State'].lower()}, set as described")


def _spelled(compared: tuple[tuple[str, object, object], ...]) -> str:
    return "; ".join(f"{name}: {is_} instead of {to}" for name, is_, to in compared if is_ != to)


def _last_result(found: Mapping[str, Any], function: Function) -> Iterator[Finding]:
    """Lambda tells "OK", "No records processed", or "PROBLEM: " and why."""
    told = found.get("LastProcessingResult") or "No records processed"
    if told not in {"OK", "No records processed"}:
        do = f"aws logs tail /aws/lambda/{function.name} --since 1h"
        yield problem(f"last delivery to {function.name}", told, _NOT_COUNTED, do)
