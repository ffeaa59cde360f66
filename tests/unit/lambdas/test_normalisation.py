"""What clients send becomes the contract, or is refused with a reason."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdas.shared import normalisation
from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.limits import Limits
from lambdas.shared.normalisation import MAX_DEPTH, normalise, truncate_ip

CACHED = (normalisation._network, normalisation._parts_of)
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DEFAULTS = {"event_id": "made-up"}
GOOD = {"event_type": "x", "event_time": "2026-11-23T00:00:00Z", "session_id": "s"}


def read(**change: Any) -> Event:
    """A good event with some fields changed."""
    return normalise({**GOOD, **change}, NOW, DEFAULTS)


def test_the_first_documents_sample_is_an_event() -> None:
    sample = {
        "element_clicked": "entree_1",
        "time_spent": 67,
        "source_menu": "restaurant_name",
        "created_at": "2022-09-11 23:00:00",
    }
    event = normalise(sample, NOW, {**DEFAULTS, "session_id": "anon"})
    assert event.event_type == "click"
    assert event.event_time == datetime(2022, 9, 11, 23, tzinfo=UTC)
    assert (event.element_clicked, event.time_spent) == ("entree_1", 67.0)
    assert event.source_menu == "restaurant_name"


def test_the_second_documents_sample_is_an_event() -> None:
    sample = {
        "event_type": "page_view",
        "session_id": "session_k3j2h1g0f",
        "user_id": "user_17",
        "timestamp": "2026-11-23T00:59:59.123Z",
        "page_url": "/product/123",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "ip_address": "192.168.1.77",
        "referrer": None,
    }
    event = normalise(sample, NOW, DEFAULTS)
    assert event.event_time == datetime(2026, 11, 23, 0, 59, 59, 123000, tzinfo=UTC)
    assert (event.page_path, event.page_host, event.page) == ("/product/123", None, "/product/123")
    assert event.ip == "192.168.1.0"
    assert event.referrer is None
    assert event.event_id == "made-up"


def nested(levels: int) -> object:
    """An object of lists of objects."""
    value: object = "bottom"
    for level in range(levels, 0, -1):
        value = {"a": value} if level % 2 else [value]
    return value


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"event_time": None}, "missing_event_time"),
        ({"event_time": ""}, "missing_event_time"),
        ({"event_time": "yesterday"}, "invalid_event_time"),
        ({"event_time": float("nan")}, "invalid_event_time"),
        ({"event_time": True}, "invalid_event_time"),
        ({"event_time": 1e300}, "invalid_event_time"),
        ({"received_at": "yesterday"}, "invalid_received_at"),
        ({"event_type": None}, "missing_event_type"),
        ({"event_type": ""}, "missing_event_type"),
        ({"event_type": "a" * 65}, "invalid_event_type"),
        ({"event_type": 3}, "invalid_event_type"),
        ({"session_id": None}, "missing_session"),
        ({"session_id": ""}, "missing_session"),
        ({"session_id": "s" * 257}, "invalid_session"),
        ({"event_id": "e" * 257}, "invalid_event_id"),
        ({"page_url": "http://["}, "invalid_page_url"),
        ({"page_url": "/" + "x" * 10_000}, "invalid_page_url"),
        ({"page_url": 3}, "invalid_page_url"),
        ({"time_spent": "long"}, "invalid_time_spent"),
        ({"time_spent": "NaN"}, "invalid_time_spent"),
        ({"time_spent": "-Infinity"}, "invalid_time_spent"),
        ({"time_spent": 10**400}, "invalid_time_spent"),
        ({"experiments": ["a"]}, "invalid_experiments"),
        ({"experiments": {"a": 1}}, "invalid_experiments"),
        ({"properties": [1]}, "invalid_properties"),
        ({"properties": 1}, "invalid_properties"),
        ({"unknown": nested(MAX_DEPTH)}, "too_deep"),
        ({"properties": nested(MAX_DEPTH + 1)}, "too_deep"),
        ({"page_title": 3}, "invalid_field"),
        ({"is_bot": "perhaps"}, "invalid_field"),
    ],
)
def test_bad_fields_have_their_own_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        read(**change)
    assert caught.value.reason == reason


def test_a_field_without_its_own_reason_is_named() -> None:
    with pytest.raises(InvalidEvent, match=r"invalid_field: .*\$\.page_title"):
        read(page_title=3)


@pytest.mark.parametrize("name", ["unknown", "properties"])
def test_what_is_nested_as_deep_as_allowed_is_kept(name: str) -> None:
    value = nested(MAX_DEPTH - (name == "unknown"))
    kept = json.loads(read(**{name: value}).properties or "")
    assert kept == (value if name == "properties" else {"unknown": value})


@pytest.mark.parametrize("calls", [0, 350, 700])
def test_what_is_too_deep_does_not_depend_on_the_reader(calls: int) -> None:
    """A consumer with more calls below it gives up earlier, and would not count the event."""

    def at_depth(left: int, data: bytes) -> Event | None:
        if left:
            return at_depth(left - 1, data)
        try:
            return decode_record(StreamRecord("shardId-0", "1", NOW, data, "s"), Limits())
        except InvalidEvent:
            return None

    for levels in (MAX_DEPTH - 1, MAX_DEPTH, 400, 900):
        data = json.dumps({**GOOD, "unknown": nested(levels)}).encode()
        assert (at_depth(calls, data) is not None) == (levels < MAX_DEPTH)


@pytest.mark.parametrize("raw", [None, 3, "text", [], [{}]])
def test_only_objects_are_events(raw: object) -> None:
    with pytest.raises(InvalidEvent, match="not_an_object"):
        normalise(raw, NOW, DEFAULTS)


def test_unknown_fields_are_kept_as_properties() -> None:
    raw = {
        "event_type": "x",
        "event_time": NOW.isoformat(),
        "session_id": "s",
        "properties": {"a": 1},
        "colour": "red",
        "shard_id": "forged",
    }
    event = normalise(raw, NOW, DEFAULTS)
    assert event.properties == '{"a":1,"colour":"red","shard_id":"forged"}'
    assert event.shard_id is None


@pytest.mark.parametrize("nothing", [{}, "{}", "", None])
def test_properties_that_hold_nothing_are_none(nothing: object) -> None:
    """Trackers send an empty object with every event that has none."""
    assert read(properties=nothing).properties is None


def test_properties_given_as_text_are_kept_as_they_were_written() -> None:
    """An event that is sent again carries them so; reading a number would round it."""
    text = '{"b": 0.12345678901234567890, "a": 1E2}'
    assert read(properties=text).properties == text
    assert json.loads(read(properties=text, c=3).properties or "") == {**json.loads(text), "c": 3}


def test_properties_that_are_no_object_as_text_are_kept_beside_the_rest() -> None:
    assert read(properties="[1]", c=3).properties == '{"properties":"[1]","c":3}'


@pytest.mark.parametrize("empty", ["", None])
def test_what_is_empty_counts_as_left_out(empty: str | None) -> None:
    """A signed-out user's empty id refused the event; an empty address was a view of `/`."""
    left_out = dict.fromkeys(("event_id", "user_id", "anonymous_id", "page_url"), empty)
    event = read(**left_out)
    assert event == read()
    assert event.event_id == "made-up"
    assert event.page is None


