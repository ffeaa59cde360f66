"""Notes of what was erased are read as they were written, and are never in each other's way."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.core.erased import in_note, note_key, notes_of_hour, to_note
from clickstream_platform.core.stream_audit import Position
from lambdas.shared import lake

SHARD = "shardId-000000000007"
HOUR = "2026-11-23-10"
places = st.sets(st.builds(Position, st.sampled_from([SHARD, "shardId-0"]), st.integers(0, 10**56)))


@given(places)
def test_a_note_holds_the_places_and_nothing_else(positions):
    assert in_note(to_note(positions)) == positions


@given(places, places)
def test_a_note_replaces_only_one_that_says_the_same(one, other):
    """A second erasure of an hour must not take away what the first has noted."""
    keys = {note_key(lake.raw_prefix(HOUR), to_note(positions)) for positions in (one, other)}
    assert len(keys) == (1 if one == other else 2)
    assert all(key.startswith(notes_of_hour(HOUR)) for key in keys)


def test_hours_of_which_one_name_begins_with_the_other_are_kept_apart():
    assert notes_of_hour(HOUR).endswith("/")


def test_notes_are_no_raw_objects():
    """Otherwise the listings of raw hours, and Athena, would take them for events."""
    key = note_key(lake.raw_prefix(HOUR), to_note([Position(SHARD, 1)]))
    assert lake.datehour_of_raw_key(key) is None
    assert not key.startswith(f"{lake.RAW_PREFIX}/")


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"shardId-0": [1]}'])
def test_something_else_is_no_note(content):
    with pytest.raises(msgspec.DecodeError):
        in_note(content)
