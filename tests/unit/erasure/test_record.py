"""What an erasure writes down adds up, whoever goes on with it."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.core.erasure import Given, Links
from infra.erasure.record import HourRecord, Record

IDS = Given(("anna", "anna"), ("device",))


def new() -> Record:
    return Record.of(IDS, "5a17", "operator", "2026-11-23T12:00:00Z")


def test_a_record_survives_being_stored() -> None:
    record = new()
    record.learn(Links(frozenset({"d"}), frozenset({"s"}), 1, 2))
    record.begin(["2026-11-22-08"])
    record.round.note("alerts", 2)
    stored = msgspec.json.encode(record)
    assert msgspec.json.decode(stored, type=Record) == record
    assert b"anna" not in stored
    assert b"operator" in stored


def test_ids_are_counted_and_not_named() -> None:
    record = new()
    assert record.given == {"user_ids": 1, "anonymous_ids": 1}
    assert record.linked == {"anonymous_ids": 0, "session_ids": 0}
    record.learn(Links(frozenset({"d"}), frozenset({"s", "t"}), 3, 0))
    record.learn(Links(frozenset(), frozenset({"u"})))  # less is left, what is known stays known
    assert record.linked == {"anonymous_ids": 1, "session_ids": 3}
    assert record.shared == {"anonymous_ids": 3, "session_ids": 0}


@given(st.integers(0, 20), st.lists(st.integers(0, 20), max_size=5))
def test_kills_do_not_change_what_is_counted(
    found: int, removed_before_each_kill: list[int]
) -> None:
    """Each process finds what the ones before it have not removed yet."""
    record, left = new(), found
    for removed in [0, *removed_before_each_kill]:
        left = max(0, left - removed)
        record.begin(["h"])
        record.round.note("alerts", left)
        record.round.hours["h"].note(HourRecord(raw_rows=left, event_rows=left))
    assert record.totals()["alerts"] == found
    assert record.totals()["raw_rows"] == found
    assert len(record.rounds) == 1


def test_what_arrives_after_a_round_is_added() -> None:
    record = new()
    for found in (3, 1):
        record.begin(["h"])
        record.round.note("alerts", found)
        record.round.hours["h"].note(HourRecord(raw_rows=found))
        record.round.hours["h"].is_done = True
        record.round.is_over = True
    assert record.totals()["alerts"] == 4
    assert record.by_hour() == {"h": {"raw_rows": 4, "event_rows": 0}}
    assert record.hours == ["h"]


def test_an_hour_that_has_rows_again_is_done_again() -> None:
    record = new()
    record.begin(["g", "h"])
    record.round.hours["g"].is_done = record.round.hours["h"].is_done = True
    record.begin(["h"])  # cut off: the same round
    assert {hour: one.is_done for hour, one in record.round.hours.items()} == {
        "g": True,
        "h": False,
    }


def test_hours_without_rows_are_not_reported() -> None:
    record = new()
    record.begin(["h"])
    assert record.by_hour() == {}
    assert not record.round.hours["h"].note(HourRecord())
