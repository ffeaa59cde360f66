"""What clients send, turned into the contract.

Belongs here: other names for the contract's fields, times in the spellings clients use, values that
follow from others (path of an address, network of an IP). Bytes belong in `codec`; limits against
the clock belong in `limits`.
"""

import ipaddress
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from lambdas.shared.event import Event, InvalidEvent

_ALIASES = {
    "timestamp": "event_time",
    "created_at": "event_time",
    "ip_address": "ip",
    "url": "page_url",
    "title": "page_title",
}
_KNOWN = frozenset(Event.__struct_fields__)
_FILLED_BY_THE_PLATFORM = frozenset({"shard_id", "sequence_number"})
_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"({_OCTET}\.{_OCTET}\.{_OCTET})\.{_OCTET}")  # far faster than ipaddress
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this is the year 5138: larger numbers are ms


def normalise(raw: object, received_at: datetime, defaults: Mapping[str, str]) -> Event:
    """Turns one decoded JSON value into an event.

    Args:
        raw: The value, in the contract's names or one of their aliases. Fields the contract does
            not know are kept in `properties`.
        received_at: When the event arrived, aware.
        defaults: Values for fields that the client left out, such as `event_id`.

    Returns:
        The event.

    Raises:
        InvalidEvent: If the value is not an object, or lacks or misuses a field.
    """
    if not isinstance(raw, dict):
        raise InvalidEvent("not_an_object", f"an event is a JSON object, not {_kind(raw)}")
    fields, extra = _split(raw)
    fields = {**defaults, **fields}
    fields["event_time"] = parse_time(fields.get("event_time"))
    fields["received_at"] = (
        parse_time(fields["received_at"]) if "received_at" in fields else received_at
    )
    if "event_type" not in fields:
        if "element_clicked" not in fields:
            raise InvalidEvent("missing_event_type", "event_type is required")
        fields["event_type"] = "click"
    if "session_id" not in fields:
        raise InvalidEvent("missing_session", "session_id is required")
    _derive(fields)
    _keep(fields, extra)
    try:
        return msgspec.convert(fields, Event, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidEvent("invalid_field", str(error)) from error


def parse_time(value: object) -> datetime:
    """Reads a time as clients spell it.

    Args:
        value: ISO 8601 text with `T` or a blank (UTC when it names no zone), or a number of seconds
            or milliseconds since 1970, also as text.

    Returns:
        An aware time in UTC.

    Raises:
        InvalidEvent: `missing_event_time` or `invalid_event_time`.
    """
    if value is None or value == "":
        raise InvalidEvent("missing_event_time", "event_time is required (ISO 8601, UTC)")
    try:
        instant = _read_time(value)
        if instant.tzinfo is None:
            return instant.replace(tzinfo=UTC)
        return instant.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise InvalidEvent("invalid_event_time", f"cannot read the time {value!r:.80}") from None


def truncate_ip(value: str) -> str | None:
    """The network of an address: /24 for IPv4, /48 for IPv6. None when it is no address."""
    if dotted := _IPV4.fullmatch(value):
        return f"{dotted[1]}.0"
    return _network(value)


@lru_cache(maxsize=4096)
def _network(value: str) -> str | None:
    try:
        address = ipaddress.ip_address(value.strip())
    except ValueError:
        return None
    length = 24 if address.version == 4 else 48  # noqa: PLR2004 - the two IP versions
    return str(ipaddress.ip_network((address, length), strict=False).network_address)


def _kind(raw: object) -> str:
    return "null" if raw is None else type(raw).__name__


def _split(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The known fields under the contract's names, and the rest. Nulls count as left out."""
    fields: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in raw.items():
        known = name if name in _KNOWN else _ALIASES.get(name)
        if value is None:
            continue
        if known is None or name in _FILLED_BY_THE_PLATFORM:
            extra[name] = value
        elif name == known or known not in raw:
            fields[known] = value
        else:
            extra[name] = value
    return fields, extra


def _read_time(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return _from_epoch(float(value)) if _NUMBER.match(value) else datetime.fromisoformat(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_epoch(float(value))
    raise TypeError(type(value).__name__)


def _from_epoch(number: float) -> datetime:
    if not math.isfinite(number):
        raise ValueError
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, UTC)


def _derive(fields: dict[str, Any]) -> None:
    """Fills in what follows from other fields."""
    if isinstance(ip := fields.get("ip"), str):
        fields["ip"] = truncate_ip(ip)
    url = fields.get("page_url")
    if not isinstance(url, str):
        return
    host, path, campaign = _parts_of(url)
    if host:
        fields.setdefault("page_host", host)
    fields.setdefault("page_path", path)
    for name, value in campaign:
        fields.setdefault(name, value)


@lru_cache(maxsize=1024)  # an address may be 8 KB long
def _parts_of(url: str) -> tuple[str | None, str, tuple[tuple[str, str], ...]]:
    """Host, path and campaign of an address; sites have fewer addresses than events.

    Raises:
        InvalidEvent: If it is no address.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise InvalidEvent("invalid_field", f"page_url: {error}") from None
    query = parse_qs(parts.query) if parts.query else {}
    campaign = tuple((name, query[name][0]) for name in _UTM if name in query)
    return host, parts.path or "/", campaign


def _keep(fields: dict[str, Any], extra: Mapping[str, Any]) -> None:
    """Puts what the contract has no column for into `properties`, as JSON text."""
    given = fields.get("properties")
    if isinstance(given, str):
        if not extra:
            return
        try:
            given = msgspec.json.decode(given)
        except msgspec.DecodeError as error:
            raise InvalidEvent("invalid_field", f"properties: {error}") from None
    if given is not None and not isinstance(given, dict):
        raise InvalidEvent("invalid_field", f"properties is an object, not {_kind(given)}")
    merged = {**(given or {}), **extra}
    if merged:
        fields["properties"] = msgspec.json.encode(merged).decode()
