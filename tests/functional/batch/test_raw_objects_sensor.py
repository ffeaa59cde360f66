import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from clickstream_platform.core.hours import HourRange
from lambdas.shared import lake as layout

RAW_HOURS = dg.AssetKey(["ingestion", "raw_hours"])
HOURS_84 = HourRange("2015-05-17-10", "2015-05-20-21").hours()


def ranges(requests: list[dg.RunRequest]) -> list[tuple[str, str]]:
    return [
        (
            request.tags["dagster/asset_partition_range_start"],
            request.tags["dagster/asset_partition_range_end"],
        )
        for request in requests
    ]


def recorded(platform) -> list[dg.AssetMaterialization]:
    records = platform.instance.fetch_materializations(RAW_HOURS, limit=1000).records
    return [record.asset_materialization for record in records]


def test_84_hours_become_one_run(platform, raw_key):
    """Dbt takes seconds to start: a run per hour would take half an hour for a replay."""
    platform.queue.announce(*[raw_key(hour) for hour in HOURS_84])
    assert ranges(platform.tick()) == [("2015-05-17-10", "2015-05-20-21")]
    assert platform.queue.messages == {}
    assert len(recorded(platform)) == 84


def test_an_hour_is_recorded_with_what_arrived(platform, raw_key):
    platform.queue.announce(raw_key("2015-05-17-10", "a"), raw_key("2015-05-17-10", "b"))
    platform.tick()
    [materialization] = recorded(platform)
    assert materialization.partition == "2015-05-17-10"
    assert materialization.metadata["objects"].value == 2
    assert materialization.metadata["bytes"].value == 20
    assert materialization.metadata["keys_sample"].value == [
        raw_key("2015-05-17-10", "a"),
        raw_key("2015-05-17-10", "b"),
    ]


def test_an_hour_is_released_once(platform, raw_key):
    platform.queue.announce(raw_key("2015-05-17-10"))
    assert len(platform.tick()) == 1
    assert platform.tick() == []


def test_a_new_hour_goes_before_what_waits_of_a_backfill(platform, raw_key):
    """The chunks of a backfill wait for hours, with the priority that Dagster gives: 0."""
    platform.queue.announce(raw_key("2015-05-17-10"))
    [request] = platform.tick()
    assert int(request.tags["dagster/priority"]) > 0


def test_an_object_announced_twice_is_one_object(platform, raw_key):
    key = raw_key("2015-05-17-10")
    platform.queue.announce(key, key)
    assert len(platform.tick()) == 1
    [materialization] = recorded(platform)
    assert materialization.metadata["objects"].value == 1


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "{}",
        json.dumps({"Records": [{"eventName": 3}]}),
        json.dumps(
            {
                "Records": [
                    {
                        "eventName": "ObjectCreated:Put",
                        "s3": {"bucket": {"name": "another"}, "object": {"key": "raw/x"}},
                    }
                ]
            }
        ),
    ],
)
def test_a_foreign_message_neither_stays_nor_holds_up_the_others(platform, raw_key, body):
    platform.queue.send(body)
    platform.queue.announce(raw_key("2015-05-17-10"))
    assert ranges(platform.tick()) == [("2015-05-17-10", "2015-05-17-10")]
    assert platform.queue.messages == {}


def test_a_crash_after_the_record_and_before_the_delete_loses_nothing(platform, raw_key):
    """The messages come again and are recorded again: one rebuild, no lost hour."""
    platform.queue.announce(raw_key("2015-05-17-10"))
    platform.queue.fails_to_delete = True
    with pytest.raises(ConnectionError):
        platform.tick()
    platform.queue.fails_to_delete = False
    assert ranges(platform.tick()) == [("2015-05-17-10", "2015-05-17-10")]
    assert platform.queue.messages == {}
    assert platform.tick() == []


def test_a_crash_before_the_cursor_is_kept_asks_for_the_same_run(platform, raw_key):
    """Dagster starts a run key once, so the repeated tick starts no second run."""
    platform.queue.announce(raw_key("2015-05-17-10"))
    [first] = platform.tick()
    platform.cursor = None
    [again] = platform.tick()
    assert again.run_key == first.run_key


