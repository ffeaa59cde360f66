"""The dbt project as assets.

Belongs here: how a dbt model becomes an asset, and the dbt commands of a run. Which hours have
changed belongs in `changed_hours`, in which parts they are built in `core.build_parts`; SQL,
descriptions, owners and tests in `dbt_sql/`; arguments in `core.dbt_arguments`.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets
from pydantic import Field

from clickstream_platform.automation import follow_rebuilt_hours
from clickstream_platform.core.build_parts import BuildPart, parts_of_all, parts_of_changed
from clickstream_platform.core.dbt_arguments import build_arguments, parse_arguments
from clickstream_platform.defs.rollups.bytes_scanned import with_bytes_scanned
from clickstream_platform.defs.rollups.changed_hours import changed_hours, followers
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.dbt import dbt_for

_SUFFIXES = frozenset({".sql", ".yml", ".csv"})
_PARSED = ("partial_parse.msgpack", "manifest.json")
_WRITTEN_BY_DBT = frozenset({"target", "logs", "dbt_packages"})


class LayeredTranslator(DagsterDbtTranslator):
    """Names assets after the folder of their model: `models/marts/sessions.sql` is marts/sessions.

    Groups, owners and descriptions come from the YAML (`meta.dagster`), as dagster-dbt reads them.

    Args:
        events: The asset of the compacted events.
    """

    def __init__(self, events: dg.AssetKey) -> None:
        super().__init__()
        self._events = events

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """The key [layer, table]; a source names its own in its YAML."""
        match dbt_resource_props["resource_type"]:
            case "model":
                return dg.AssetKey([dbt_resource_props["fqn"][1], dbt_resource_props["name"]])
            case "seed":
                return dg.AssetKey(["seeds", dbt_resource_props["name"]])
        return super().get_asset_key(dbt_resource_props)

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """The spec, with what the model is stored as among its kinds, and when it is built."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        config = self.get_resource_props(manifest, unique_id).get("config", {})
        materialized = str(config.get("materialized"))
        kind = "view" if materialized == "view" else str(config.get("format", "parquet"))
        # Partitions of a day or a swapped table are how Dagster shows a table, not what it is.
        kinds = (spec.kinds - {materialized}) | {kind}
        spec = spec.replace_attributes(automation_condition=follow_rebuilt_hours(), kinds=kinds)
        if unique_id.startswith("seed."):
            # A seed has no parents that it could follow, and models that do would not find it.
            return spec.replace_attributes(deps=[self._events])
        return spec


@dataclass(frozen=True)
class Events:
    """The compacted events.

    Attributes:
        asset: The asset.
        table: Its table in the catalog.
    """

    asset: dg.AssetKey
    table: str


class RebuildConfig(dg.Config):
    """What one run may be told.

    Attributes:
        hours: Hours, yyyy-MM-dd-HH in UTC, whose days are to be rebuilt beside those that have
            changed; an erasure asks so for all of a person's hours.
    """

    hours: list[str] = Field(default_factory=list)


def prepared_project(project_dir: Path) -> DbtProject:
    """The dbt project, with a manifest that matches its sources.

    Parsing takes seconds, so it happens only when a source is newer than the manifest. A deployed
    image is built with its manifest and never parses.
    """
    project = DbtProject(project_dir)
    if _is_stale(project):
        _parse(project)
    return project


def build_dbt_models(
    project: DbtProject, events: Events, pool: str, max_days: int
) -> dg.AssetsDefinition:
    """Every model of the project, built by one dbt command, or by several of some days each.

    They have no partitions in Dagster, though they follow hours and their tables have days: every
    hour of every model would be two entries of the event log, at 13 ms each. What a run rebuilds is
    what has changed since the models were built last. Materialized when nothing has changed, they
    are built whole.

    Args:
        project: The dbt project.
        events: The compacted events, whose hours the models follow.
        pool: What builds one at a time, wherever its run comes from.
        max_days: Days of events that one command builds at most.
    """

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        dagster_dbt_translator=LayeredTranslator(events.asset),
        name="dbt_models",
        pool=pool,
    )
    def dbt_models(
        context: dg.AssetExecutionContext,
        config: RebuildConfig,
        catalog: CatalogResource,
        dbt: DbtCliResource,
    ) -> Iterator[Any]:
        built = context.selected_asset_keys & followers(context.assets_def.asset_deps, events.asset)
        changed = changed_hours(context.instance, events.asset, built)
        hours = None if changed is None else changed | set(config.hours)
        parts: Sequence[BuildPart | None]
        if hours:
            parts = parts_of_changed(hours, max_days)
        else:
            parts = parts_of_all(catalog.all_partitions(events.table), max_days)
        *firsts, last = parts
        context.log.info(f"building in {len(parts)} parts: {', '.join(map(_told, parts))}")
        for part in firsts:
            dbt.cli(build_arguments(part), context=context).wait()
        yield from with_bytes_scanned(dbt.cli(build_arguments(last), context=context))

    return dbt_models


def _told(part: BuildPart | None) -> str:
    return "all days" if part is None else f"days of {part.hours.first} to {part.hours.last}"


def _parse(project: DbtProject) -> None:
    """Writes the manifest, which appears at once: several processes may load at the same time."""
    invocation = dbt_for(project).cli(parse_arguments()).wait()
    for name in _PARSED:
        (invocation.target_path / name).replace(project.manifest_path.with_name(name))
    shutil.rmtree(invocation.target_path)


def _is_stale(project: DbtProject) -> bool:
    if not project.manifest_path.exists():
        return True
    parsed_at = project.manifest_path.stat().st_mtime
    return any(file.stat().st_mtime > parsed_at for file in _sources(project.project_dir))


def _sources(project_dir: Path) -> Iterator[Path]:
    """What a person wrote; folders that dbt writes grow with every run and are not entered."""
    for entry in project_dir.iterdir():
        if entry.is_file():
            yield entry
        elif entry.name not in _WRITTEN_BY_DBT:
            yield from (file for file in entry.rglob("*") if file.suffix in _SUFFIXES)
