"""Times are read as clients spell them; a wrong clock is set right, a right one is left alone."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.collector.logic import Client, judge
from lambdas.shared.clock import TOLERANCE, corrected, parse_time
from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.limits import Limits
from lambdas.shared.normalisation import normalise

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
AGE = timedelta(minutes=20)
DEEP = '{"a":' * 70 + "1" + "}" * 70  # which is JSON, but more than is kept as such
BROWSER = Client("203.0.113.9", "Mozilla/5.0")

skews = st.timedeltas(timedelta(days=-30), timedelta(days=30))
small_skews = st.timedeltas(-3 * TOLERANCE, 3 * TOLERANCE)
latencies = st.timedeltas(timedelta(), timedelta(minutes=1))
offline = st.timedeltas(timedelta(), timedelta(days=3))


def told(skew: timedelta, age: timedelta = AGE, **fields: Any) -> dict[str, Any]:
    """What a client says whose clock is fast by `skew`, of an event `age` before its sending."""
    sent_at = NOW + skew
    times = {"event_time": (sent_at - age).isoformat(), "sent_at": sent_at.isoformat()}
    return {"event_type": "x", "session_id": "s", "event_id": "e", **times, **fields}


def read(raw: dict[str, Any], received_at: datetime = NOW) -> Event:
    return normalise(raw, received_at, {})


def record(raw: dict[str, Any], arrived_at: datetime = NOW) -> StreamRecord:
    return StreamRecord("shardId-0", "1", arrived_at, json.dumps(raw).encode(), "s")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2022-09-11 23:00:00", datetime(2022, 9, 11, 23, tzinfo=UTC)),
        ("2022-09-12T01:00:00+02:00", datetime(2022, 9, 11, 23, tzinfo=UTC)),
        (1662937200, datetime(2022, 9, 11, 23, tzinfo=UTC)),
        (1662937200000, datetime(2022, 9, 11, 23, tzinfo=UTC)),
        ("1662937200000", datetime(2022, 9, 11, 23, tzinfo=UTC)),
    ],
)
def test_times_in_the_spellings_clients_use(value: object, expected: datetime) -> None:
    assert parse_time(value) == expected


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1)))  # noqa: DTZ001
def test_any_instant_survives_its_text(instant: datetime) -> None:
    assert parse_time(instant.isoformat()) == instant
    seconds = instant.timestamp()
    assert abs(parse_time(round(seconds * 1000)) - instant) < timedelta(milliseconds=1)


@pytest.mark.parametrize("skew", [3 * HOUR, -3 * HOUR, timedelta(days=-20_000), 2 * TOLERANCE])
def test_a_clock_that_is_wrong_is_set_right(skew: timedelta) -> None:
    assert read(told(skew)).event_time == NOW - AGE


@pytest.mark.parametrize("latency", [timedelta(), timedelta(milliseconds=70), TOLERANCE])
def test_latency_does_not_move_the_events_of_a_right_clock(latency: timedelta) -> None:
    """One that happened in the last moment of an hour would be rolled up in the next."""
    last_moment = NOW - timedelta(microseconds=1)
    raw = told(timedelta(), timedelta(microseconds=1))
    event = read(raw, NOW + latency)
    assert event.event_time == last_moment
    assert event.properties is None


@example(-TOLERANCE, timedelta(), timedelta(milliseconds=1), HOUR, AGE)
@example(TOLERANCE, timedelta(), timedelta(milliseconds=1), HOUR, AGE)
@given(skews | small_skews, latencies, latencies, offline, st.timedeltas(timedelta(), 9 * HOUR))
def test_a_retry_has_the_same_time_but_for_latency(
    skew: timedelta, first: timedelta, second: timedelta, gap: timedelta, age: timedelta
) -> None:
    """However long the client was offline: the lake keeps an id once in an hour, not in two."""
    event_time = NOW + skew - age
    times = [
        corrected(event_time, at + skew, at + latency)
        for at, latency in ((NOW, first), (NOW + gap, second))
    ]
    apart, difference = abs(times[0] - times[1]), abs(first - second)
    assert apart <= 2 * difference
    differences = [abs(latency - skew) for latency in (first, second)]
    if max(differences) <= TOLERANCE:
        assert apart == timedelta()
    if abs(skew) >= 2 * TOLERANCE + timedelta(minutes=1):
        assert apart == difference


@given(skews | small_skews, latencies)
def test_the_correction_never_makes_a_clock_worse_than_latency_and_tolerance(
    skew: timedelta, latency: timedelta
) -> None:
    moved = corrected(NOW - AGE + skew, NOW + skew, NOW + latency)
    assert abs(moved - (NOW - AGE)) <= latency + TOLERANCE
    if abs(latency - skew) >= 2 * TOLERANCE:
        assert moved == NOW - AGE + latency


@given(skews | small_skews, st.lists(st.timedeltas(timedelta(), 9 * HOUR), min_size=2))
def test_events_of_a_request_keep_their_order_and_distance(
    skew: timedelta, ages: list[timedelta]
) -> None:
    times = [corrected(NOW + skew - age, NOW + skew, NOW) for age in ages]
    assert {time + age - times[0] for time, age in zip(times, ages, strict=True)} == {ages[0]}


@pytest.mark.parametrize("skew", [timedelta(), 3 * HOUR])
def test_an_event_after_its_own_sending_is_judged_by_the_limits(skew: timedelta) -> None:
    ahead = timedelta(minutes=5)
    event = decode_record(record(told(skew, -ahead)), Limits())
    assert event.event_time == NOW + ahead
    with pytest.raises(InvalidEvent, match="in_the_future"):
        decode_record(record(told(skew, -ahead - timedelta(seconds=1))), Limits())


def test_limits_apply_to_the_corrected_time() -> None:
    a_day = Limits(lateness=24 * HOUR)
    assert decode_record(record(told(3 * HOUR)), a_day).event_time == NOW - AGE
    assert decode_record(record(told(-48 * HOUR)), a_day).event_time == NOW - AGE
    with pytest.raises(InvalidEvent, match="too_late"):  # the fast clock makes it look recent
        decode_record(record(told(30 * HOUR, age=25 * HOUR)), a_day)
    raw = told(3 * HOUR)
    del raw["sent_at"]
    with pytest.raises(InvalidEvent, match="in_the_future"):
        decode_record(record(raw), a_day)


@pytest.mark.parametrize(
    "times",
    [
        {"sentAt": "2026-11-23T04:00:00Z"},
        {"sent_at": "2026-11-23 04:00:00"},
        {"sent_at": "2026-11-23T05:00:00+01:00"},
        {"sent_at": 1795406400},
        {"sent_at": 1795406400000},
        {"sentAt": "1795406400000"},
        {"sent_at": "2026-11-23T04:00:00Z", "sentAt": "1999-01-01"},
        {"sentAt": "2026-11-23T04:00:00Z", "sent_at": None},
        {"sentAt": "2026-11-23T04:00:00Z", "sent_at": ""},
    ],
)
def test_spellings(times: dict[str, Any]) -> None:
    raw = told(3 * HOUR)
    del raw["sent_at"]
    event = read({**raw, **times})
    assert event.event_time == NOW - AGE
    assert json.loads(event.properties or "").keys() == {"client_event_time"}


@pytest.mark.parametrize("nothing", [{}, {"sent_at": None}, {"sent_at": ""}, {"sentAt": None}])
def test_without_it_the_clock_is_believed(nothing: dict[str, Any]) -> None:
    raw = told(-3 * HOUR)
    del raw["sent_at"]
    event = read({**raw, **nothing})
    assert event.event_time == NOW - AGE - 3 * HOUR
    assert event.properties is None


@pytest.mark.parametrize("value", ["yesterday", True, 1e300, [], {}, "NaN", "9" * 400])
def test_one_that_cannot_be_read_is_refused(value: object) -> None:
    """It was meant to say something: believing the clock instead could be wrong by hours."""
    with pytest.raises(InvalidEvent) as caught:
        read(told(timedelta(), sent_at=value))
    assert caught.value.reason == "invalid_sent_at"


@pytest.mark.parametrize(
    ("event_time", "sent_at"),
    [("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"), ("9999-12-31T00:00:00Z", "0001-01-01")],
)
def test_a_time_outside_the_calendar_is_refused(event_time: str, sent_at: str) -> None:
    """The arithmetic overflows, which would fail the whole batch."""
    with pytest.raises(InvalidEvent) as caught:
        read(told(timedelta(), event_time=event_time, sent_at=sent_at))
    assert caught.value.reason == "invalid_event_time"


def test_what_the_client_said_is_kept_with_a_corrected_event() -> None:
    """With `received_at` it tells the client's clock, for whoever wonders about a correction."""
    event = read(told(3 * HOUR, colour="red"))
    kept = {"client_event_time": "2026-11-23T03:40:00Z", "colour": "red"}
    assert json.loads(event.properties or "") == kept
    off = datetime.fromisoformat(kept["client_event_time"]) - event.event_time
    assert event.received_at + off == NOW + 3 * HOUR


