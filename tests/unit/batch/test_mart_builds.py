"""Which builds of a mart may go: never one that a query may still read."""

from datetime import UTC, datetime, timedelta

from clickstream_platform.core.mart_builds import old_builds
from clickstream_platform.core.stored_object import StoredObject

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GRACE = timedelta(hours=24)
MART = "marts/db/sessions"


def stored(name: str, hours_ago: float) -> StoredObject:
    return StoredObject(f"{MART}/{name}", 5, NOW - timedelta(hours=hours_ago))


def going(objects: list[StoredObject], *live: str) -> list[str]:
    folders = {f"{MART}/{one}/" for one in live}
    left = old_builds(objects, folders, NOW - GRACE)
    return [one.key.removeprefix(f"{MART}/") for one in left]


def test_what_is_read_stays_however_old():
    assert going([stored("a/day=2015-05-17/1", 9999)], "a/day=2015-05-17") == []


def test_a_replaced_day_goes_once_its_successor_is_old_enough():
    """A query that began before the partition moved still reads the old files."""
    days = [stored("a/day=2026-02-27/1", 48), stored("b/day=2026-02-27/1", 23)]
    assert going(days, "b/day=2026-02-27") == []
    days = [stored("a/day=2026-02-27/1", 48), stored("b/day=2026-02-27/1", 25)]
    assert going(days, "b/day=2026-02-27") == ["a/day=2026-02-27/1"]


def test_days_of_one_build_are_judged_each_by_itself():
    days = [
        stored("a/day=2026-02-26/1", 72),
        stored("a/day=2026-02-27/1", 72),
        stored("b/day=2026-02-26/1", 48),
        stored("c/day=2026-02-27/1", 1),
    ]
    live = ("b/day=2026-02-26", "c/day=2026-02-27")
    assert going(days, *live) == ["a/day=2026-02-26/1"]


def test_what_a_run_left_that_died_goes_by_its_own_age():
    staging = [stored("dead/1", 25), stored("running/1", 23), stored("b/day=2026-02-27/1", 1)]
    assert going(staging, "b/day=2026-02-27") == ["dead/1"]


def test_a_day_without_rows_leaves_nothing_behind():
    assert going([stored("a/day=2015-05-17/1", 25)]) == ["a/day=2015-05-17/1"]


def test_a_folder_that_is_still_written_to_stays():
    assert going([stored("a/day=2015-05-17/1", 99), stored("a/day=2015-05-17/2", 1)]) == []
