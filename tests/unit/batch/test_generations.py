from datetime import UTC, datetime, timedelta, timezone

import pytest

from clickstream_platform.core.generations import generation_id, is_older, started_at
from lambdas.shared.lake import generation_prefix

INSTANT = datetime(2015, 5, 17, 10, 15, 0, 123456, tzinfo=UTC)
RUN = "1f0c2b9a-77aa-4dd0-9c3e-000000000000"


def test_an_id_is_the_time_and_the_run():
    assert generation_id(INSTANT, RUN) == "20150517T101500123456Z-1f0c2b9a"


def test_ids_sort_by_time_whatever_the_zone():
    west = timezone(timedelta(hours=-9))
    later = (INSTANT + timedelta(microseconds=1)).astimezone(west)
    assert generation_id(INSTANT, "ffffffff") < generation_id(later, "00000000")


def test_two_runs_of_one_instant_do_not_share_a_prefix():
    assert generation_id(INSTANT, "aaaaaaaa") != generation_id(INSTANT, "bbbbbbbb")


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        generation_id(INSTANT.replace(tzinfo=None), RUN)


def test_the_time_is_read_back_from_a_location():
    prefix = generation_prefix("2015-05-17-10", generation_id(INSTANT, RUN))
    assert started_at(f"s3://lake/{prefix}") == INSTANT


def test_the_time_is_read_back_from_what_athena_wrote():
    """Without it nothing would tell an hour that Athena compacted from a stale one."""
    prefix = generation_prefix("2015-05-17-10", generation_id(INSTANT, RUN))
    assert started_at(f"s3://lake/{prefix}attempt=2/") == INSTANT


def test_a_generation_is_older_by_when_it_began_to_read():
    early, late = (
        f"s3://lake/{generation_prefix('2015-05-17-10', generation_id(at, RUN))}"
        for at in (INSTANT, INSTANT + timedelta(microseconds=1))
    )
    assert is_older(early, late)
    assert not is_older(late, early)
    assert not is_older(early, early)
    assert not is_older("s3://lake/raw/", late), "where there is no generation there is no order"


def test_a_location_without_a_generation_has_no_time():
    assert started_at("s3://lake/events/datehour=2015-05-17-10/") is None
