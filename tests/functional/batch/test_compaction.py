from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from clickstream_platform.core.generations import RAW_EXPIRED, started_at
from clickstream_platform.defs.lake.events import EVENTS
from lambdas.shared import lake as layout
from lambdas.shared.columns import EVENT_COLUMNS

HOUR = "2015-05-17-10"
RANGE = {
    "dagster/asset_partition_range_start": HOUR,
    "dagster/asset_partition_range_end": "2015-05-17-12",
}
NOON = datetime(2015, 5, 17, 10, 5)  # noqa: DTZ001 - Parquet's timestamps have no zone


def event(event_id: str, *, arrived_s: float = 1, sequence: str = "9", **fields) -> dict:
    return {
        "event_id": event_id,
        "event_type": "page_view",
        "event_time": NOON,
        "received_at": NOON + timedelta(seconds=arrived_s),
        "session_id": "s1",
        "shard_id": "shardId-000000000000",
        "sequence_number": sequence,
        **fields,
    }


def compacted(platform, hour: str = HOUR) -> list[dict]:
    return platform.lake.table_at(platform.catalog.tables["events"][hour]).to_pylist()


def test_duplicates_over_several_objects_become_one_row(platform):
    platform.lake.put_raw(HOUR, "a", [event("e1"), event("e2")])
    platform.lake.put_raw(HOUR, "b", [event("e2"), event("e3"), event("e3")])
    result = platform.run(RANGE)
    assert [row["event_id"] for row in compacted(platform)] == ["e1", "e2", "e3"]
    by_hour = {
        materialization.partition: {name: of.value for name, of in materialization.metadata.items()}
        for materialization in result.asset_materializations_for_node("events")
    }
    assert by_hour[HOUR]["rows_in"] == 5
    assert by_hour[HOUR]["rows_out"] == 3
    assert by_hour[HOUR]["duplicates"] == 2
    assert (by_hour[HOUR]["files_before"], by_hour[HOUR]["files_after"]) == (2, 1)
    assert by_hour[HOUR]["run_rows_in"] == 5
    assert "rows_in" not in by_hour["2015-05-17-11"], "an hour tells its own numbers"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"arrived_s": 1, "sequence": "9"}, {"arrived_s": 2, "sequence": "1"}),
        # As text "10" comes before "9"; as a number it does not.
        ({"arrived_s": 1, "sequence": "9"}, {"arrived_s": 1, "sequence": "10"}),
        ({"arrived_s": 1, "sequence": "9" * 40}, {"arrived_s": 1, "sequence": "1" + "0" * 40}),
    ],
)
@pytest.mark.parametrize("is_swapped", [False, True])
def test_the_earliest_arrival_is_kept(platform, first, second, is_swapped):
    rows = [event("e1", page_title="first", **first), event("e1", page_title="second", **second)]
    for name, row in zip("ab", reversed(rows) if is_swapped else rows, strict=True):
        platform.lake.put_raw(HOUR, name, [row])
    platform.run(RANGE)
    assert [row["page_title"] for row in compacted(platform)] == ["first"]


def test_rows_are_sorted_by_session_and_time(platform):
    later = {"event_time": NOON + timedelta(minutes=1)}
    rows = [event("e1", session_id="s2"), event("e3", **later), event("e2", **later), event("e4")]
    platform.lake.put_raw(HOUR, "a", rows)
    platform.run(RANGE)
    assert [row["event_id"] for row in compacted(platform)] == ["e4", "e2", "e3", "e1"]


def test_every_column_keeps_its_type_and_value(platform):
    full = event(
        "e1", experiments=[("button", "blue")], time_spent=1.5, is_bot=False, page_path="/ä'x"
    )
    platform.lake.put_raw(HOUR, "a", [full, event("e2")])
    platform.run(RANGE)
    table = platform.lake.table_at(platform.catalog.tables["events"][HOUR])
    assert table.schema.names == [column.name for column in EVENT_COLUMNS]
    assert table.schema.field("event_time").type == pa.timestamp("us")
    assert table.schema.field("experiments").type == pa.map_(pa.string(), pa.string())
    first, second = table.to_pylist()
    assert {name: first[name] for name in full} == full
    assert second["experiments"] is None
    assert second["time_spent"] is None


def test_times_with_a_zone_become_utc(platform):
    schema = pa.schema([("event_id", pa.string()), ("event_time", pa.timestamp("us", "+02:00"))])
    rows = [{"event_id": "e1", "event_time": datetime.fromisoformat("2015-05-17T12:05:00+02:00")}]
    platform.lake.put_raw(HOUR, "a", rows, schema)
    platform.run(RANGE)
    assert compacted(platform)[0]["event_time"] == NOON