@pytest.mark.parametrize("empty", ["", None])
def test_another_name_counts_when_the_contracts_own_is_empty(empty: str | None) -> None:
    raw = {**GOOD, "event_time": empty, "timestamp": NOW.isoformat(), "page_url": empty, "url": "/"}
    event = normalise(raw, NOW, DEFAULTS)
    assert (event.event_time, event.page) == (NOW, "/")


def test_of_several_names_of_a_field_none_is_lost() -> None:
    event = read(timestamp="2001-01-01", url="/a", page_url="/b")
    assert (event.event_time.hour, event.page) == (0, "/b")
    assert json.loads(event.properties or "") == {"timestamp": "2001-01-01", "url": "/a"}
    raw = {"timestamp": "2001-01-01", "created_at": "2002-01-01", "session_id": "s"}
    event = normalise({**raw, "event_type": "x"}, NOW, DEFAULTS)
    assert event.event_time == datetime(2001, 1, 1, tzinfo=UTC)
    assert event.properties == '{"created_at":"2002-01-01"}'


def test_utm_parameters_come_from_the_address() -> None:
    event = read(page_url="https://shop.example/sale?utm_source=news&utm_campaign=a%20b#top")
    assert (event.utm_source, event.utm_campaign) == ("news", "a b")
    assert event.page == "shop.example/sale"


def test_a_campaign_longer_than_its_column_does_not_refuse_the_address_it_came_from() -> None:
    event = read(page_url="/?utm_term=" + "x" * 3000)
    assert event.utm_term == "x" * 2048
    assert len(event.page_url or "") > 3000


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:aaaa:bbbb::1", "2001:db8:aaaa::"),
        (" 10.0.0.1 ", "10.0.0.0"),
        ("nonsense", None),
        ("", None),
        ("1" * 1_000_000, None),
    ],
)
def test_addresses_lose_their_host(address: str, network: str | None) -> None:
    assert truncate_ip(address) == network


def test_what_strangers_send_does_not_fill_the_memory() -> None:
    """Both caches keep their keys: a thousand of a megabyte are more than a function has."""
    before = [cached.cache_info().currsize for cached in CACHED]
    for number in range(3):
        read(ip=f"{number}" * 100_000)
        with pytest.raises(InvalidEvent, match="invalid_page_url"):
            read(page_url=f"/{number}" * 100_000)
    assert [cached.cache_info().currsize for cached in CACHED] == before
