"""A person is gone from every store, and nobody else is touched, whatever happens on the way."""

import json
from itertools import count

import pytest

from clickstream_platform.core.erasure import Given
from infra.erasure.errors import ErasureError
from infra.erasure.report import checksum_of
from tests.functional.erasure.fakes import FakeLake, KilledError, Life
from tests.functional.erasure.world import (
    ANNA,
    BOB,
    EXPIRED,
    ORDINARY,
    PLACES,
    RAW_ONLY,
    World,
    event,
    expected_state,
    populated,
)

GIVEN = Given((ANNA,))
# These depend on how far a process came before it died, and say nothing about the person.
BY_THE_WAY = {"query_results", "old_mart_builds", "old_generation_objects", "spice_data_sets"}


def test_a_person_is_gone_and_everybody_else_is_as_before() -> None:
    world = populated()
    before = world.state()
    world.erase(GIVEN)
    assert world.state() == expected_state(before)


def test_the_report_says_what_went_and_not_who_it_was() -> None:
    world = populated()
    report = world.erase(GIVEN)
    assert report["ids"] == {
        "given": {"user_ids": 1, "anonymous_ids": 0},
        "linked": {"anonymous_ids": 1, "session_ids": 2},
        "shared_not_taken": {"anonymous_ids": 1, "session_ids": 1},
    }
    assert report["hours"] == {
        EXPIRED: {"raw_rows": 0, "event_rows": 1},
        ORDINARY: {"raw_rows": 4, "event_rows": 4},
        RAW_ONLY: {"raw_rows": 1, "event_rows": 0},
    }
    assert report["removed"] == {
        "alerts": 1,
        "event_rows": 5,
        "mart_rows": 2,
        "old_generation_objects": 4,  # the expired hour is written twice
        "old_mart_builds": 2,
        "quarantine_records": 3,
        "query_results": 1,
        "raw_objects_deleted": 1,
        "raw_objects_rewritten": 1,
        "raw_rows": 5,
        "session_items": 3,
        "spice_data_sets": 1,
    }
    assert (report["verified"]["passed"], report["attempts"], report["rounds"]) == (True, 1, 1)
    [key] = world.lake.keys("erasures/")
    stored = world.lake.read(key)
    assert json.loads(stored) == report
    assert report["sha256"] == checksum_of(json.loads(stored))
    assert checksum_of({**report, "hours": {}}) != report["sha256"]
    for secret in (ANNA, "d-anna", "s-anna"):
        assert secret.encode() not in stored
        assert not [line for line in world.told if secret in line]


def test_no_id_is_in_what_athena_is_asked() -> None:
    """Athena keeps the text of a query for weeks, and anybody with the work group reads it."""
    world = populated()
    stores = world.stores()
    world.erase(GIVEN, stores=stores)
    assert len(stores.athena.asked) > 5
    for secret in (ANNA, "d-anna", "s-anna"):
        assert not [sql for sql in stores.athena.asked if secret in sql]


def test_killed_after_any_write_it_goes_on_to_the_same_end() -> None:
    """What is stored after each write is given to another process with the same ids."""
    world = populated()
    expected, left_behind = expected_state(world.state()), []
    life = Life(on_write=lambda: left_behind.append(world.copy()))
    report = world.erase(GIVEN, life)
    assert len(left_behind) == life.writes > 40
    for writes, other in enumerate(left_behind, 1):
        other.erase(GIVEN)
        assert other.state() == expected, f"killed after write {writes}"
        [signed] = [one for one in other.reports() if one["hours"]]
        for name in report["removed"].keys() - BY_THE_WAY:
            assert signed["removed"][name] == report["removed"][name], (writes, name)
        assert signed["hours"] == report["hours"]


def test_at_no_moment_is_a_record_neither_in_the_lake_nor_noted() -> None:
    """The stream audit runs meanwhile, and whatever is in neither it calls lost."""
    world = populated()
    moments: list[set[int]] = []

    def positions() -> set[int]:
        rows = [row for key in world.lake.keys("raw/") for row in world.lake.table(key).to_pylist()]
        hours = [places for source, places in world.noted().items() if source.startswith("raw/")]
        return {int(row["sequence_number"]) for row in rows}.union(*hours)

    before = positions()
    world.erase(GIVEN, Life(on_write=lambda: moments.append(positions())))
    assert len(moments) > 40
    assert all(moment == before for moment in moments)


