"""Which hours the models have not seen yet.

Belongs here: comparing, in Dagster's event log, when models were built with when hours of events
were. What is rebuilt for an hour belongs in `dbt_sql/macros/days.sql`.

The log is asked, and not the run, so that nothing is left out: a run whose dbt failed, hours that
were rebuilt by hand, a model that was built alone. The next build has them all.
"""

from collections.abc import Collection, Mapping
from graphlib import TopologicalSorter

import dagster as dg

_PAGE = 1000


def followers(
    parents: Mapping[dg.AssetKey, Collection[dg.AssetKey]], events: dg.AssetKey
) -> set[dg.AssetKey]:
    """The models that are built of events, of whatever generation.

    Others are built when something else has changed; when they were says nothing of the events.

    Args:
        parents: The parents of every model.
        events: The asset of the compacted events.
    """
    found = {events}
    for model in TopologicalSorter(parents).static_order():
        if not found.isdisjoint(parents.get(model, ())):
            found.add(model)
    return found - {events}


def changed_hours(
    instance: dg.DagsterInstance, events: dg.AssetKey, models: Collection[dg.AssetKey]
) -> set[str] | None:
    """The hours of events that were written after any of some models was last built.

    Args:
        instance: The instance.
        events: The asset of the compacted events.
        models: The models that are to be built.

    Returns:
        The hours; None for all of them, when a model was never built or somebody has reported the
        events as a whole.
    """
    last_built = _last_built(instance, models)
    if last_built is None:
        return None
    hours: set[str] = set()
    wanted = dg.AssetRecordsFilter(asset_key=events, after_storage_id=last_built)
    cursor: str | None = None
    while True:
        page = instance.fetch_materializations(wanted, limit=_PAGE, cursor=cursor, ascending=True)
        for record in page.records:
            if record.partition_key is None:
                return None
            hours.add(record.partition_key)
        if not page.has_more:
            return hours
        cursor = page.cursor


def _last_built(instance: dg.DagsterInstance, models: Collection[dg.AssetKey]) -> int | None:
    """Where in the log the model lies that was not built for longest; None if one never was."""
    records = {
        record.asset_entry.asset_key: record.asset_entry.last_materialization_storage_id
        for record in instance.get_asset_records(list(models))
    }
    found = [records.get(model) for model in models]
    known = [one for one in found if one is not None]
    return min(known) if known and len(known) == len(found) else None
