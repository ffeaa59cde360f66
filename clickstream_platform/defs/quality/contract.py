"""The contract: tables and files have its columns.

Belongs here: the check. What counts as a difference belongs in `core.contract`.
"""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
import pyarrow as pa

from clickstream_platform.core.contract import (
    FOOTER_GUESS_BYTES,
    file_differences,
    footer_bytes,
    schema_of,
    table_differences,
)
from clickstream_platform.defs.quality.run_hours import hours_of
from clickstream_platform.defs.quality.told import without_empty
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource

_DESCRIPTION = (
    "The Glue tables of raw and compacted events have the contract's columns with its types, and "
    "so has a file of each hour that the run has built, of ten hours at most."
)
_FILES = 10
_RUN_ID = 8  # characters of the run's id at the end of a generation's name


def build_contract_check(
    events: dg.AssetKey, table: str, raw_table: str
) -> dg.AssetChecksDefinition:
    """The check that holds back the marts when columns are not those of the contract.

    A wrong type would not fail a query over other columns; it would fail some report, some day. It
    takes resources `lake` and `catalog`.

    Args:
        events: The asset of the compacted events.
        table: Its table.
        raw_table: The table of the raw events.
    """
    spec = dg.AssetCheckSpec(
        "columns_are_the_contracts", asset=events, description=_DESCRIPTION, blocking=True
    )

    @dg.multi_asset_check(name="events_have_the_contract", specs=[spec])
    def events_have_the_contract(
        context: dg.AssetCheckExecutionContext, lake: LakeResource, catalog: CatalogResource
    ) -> dg.AssetCheckResult:
        wrong = {name: table_differences(catalog.columns(name)) for name in (raw_table, table)}
        hours = hours_of(context)
        locations = {} if hours is None else catalog.locations(table, hours.hours())
        built = _built_by(context.run.run_id, locations)
        sample = _sample(built or locations)
        files = 0
        for location in sample.values():
            for key, schema in _schemas(lake, location):
                files += 1
                wrong[key] = file_differences(schema, may_lack=not built)
        wrong = {name: differences for name, differences in wrong.items() if differences}
        return dg.AssetCheckResult(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=not wrong,
            severity=dg.AssetCheckSeverity.ERROR,
            description=_summary(wrong, files),
            metadata=without_empty({"files": files, "hours": sorted(sample), "differences": wrong}),
        )

    return events_have_the_contract


def _summary(wrong: Mapping[str, Sequence[str]], files: int) -> str:
    if not wrong:
        return f"Two tables and {files:,} files have the contract's columns."
    first = min(wrong)
    return f"{len(wrong):,} tables or files differ from the contract; {first}: {wrong[first][0]}"


def _built_by(run_id: str, locations: Mapping[str, str]) -> dict[str, str]:
    """Those of some hours whose generation a run has written."""
    suffix = f"-{run_id[:_RUN_ID]}"
    return {hour: at for hour, at in locations.items() if at.rstrip("/").endswith(suffix)}


def _sample(locations: Mapping[str, str]) -> dict[str, str]:
    """A few hours, spread over all of them."""
    hours = sorted(locations)
    step = max(1, -(-len(hours) // _FILES))
    return {hour: locations[hour] for hour in hours[::step]}


def _schemas(lake: LakeResource, location: str) -> Iterator[tuple[str, pa.Schema]]:
    """The key and schema of one file below a location, if there is any."""
    for one in lake.list_objects(location.removeprefix(lake.uri(""))):
        end = lake.read(one.key, last_bytes=FOOTER_GUESS_BYTES)
        wanted = footer_bytes(end)
        if wanted > len(end):
            end = lake.read(one.key, last_bytes=wanted)
        yield one.key, schema_of(end)
        return