def test_a_late_file_of_a_released_hour_asks_for_another_run(platform, raw_key):
    platform.queue.announce(raw_key("2015-05-17-10", "a"))
    [first] = platform.tick()
    platform.queue.announce(raw_key("2015-05-17-10", "late"))
    [second] = platform.tick()
    assert second.run_key != first.run_key


def test_late_files_wait_for_the_debounce(platform, raw_key):
    platform.with_settings(late_debounce_s=3600)
    platform.queue.announce(raw_key("2015-05-17-10"))
    assert platform.tick() == []
    assert platform.queue.messages == {}
    platform.with_settings(late_debounce_s=0)
    assert ranges(platform.tick()) == [("2015-05-17-10", "2015-05-17-10")]


def test_hours_before_the_first_wait_until_they_have_a_partition(platform, raw_key):
    """A replay of old logs must not vanish because the partitions begin later."""
    platform.with_settings(first_hour="2015-05-18-00")
    platform.queue.announce(raw_key("2015-05-17-10"), raw_key("2015-05-18-03"))
    assert ranges(platform.tick()) == [("2015-05-18-03", "2015-05-18-03")]
    assert list(json.loads(platform.cursor)["pending"]) == ["2015-05-17-10"]
    platform.with_settings(first_hour="2015-05-17-00")
    assert ranges(platform.tick()) == [("2015-05-17-10", "2015-05-17-10")]


def test_a_run_spans_no_more_hours_than_it_may(platform, raw_key):
    platform.with_settings(max_hours_per_run=48)
    platform.queue.announce(*[raw_key(hour) for hour in HOURS_84])
    assert ranges(platform.tick()) == [
        ("2015-05-17-10", "2015-05-19-09"),
        ("2015-05-19-10", "2015-05-20-21"),
    ]


def test_an_hour_reported_by_a_person_is_rebuilt(platform):
    """How to ask for a rebuild by hand: report a materialization of its raw hour."""
    platform.instance.report_runless_asset_event(
        dg.AssetMaterialization(RAW_HOURS, partition="2015-05-17-10")
    )
    assert ranges(platform.tick()) == [("2015-05-17-10", "2015-05-17-10")]


def hours_ago(hours: int) -> str:
    return layout.datehour_of(datetime.now(UTC) - timedelta(hours=hours))


@pytest.mark.parametrize("late", [3, 27, 20 * 24])
def test_a_late_file_rebuilds_its_hour_once_and_nothing_else(platform, raw_key, late):
    platform.with_settings(first_hour=hours_ago(30 * 24), last_hour=None)
    before, hour, after = map(hours_ago, (late + 1, late, late - 1))
    platform.queue.announce(*map(raw_key, [before, after, hour]))
    assert len(platform.tick()) == 1
    platform.queue.announce(raw_key(hour, "late"))
    [request] = platform.tick()
    assert ranges([request]) == [(hour, hour)]
    assert platform.tick() == []
    rebuilt = platform.run(request.tags)
    keys = platform.instance.get_materialized_partitions(dg.AssetKey(["lake", "events"]))
    assert keys == {hour}
    assert rebuilt.success


def test_late_files_of_two_hours_do_not_rebuild_those_between(platform, raw_key):
    hours = HOURS_84[:5]
    platform.queue.announce(*map(raw_key, [hours[0], hours[2], hours[4]]))
    assert ranges(platform.tick()) == [(hours[0], hours[4])], "the hours between are empty"
    platform.queue.announce(raw_key(hours[0], "late"), raw_key(hours[4], "late"))
    assert ranges(platform.tick()) == [(hours[0], hours[0]), (hours[4], hours[4])]


def test_the_cursor_is_bounded_whatever_hours_clients_invent(platform, raw_key):
    """Partitions begin where they begin, but an event may be of 1970."""
    invented = HourRange("1970-01-01-00", "1970-03-27-23").hours()
    platform.queue.announce(*map(raw_key, invented))
    assert platform.tick() == []
    assert len(invented) > 2000
    assert len(platform.cursor) < 150_000
    assert json.loads(platform.cursor)["pending"].keys() == set(invented[-2000:])