def test_files_from_before_a_column_was_added_and_after_it_was_dropped_stay_readable(platform):
    old = pa.schema([("event_id", pa.string()), ("dropped", pa.string())])
    platform.lake.put_raw(HOUR, "a", [{"event_id": "e1", "dropped": "x"}], old)
    platform.lake.put_raw(HOUR, "b", [event("e2", page_title="t")])
    platform.run(RANGE)
    assert [row["page_title"] for row in compacted(platform)] == ["t", None]


def test_an_hour_without_objects_is_skipped(platform):
    platform.lake.put_raw(HOUR, "a", [event("e1")])
    platform.run(RANGE)
    assert list(platform.catalog.tables["events"]) == [HOUR]
    assert list(platform.catalog.tables["raw_events"]) == [HOUR]


def test_a_range_without_any_object_changes_nothing(platform):
    assert platform.run(RANGE).success
    assert platform.catalog.tables == {"raw_events": {}, "events": {}}


def test_running_again_moves_to_a_new_generation_and_leaves_the_old_one(platform):
    """A reader of the old location must find its files until retention removes them."""
    platform.lake.put_raw(HOUR, "a", [event("e1")])
    platform.run(RANGE)
    old = platform.catalog.tables["events"][HOUR]
    platform.lake.put_raw(HOUR, "b", [event("e2")])
    platform.run(RANGE)
    new = platform.catalog.tables["events"][HOUR]
    assert started_at(old) < started_at(new)
    assert platform.lake.table_at(old).num_rows == 1
    assert platform.lake.table_at(new).num_rows == 2


def test_an_hour_that_cannot_be_verified_keeps_its_location(platform):
    """Rows without an event_id are no duplicates of each other: publishing would lose one."""
    platform.lake.put_raw(HOUR, "a", [event("e1")])
    platform.run(RANGE)
    before = dict(platform.catalog.tables["events"])
    platform.lake.put_raw(HOUR, "b", [event(None), event(None)])
    result = platform.run(RANGE, raise_on_error=False)
    assert not result.success
    assert platform.catalog.tables["events"] == before


def test_the_other_hours_of_a_failed_run_are_recorded_as_rebuilt(platform):
    """Readers see them already; a log that says nothing of them would be wrong."""
    platform.lake.put_raw(HOUR, "a", [event("e1")])
    platform.lake.put_raw("2015-05-17-11", "a", [event(None), event(None)])
    result = platform.run(RANGE, raise_on_error=False)
    assert not result.success
    recorded = platform.instance.fetch_materializations(EVENTS, limit=10).records
    rows = {one.partition_key: one.asset_materialization.metadata["rows_out"] for one in recorded}
    assert {hour: value.value for hour, value in rows.items()} == {HOUR: 1}
    assert platform.catalog.tables["events"].keys() == {HOUR}


def test_nothing_is_uploaded_for_an_hour_that_cannot_be_verified(platform):
    key = platform.lake.put_raw(HOUR, "a", [event(None), event(None)])
    assert not platform.run(RANGE, raise_on_error=False).success
    assert list(platform.lake.objects) == [key]


def test_an_hour_whose_raw_objects_expired_keeps_its_events(platform):
    """A file that is a year late would otherwise leave nothing but itself."""
    platform.lake.objects.pop(platform.lake.put_raw(HOUR, "a", [event("e0")]))
    first = platform.lake.put_raw(HOUR, "a", [event("e1", page_title="old"), event("e2")])
    platform.run(RANGE)
    platform.catalog.annotate("events", [HOUR], RAW_EXPIRED)
    del platform.lake.objects[first]
    again = event("e1", arrived_s=9, page_title="new")
    platform.lake.put_raw(HOUR, "b", [again, event("e3", arrived_s=9)])
    platform.run(RANGE)
    rows = compacted(platform)
    assert [row["event_id"] for row in rows] == ["e1", "e2", "e3"]
    assert rows[0]["page_title"] == "old", "the earliest arrival is in the generation carried over"
    platform.run(RANGE)
    assert compacted(platform) == rows


def test_a_generation_that_was_overtaken_is_not_published(platform):
    """A run that hung for hours must not bring back what was there before the later one."""
    platform.lake.put_raw(HOUR, "a", [event("e1")])
    later = layout.generation_prefix(HOUR, "29990101T000000000000Z-later")
    platform.catalog.tables["events"][HOUR] = platform.lake.uri(later)
    result = platform.run(RANGE)
    assert platform.catalog.tables["events"][HOUR].endswith("Z-later/")
    [total] = result.asset_materializations_for_node("events")[:1]
    assert total.metadata["run_hours_overtaken"].value == [HOUR]
