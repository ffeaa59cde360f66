"""What clients send becomes the contract, or is refused with a reason."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.shared.event import InvalidEvent
from lambdas.shared.normalisation import normalise, parse_time, truncate_ip

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DEFAULTS = {"event_id": "made-up"}


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


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"event_time": None}, "missing_event_time"),
        ({"event_time": "yesterday"}, "invalid_event_time"),
        ({"event_time": float("nan")}, "invalid_event_time"),
        ({"event_time": True}, "invalid_event_time"),
        ({"event_time": 1e300}, "invalid_event_time"),
        ({"event_type": None}, "missing_event_type"),
        ({"event_type": "a" * 65}, "invalid_field"),
        ({"session_id": None}, "missing_session"),
        ({"session_id": ""}, "invalid_field"),
        ({"page_url": "http://["}, "invalid_field"),
        ({"page_url": "/" + "x" * 10_000}, "invalid_field"),
        ({"time_spent": "long"}, "invalid_field"),
        ({"properties": [1]}, "invalid_field"),
        ({"properties": "{"}, "missing"),
    ],
)
def test_bad_fields_have_their_own_reason(change: dict[str, Any], reason: str) -> None:
    good = {"event_type": "x", "event_time": "2026-11-23T00:00:00Z", "session_id": "s"}
    if reason == "missing":  # JSON text that is none, together with a field to merge into it
        change, reason = {**change, "unknown": 1}, "invalid_field"
    with pytest.raises(InvalidEvent) as caught:
        normalise({**good, **change}, NOW, DEFAULTS)
    assert caught.value.reason == reason


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


def test_utm_parameters_come_from_the_address() -> None:
    raw = {
        "event_type": "page_view",
        "event_time": NOW.isoformat(),
        "session_id": "s",
        "page_url": "https://shop.example/sale?utm_source=news&utm_campaign=a%20b#top",
    }
    event = normalise(raw, NOW, DEFAULTS)
    assert (event.utm_source, event.utm_campaign) == ("news", "a b")
    assert event.page == "shop.example/sale"


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


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:aaaa:bbbb::1", "2001:db8:aaaa::"),
        (" 10.0.0.1 ", "10.0.0.0"),
        ("nonsense", None),
    ],
)
def test_addresses_lose_their_host(address: str, network: str | None) -> None:
    assert truncate_ip(address) == network
