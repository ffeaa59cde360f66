"""What was set aside comes back once, whenever the replay dies."""

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.set_aside.front_door import Refusal
from infra.set_aside.quarantine import Chosen, Quarantine, QuarantineError, SetAside
from infra.set_aside.replay import Replay, Replayed, preview
from lambdas.shared.limits import Limits
from tests.functional.set_aside.fakes import (
    ARRIVED,
    SHARD,
    CrashError,
    FakeDoor,
    FakeS3,
    Fuse,
    event,
    line,
    numbers_below,
    put,
)

ANY = Chosen()
HOUR = timedelta(hours=1)


def quarantine(s3: FakeS3) -> Quarantine:
    return Quarantine(s3, "lake")  # type: ignore[arg-type]


def replay(s3: FakeS3, door: FakeDoor, chosen: Chosen = ANY) -> tuple[Replayed, dict[int, str]]:
    refused: dict[int, str] = {}

    def note(record: SetAside, refusal: Refusal) -> None:
        refused[int(record.sequence_number)] = refusal.reason

    return Replay(quarantine(s3), door, note).run(chosen), refused


def test_an_empty_quarantine_is_nothing_to_do() -> None:
    s3, door = FakeS3(), FakeDoor()
    assert quarantine(s3).counts(ANY) == []
    assert replay(s3, door)[0].records == 0
    assert door.stream == []


def test_records_are_counted_by_day_and_reason_newest_day_first() -> None:
    s3 = FakeS3()
    put(s3, 1, 3, line(1, b"x", "a"), line(2, b"x", "b"), line(3, b"x", "b"))
    put(s3, 4, 9, line(4, b"x", "a"), day="2001-02-04")
    put(s3, 5, 9, line(5, b"x", "a"), day="2001-02-02")
    assert quarantine(s3).counts(ANY) == [
        ("2001-02-04", "a", 1),
        ("2001-02-03", "b", 2),
        ("2001-02-03", "a", 1),
        ("2001-02-02", "a", 1),
    ]
    assert quarantine(s3).counts(Chosen(day="2001-02-03", reason="a")) == [("2001-02-03", "a", 1)]


def test_a_record_set_aside_twice_is_one_record() -> None:
    """A batch delivered again with other boundaries writes a second object with the same record."""
    s3, door = FakeS3(), FakeDoor()
    put(s3, 1, 5, line(3, event()))
    put(s3, 2, 9, line(3, event()), line(7, event()))
    assert quarantine(s3).counts(ANY) == [("2001-02-03", "bug", 2)]
    outcome, _ = replay(s3, door)
    assert outcome.accepted == 2
    assert door.ids == [f"{SHARD}:3", f"{SHARD}:7"]
    assert numbers_below(s3, "quarantine/") == []


def test_an_event_keeps_the_id_it_would_have_had() -> None:
    s3, door = FakeS3(), FakeDoor()
    put(s3, 1, 9, line(1, event()), line(2, event(event_id="mine")), line(3, event(event_id=None)))
    replay(s3, door)
    assert door.ids == [f"{SHARD}:1", "mine", f"{SHARD}:3"]


def test_whoever_replays_is_not_taken_for_the_visitor() -> None:
    """The collector fills in address, browser and session of the request: those are ours."""
    s3, door = FakeS3(), FakeDoor()
    without_session = json.dumps({"event_type": "x", "event_time": "2001-02-03T04:05:05Z"})
    put(s3, 1, 9, line(1, event()), line(2, without_session.encode()))
    _, refused = replay(s3, door)
    assert refused == {2: "missing_session"}
    [sent] = door.stream
    assert not sent.get("ip")
    assert not sent.get("user_agent")
    assert sent["source"] == "stream"


def test_what_is_still_refused_stays_and_says_why() -> None:
    s3, door = FakeS3(), FakeDoor()
    bad = {2: b"\xff\x00", 3: b"null", 4: event(event_time="2999-01-01"), 5: b"[" * 100_000}
    key = put(s3, 1, 9, line(1, event()), *(line(n, data) for n, data in bad.items()))
    kept = s3.objects[key].splitlines()[1:]
    outcome, refused = replay(s3, door)
    reasons = {2: "invalid_json", 3: "not_an_object", 4: "in_the_future", 5: "invalid_json"}
    assert refused == reasons
    assert outcome.accepted == 1
    assert outcome.refused == {"invalid_json": 2, "not_an_object": 1, "in_the_future": 1}
    assert s3.objects[key].splitlines() == kept
    twin = key.replace("quarantine/", "quarantine-replayed/")
    assert len(s3.objects[twin].splitlines()) == 1


def test_a_later_replay_adds_to_the_replayed_records_of_its_object() -> None:
    s3, door = FakeS3(), FakeDoor()
    put(s3, 1, 9, line(1, event(), "a"), line(2, event(), "b"))
    for reason in "ab":
        replay(s3, door, Chosen(reason=reason))
    assert numbers_below(s3, "quarantine-replayed/") == [1, 2]
    assert numbers_below(s3, "quarantine/") == []
    assert len(door.stream) == 2


def test_only_what_is_meant_is_sent() -> None:
    s3, door = FakeS3(), FakeDoor()
    put(s3, 1, 3, line(1, event(), "a"), line(2, event(), "b"))
    put(s3, 4, 9, line(4, event(), "a"), day="2001-02-04")
    replay(s3, door, Chosen("2001-02-03", "a"))
    assert door.ids == [f"{SHARD}:1"]
    assert numbers_below(s3, "quarantine/") == [2, 4]


