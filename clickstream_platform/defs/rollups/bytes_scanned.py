"""What every model has cost: the bytes that Athena has read for it.

Belongs here: joining what dbt reports at its end with the events that Dagster makes of it. How a
model becomes an asset belongs in `dbt_models`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import dagster as dg
from dagster_dbt import DagsterDbtCliRuntimeError, DbtCliInvocation

BYTES_SCANNED = "bytes_scanned"
_RESULTS: Final = "run_results.json"
_SCANNED = "data_scanned_in_bytes"


def with_bytes_scanned(invocation: DbtCliInvocation) -> Iterator[Any]:
    """The events of a dbt command, those of models with the bytes that were read for them.

    dbt tells the bytes in `run_results.json` alone, so the events wait for the end of the command.

    Args:
        invocation: The command.

    Yields:
        What `DbtCliInvocation.stream` does.

    Raises:
        DagsterDbtCliRuntimeError: If dbt fails; after the events of what was built.
    """
    events: list[Any] = []
    try:
        for event in invocation.stream():
            events.append(event)  # noqa: PERF402 - those before a failure count
    except DagsterDbtCliRuntimeError:
        yield from _told(events, invocation)
        raise
    yield from _told(events, invocation)


def _told(events: Iterable[Any], invocation: DbtCliInvocation) -> Iterator[Any]:
    scanned = _bytes_by_model(invocation)
    for event in events:
        model = event.metadata.get("unique_id") if isinstance(event, dg.Output) else None
        if model is not None and str(model.value) in scanned:
            metadata = {**event.metadata, BYTES_SCANNED: scanned[str(model.value)]}
            yield event.with_metadata(metadata)
        else:
            yield event


def _bytes_by_model(invocation: DbtCliInvocation) -> Mapping[str, int]:
    """Bytes by the model's id; none when dbt has failed before it ran anything."""
    if not (invocation.target_path / _RESULTS).exists():
        return {}
    results = invocation.get_artifact(_RESULTS)["results"]
    return {
        one["unique_id"]: one["adapter_response"][_SCANNED]
        for one in results
        if _SCANNED in one["adapter_response"]
    }
