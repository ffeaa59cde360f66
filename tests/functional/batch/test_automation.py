"""The policy that follows rebuilt hours, run against an ephemeral instance."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from clickstream_platform.definitions import build_defs
from lambdas.shared import lake as layout

NOW = datetime(2015, 6, 8, 12, 30, tzinfo=UTC)
FOLLOWING = ("seeds", "staging", "intermediate", "marts")
OF_NO_HOUR = ("anomalies_daily", "data_quality_hourly")  # views of tables beside the hours
EVENTS = dg.AssetKey(["lake", "events"])
QUALITY = dg.AssetKey(["marts", "data_quality_hourly"])
WRONG = {
    **{"datehour": "2015-05-17-10", "event_type": None, "is_hour": "1", "strays": "0"},
    **{"first_received_at": "2015-05-18 10:00:00.000"},
    **{"raw_rows": "2", "raw_ids": "2", "compacted_rows": "1", "compacted_ids": "1"},
}


def range_tags(first: str, last: str) -> dict[str, str]:
    return {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }


class Evaluated:
    """What each tick of the automation sensor asks for."""

    def __init__(self, platform) -> None:
        self.platform = platform.with_settings(last_hour=None)
        self.cursor = None
        self.defs = build_defs(platform.settings, platform.overrides)
        graph = platform.repository.asset_graph
        keys = graph.get_all_asset_keys()
        self.built = {key for key in keys if key.path[0] in FOLLOWING}
        self.models = self.built - {dg.AssetKey(["marts", name]) for name in OF_NO_HOUR}

    def tick(self) -> set[dg.AssetKey]:
        """The models that are asked for."""
        result = dg.evaluate_automation_conditions(
            defs=self.defs,
            instance=self.platform.instance,
            asset_selection=dg.AssetSelection.assets(*self.built),
            cursor=self.cursor,
            evaluation_time=NOW,
        )
        self.cursor = result.cursor
        return {key for key in self.built if result.get_num_requested(key)}

    def materialize(self, hour: str | None, *keys: dg.AssetKey) -> None:
        for key in keys:
            event = dg.AssetMaterialization(asset_key=key, partition=hour)
            self.platform.instance.report_runless_asset_event(event)


@pytest.fixture
def evaluated(platform) -> Evaluated:
    """A platform whose models were built once."""
    evaluated = Evaluated(platform)
    evaluated.materialize(None, *evaluated.built)
    return evaluated


@pytest.mark.parametrize("late", [timedelta(hours=3), timedelta(hours=27), timedelta(days=20)])
def test_the_marts_follow_an_hour_that_was_rebuilt_however_old(evaluated, late):
    hour = layout.datehour_of(NOW - late)
    assert evaluated.tick() == set()
    evaluated.materialize(hour, EVENTS)
    assert evaluated.tick() == evaluated.models
    evaluated.materialize(None, *evaluated.built)
    assert evaluated.tick() == set()
    assert evaluated.tick() == set()


def test_the_marts_follow_the_job_of_the_hours(evaluated):
    platform, hour = evaluated.platform, "2015-05-17-10"
    platform.lake.put_raw(hour, "a", [{"event_id": "e1"}])
    assert evaluated.tick() == set()
    assert platform.run(range_tags(hour, hour)).success
    assert evaluated.tick() == evaluated.models | {QUALITY}
    platform.run({}, job="marts")
    assert evaluated.tick() == set()


def test_events_that_do_not_add_up_are_not_followed_until_they_do(evaluated):
    platform, hour = evaluated.platform, "2015-05-17-10"
    platform.lake.put_raw(hour, "a", [{"event_id": "e1"}])
    platform.run(range_tags(hour, hour))
    evaluated.tick()
    evaluated.materialize(None, *evaluated.built)
    evaluated.tick()
    platform.athena.rows = [WRONG]
    assert not platform.run(range_tags(hour, hour), raise_on_error=False).success
    assert evaluated.tick() == {QUALITY}, "it is about nothing else"
    evaluated.materialize(None, QUALITY)
    assert evaluated.tick() == set()
    platform.athena.rows = []
    platform.run(range_tags(hour, hour))
    assert evaluated.tick() == evaluated.models | {QUALITY}


def test_history_is_not_rebuilt_on_the_first_start(evaluated):
    evaluated.materialize("2015-05-17-10", EVENTS)
    assert evaluated.tick() == set()


def test_a_rebuild_between_two_ticks_is_followed_once(evaluated):
    evaluated.tick()
    evaluated.materialize("2015-05-17-10", EVENTS)
    evaluated.materialize("2015-05-17-10", EVENTS)
    assert evaluated.tick() == evaluated.models
    assert evaluated.tick() == set(), "it was asked for"