def test_a_raised_limit_lets_late_events_in() -> None:
    s3 = FakeS3()
    put(s3, 1, 9, line(1, event(), "too_late"))
    strict = Limits(lateness=Limits().future)
    assert replay(s3, FakeDoor(strict))[1] == {1: "too_late"}
    assert replay(s3, FakeDoor())[0].accepted == 1


def test_a_preview_sends_and_changes_nothing() -> None:
    s3 = FakeS3(Fuse(0))
    put(s3, 1, 9, line(1, event()), line(2, b"{"), line(3, event(event_time="2999-01-01")))
    refused: list[str] = []
    outcome = preview(quarantine(s3), ANY, Limits(), lambda _, why: refused.append(why.reason))
    assert outcome.accepted == 1
    assert sorted(refused) == ["in_the_future", "invalid_json"]


def test_a_record_that_comes_back_after_it_was_replayed_is_not_sent_again() -> None:
    """The archive writes an object anew when its batch is delivered again."""
    s3, door = FakeS3(), FakeDoor()
    key = put(s3, 1, 9, line(1, event()))
    before = s3.objects[key]
    replay(s3, door)
    s3.objects[key] = before
    assert quarantine(s3).counts(ANY) == []
    assert replay(s3, door)[0].records == 0
    assert len(door.stream) == 1


@pytest.mark.parametrize("kept", [[], [line(5, b"{")]], ids=["deleted", "rewritten"])
def test_what_the_archive_adds_during_a_replay_is_not_lost(kept: list[bytes]) -> None:
    """Without conditional writes a record that nobody has read would go with the object."""
    s3, door = FakeS3(), FakeDoor()
    lines = [line(1, event()), *kept]
    key = put(s3, 1, 9, *lines)
    s3.before_write = [lambda: put(s3, 1, 9, *lines, line(2, event())), lambda: None]
    replay(s3, door)
    assert s3.objects[key].splitlines() == [*kept, line(2, event())]
    assert numbers_below(s3, "quarantine-replayed/") == [1]


def test_a_record_set_aside_on_both_sides_of_midnight_is_one_record() -> None:
    s3, door = FakeS3(), FakeDoor()
    for day in ("2001-02-03", "2001-02-04"):
        put(s3, 1, 9, line(1, event()), line(2, b"{"), day=day)
    outcome, _ = replay(s3, door)
    assert (outcome.accepted, outcome.refused) == (1, {"invalid_json": 1})
    assert door.ids == [f"{SHARD}:1"]
    assert numbers_below(s3, "quarantine/") == [2, 2]


def test_a_damaged_object_is_named() -> None:
    s3 = FakeS3()
    key = put(s3, 1, 9, line(1, event()), b"{oops")
    with pytest.raises(QuarantineError, match=f"line 2 of s3://lake/{key}"):
        quarantine(s3).counts(ANY)
    assert quarantine(s3).counts(Chosen(day="2001-02-04")) == []


@settings(deadline=None, max_examples=60)
@given(
    files=st.lists(st.sets(st.integers(1, 8), min_size=1, max_size=5), min_size=1, max_size=4),
    crashes=st.lists(st.integers(0, 12), max_size=4),
)
def test_wherever_it_dies_the_next_replay_ends_it(
    files: list[set[int]], crashes: list[int]
) -> None:
    """Sends, verdicts lost and both writes of a move are steps at which the process dies."""
    s3, door = FakeS3(), FakeDoor()
    bad = {2, 5}
    wanted: set[int] = set()
    for index, numbers in enumerate(files):
        wanted |= numbers
        lines = [line(n, b"{" if n in bad else event()) for n in sorted(numbers)]
        put(s3, index, index, *lines)
    for steps in crashes:
        s3.fuse = door.fuse = Fuse(steps)
        try:
            replay(s3, door)
        except CrashError:
            assert {f"{SHARD}:{n}" for n in numbers_below(s3, "quarantine-r")} <= set(door.ids)
            kept = set(numbers_below(s3, "quarantine"))
            assert kept == wanted, "no record is ever in neither place"
    s3.fuse = door.fuse = Fuse()
    replay(s3, door)
    sent = list(door.ids)
    replay(s3, door)
    assert door.ids == sent, "a finished replay leaves nothing to send"
    assert set(sent) == {f"{SHARD}:{n}" for n in wanted - bad}
    assert set(numbers_below(s3, "quarantine/")) == wanted & bad
    assert set(numbers_below(s3, "quarantine-replayed/")) == wanted - bad


@pytest.mark.parametrize("fast_h", [0, 3])
def test_a_client_that_told_when_it_sent_is_not_taken_to_have_sent_now(fast_h: int) -> None:
    """Its event would be moved by the years between its arrival and the replay."""
    sent_at = ARRIVED + timedelta(hours=fast_h)
    times = {"sent_at": sent_at.isoformat(), "event_time": (sent_at - HOUR).isoformat()}
    s3, door = FakeS3(), FakeDoor()
    put(s3, 1, 9, line(1, event(**times)))
    assert preview(quarantine(s3), ANY, Limits(), lambda *_: None).accepted == 1
    assert replay(s3, door)[0].accepted == 1
    [sent] = door.stream
    assert datetime.fromisoformat(sent["event_time"]) == ARRIVED - HOUR
    assert not {"sent_at", "sentAt"} & sent.keys()