@pytest.mark.parametrize("own", [{"client_event_time": "mine"}, {"properties": {}}])
def test_what_the_client_calls_by_that_name_is_not_overwritten(own: dict[str, Any]) -> None:
    if "properties" in own:
        own = {"properties": {"client_event_time": "mine"}}
    assert read(told(3 * HOUR, **own)).properties == '{"client_event_time":"mine"}'


@pytest.mark.parametrize("text", ["no JSON", "[1]", "{", "[" * 5000, DEEP])
def test_a_wrong_clock_does_not_decide_whether_an_event_is_accepted(text: str) -> None:
    """Properties that nothing can be merged into are accepted as they are from a right clock."""
    event = read(told(3 * HOUR, properties=text))
    assert json.loads(event.properties or "")["properties"] == text
    assert read(told(timedelta(), properties=text)).event_time == event.event_time


@given(skews | small_skews, st.timedeltas(timedelta(), timedelta(days=7)))
def test_what_the_collector_wrote_is_not_corrected_again(skew: timedelta, wait: timedelta) -> None:
    """It may wait for the stream or for a redrive: the decision was taken when it arrived."""
    entries, rejected = judge([told(skew)], BROWSER, NOW, Limits())
    assert rejected == []
    data = entries[0].data
    assert not {"sent_at", "sentAt"} & json.loads(data).keys()
    event = decode_record(StreamRecord("shardId-0", "1", NOW + wait, data, "s"), Limits())
    assert event.event_time == corrected(NOW - AGE + skew, NOW + skew, NOW)


def test_a_direct_producers_record_is_corrected_by_its_arrival() -> None:
    """Also in the contract's own shape, which the decoder would take as it is."""
    raw = told(3 * HOUR, received_at=(NOW + 99 * HOUR).isoformat())  # forged
    for late in (timedelta(), timedelta(days=1)):
        again = [decode_record(record(raw, NOW + late), Limits()) for _ in range(3)]
        assert {event.event_time for event in again} == {NOW - AGE + late}
        assert json.loads(again[0].properties or "").keys() == {"client_event_time"}


def test_a_forwarder_tells_when_it_received_what_it_forwards() -> None:
    """It held the event back for a day: the clock was right when the client sent it."""
    raw = told(timedelta(), received_at=(NOW + timedelta(seconds=1)).isoformat())
    event = decode_record(record(raw, NOW + timedelta(days=1)), Limits())
    assert event.event_time == NOW - AGE