def test_a_second_person_of_the_same_objects_is_noted_beside_the_first() -> None:
    world = populated()
    world.erase(GIVEN)
    first = world.noted()
    world.erase(Given((BOB,)))
    second = world.noted()
    assert all(second[source] >= places for source, places in first.items())
    assert second[f"raw/datehour={ORDINARY}"] == {1001, 1002, 1003, 1004}


def test_notes_do_not_say_who_it_was() -> None:
    world = populated()
    world.erase(GIVEN)
    for key in world.lake.keys("erased/"):
        stored = key.encode() + world.lake.read(key)
        assert not [one for one in (ANNA, "d-anna", "s-anna") if one.encode() in stored]


def test_killed_again_and_again_it_comes_to_the_same_end() -> None:
    world = populated()
    expected = expected_state(world.state())
    for writes in count(3):
        try:
            world.erase(GIVEN, Life(dies_after=writes))
        except KilledError:
            continue
        break
    assert world.state() == expected
    [report] = [one for one in world.reports() if one["hours"]]
    assert report["attempts"] > 5
    assert report["removed"]["raw_rows"] == 5


def test_who_is_erased_twice_is_not_there_the_second_time() -> None:
    world = populated()
    world.erase(GIVEN)
    before = world.state()
    report = world.erase(GIVEN)
    assert world.state() == before
    assert report["hours"] == {}


def test_nobody_by_that_name_changes_nothing() -> None:
    world = populated()
    before = world.lake.objects.keys() | set()
    report = world.erase(Given(("nobody-at-all",)))
    assert {key for key in world.lake.objects if not key.startswith("erasures/")} == before
    assert report["hours"] == {}


def test_a_device_is_given_by_itself() -> None:
    """Somebody who never logged in; what a known user did on the device stays theirs."""
    world = populated()
    world.erase(Given((), ("d-shared",)))
    left = {row["event_id"] for row in world.rows("events")[ORDINARY]}
    assert left == {"a", "ab", "abc", "b", "bc", "bcd", "c"}


def test_only_what_was_given_goes_if_so_asked() -> None:
    world = populated()
    world.erase(Given((ANNA,), with_linked=False))
    left = {row["event_id"] for row in world.rows("events")[ORDINARY]}
    assert left == {"a", "abc", "b", "bcd", "bcde", "c"}


def test_a_constant_that_every_client_sends_as_its_session_is_nobodys() -> None:
    """Otherwise the erasure of one user would take every visitor that never logged in."""
    world = World()
    rows = [event(f"e{i}", ORDINARY, "undefined", None, f"d{i}") for i in range(5)]
    world.raw(ORDINARY, "x", [event("mine", ORDINARY, "undefined", ANNA, "d-anna"), *rows])
    report = world.erase(GIVEN)
    assert {row["event_id"] for row in world.rows("events")[ORDINARY]} == {
        f"e{i}" for i in range(5)
    }
    assert report["ids"]["shared_not_taken"] == {"anonymous_ids": 0, "session_ids": 1}


def test_an_event_taken_for_a_duplicate_of_the_persons_comes_back() -> None:
    """Two people's clients made up the same event_id; the later one was left out of the hour."""
    world = World()
    mine, theirs = event("e", ORDINARY, "s", ANNA), event("e", ORDINARY, "t", BOB)
    theirs["received_at"] += theirs["received_at"] - theirs["event_time"]  # a second later
    world.raw(ORDINARY, "x", [mine, theirs, theirs])
    world.publish(ORDINARY, world.compacted(ORDINARY, [mine], "live"))
    world.erase(GIVEN)
    assert [row["session_id"] for row in world.rows("events")[ORDINARY]] == ["t"]


def test_an_hour_that_has_not_ended_is_left_to_its_compaction() -> None:
    world = World()
    hour = f"{world.clock.at:%Y-%m-%d-%H}"
    world.raw(hour, "x", [event("e", hour, "s", ANNA), event("f", hour, "t", BOB)])
    world.erase(GIVEN)
    assert [row["event_id"] for row in world.rows("raw_events")[hour]] == ["f"]
    assert world.tables.partitions["events"] == {}


def test_events_that_arrive_meanwhile_are_erased_in_another_round() -> None:
    world, arrived = populated(), count()

    def arrive(line: str) -> None:
        if line.startswith("building the marts") and next(arrived) == 0:
            world.raw(ORDINARY, "late", [event("q", ORDINARY, "s-new", ANNA, "d-new")])
            world.session("s-new")

    report = world.erase(GIVEN, meanwhile=arrive)
    assert report["rounds"] == 2
    assert report["removed"]["raw_rows"] == 6
    assert report["ids"]["linked"] == {"anonymous_ids": 2, "session_ids": 3}
    assert [key for key in world.lake.keys("raw/") if "late" in key] == []
    assert "s-new" not in world.items["clickstream-session-metrics"]


def test_events_that_never_stop_arriving_are_said_so() -> None:
    world = populated()
    arrived = count()

    def arrive(line: str) -> None:
        if line.startswith("looking into"):
            number = next(arrived)
            rows = [event(f"q{number}", ORDINARY, "s-new", ANNA)]
            world.raw(ORDINARY, f"late-{number}", rows)

    with pytest.raises(ErasureError, match="still there after 3 rounds: raw rows 1"):
        world.erase(GIVEN, meanwhile=arrive)
    state = world.state()
    assert (len(state["unfinished"]), state["locked"]) == (1, False)
    assert world.erase(GIVEN)["removed"]["raw_rows"] == 5 + 3


def test_a_compaction_that_read_the_raw_objects_before_is_refused() -> None:
    """It began before the erasure and ends in the middle of it, with the person in its files."""
    world = populated()
    before = world.state()
    rows = [event("ab", ORDINARY, "s-anna", ANNA, "d-anna")]
    read = world.compacted(ORDINARY, rows, "slow")
    refused = []

    def end(line: str) -> None:
        if line.startswith("building the marts"):
            catalog = world.stores().catalog
            refused.append(catalog.place("events", {ORDINARY: f"s3://lake/{read}"}).overtaken)

    report = world.erase(GIVEN, meanwhile=end)
    assert refused == [(ORDINARY,)]
    assert world.state() == expected_state(before)
    assert report["rounds"] == 1


def test_a_rebuild_that_read_the_live_generation_is_refused() -> None:
    """Where raw objects have expired it reads that, and it began just before the hour moved."""
    world = populated()
    before = world.state()
    rows = [event("x", EXPIRED, "s-anna-2", None, "d-anna"), event("xy", EXPIRED, "s-bob-2", BOB)]
    stores = world.stores()
    place = stores.catalog.place
    begun: list[str] = []

    def placed(table: str, locations: dict[str, str]):
        if EXPIRED in locations and not begun:  # begun after our generation was named
            begun.append(world.compacted(EXPIRED, rows, "rebuild"))
        return place(table, locations)

    stores.catalog.place = placed
    refused = []

    def end(line: str) -> None:
        if line.startswith("building the marts"):
            refused.append(place("events", {EXPIRED: f"s3://lake/{begun[0]}"}).overtaken)

    world.erase(GIVEN, stores=stores, meanwhile=end)
    assert refused == [(EXPIRED,)]
    assert world.state() == expected_state(before)


def test_a_rebuild_that_began_after_the_person_had_gone_is_not_disturbed() -> None:
    """Its files are not published yet; deleting them would publish an hour without files."""
    world = populated()
    begun: list[str] = []

    def begin(line: str) -> None:
        if line.startswith("building the marts"):
            begun.append(world.compacted(ORDINARY, [event("n", ORDINARY, "s", BOB)], "rebuild"))

    world.erase(GIVEN, meanwhile=begin)
    assert world.lake.keys(begun[0])


def test_what_a_rebuild_publishes_meanwhile_is_kept() -> None:
    """It began after our generation was named and ended before it was published."""
    world = populated()
    stores = world.stores()
    place, late = stores.catalog.place, event("n", ORDINARY, "s-bob", BOB, "d-bob")
    begun: list[str] = []

    def placed(table: str, locations: dict[str, str]):
        if ORDINARY in locations and table == "events" and not begun:
            rows = [row for row in world.rows("raw_events")[ORDINARY] if row["event_id"] != "b"]
            begun.append(world.compacted(ORDINARY, [*rows, late], "rebuild"))
            place(table, {ORDINARY: f"s3://lake/{begun[0]}"})
        return place(table, locations)

    stores.catalog.place = placed
    world.erase(GIVEN, stores=stores)
    left = {row["event_id"] for row in world.rows("events")[ORDINARY]}
    assert left == {"b", "bcd", "bcde", "c", "n"}


def test_figures_without_anybody_in_them_are_counted_anew() -> None:
    """A mart that only counts holds nobody, and would go on counting the person."""
    world = populated()
    del world.tables.marts["sessions"]
    world.erase(GIVEN)
    assert world.state()["marts"] == {"page_views_hourly": [[{"views": "5"}]]}


def test_an_hour_whose_live_files_are_gone_is_not_made_worse() -> None:
    """The raw objects have expired: what is left elsewhere is all there is of the hour."""
    world = populated()
    folder = f"events/datehour={EXPIRED}/gen=20200101T000000000000Z-lost/"
    world.raw(EXPIRED, "late", [event("late", EXPIRED, "s-anna-2", ANNA)])
    old = world.lake.keys(f"events/datehour={EXPIRED}/")
    world.publish(EXPIRED, folder, dict(world.tables.partitions["events"][EXPIRED].parameters))
    with pytest.raises(ErasureError, match="files of its live generation are not there"):
        world.erase(GIVEN)
    assert world.lake.keys(f"events/datehour={EXPIRED}/") == old


def test_an_hour_that_retention_has_marked_keeps_its_mark() -> None:
    world = populated()
    mark = f"events/datehour={ORDINARY}/_expired"
    world.lake.put(mark, b"")
    world.erase(GIVEN)
    assert mark in world.lake.objects


def test_an_hour_in_place_of_a_generation_becomes_one() -> None:
    """Files right below the hour are of nobody's generation, and the person is in them."""
    world = World()
    prefix = f"events/datehour={ORDINARY}/"
    moved = world.compacted(ORDINARY, [event("a", ORDINARY, "s", ANNA)], "x")
    [key] = world.lake.keys(moved)
    world.lake.objects[f"{prefix}plain.parquet"] = world.lake.objects.pop(key)
    world.publish(ORDINARY, prefix)
    world.erase(GIVEN)
    assert world.rows("events") == {}
    assert f"{prefix}plain.parquet" not in world.lake.objects


def test_two_erasures_do_not_undo_each_other() -> None:
    """Each would write hours anew from what it read before the other one wrote."""
    world = populated()
    with pytest.raises(KilledError):
        world.erase(GIVEN, Life(dies_after=9))
    with pytest.raises(ErasureError, match="another erasure is going on"):
        world.erase(Given((BOB,)))
    world.erase(Given((BOB,)), take_over=True)
    world.erase(GIVEN)
    left = {row["event_id"] for rows in world.rows("events").values() for row in rows}
    assert left == {"c"}  # nobody is left who shares the device with her


def test_what_a_newer_version_began_is_left_to_it() -> None:
    world = populated()
    world.lake.put("erasures/unfinished/x.json", b'{"schema_version": 2}')
    with pytest.raises(ErasureError, match="newer version"):
        world.erase(GIVEN)


def test_a_clock_that_is_wrong_is_noticed() -> None:
    """Generations are named by it: retention would take raw objects for compacted ones."""
    world = populated()
    stores = world.stores()
    write = FakeLake.write

    def written_late(key: str, content: bytes) -> None:
        write(stores.lake, key, content)
        world.clock.at = world.clock.at.replace(minute=30)

    stores.lake.write = written_late
    with pytest.raises(ErasureError, match="Set the clock"):
        world.erase(GIVEN, stores=stores)
    assert PLACES
