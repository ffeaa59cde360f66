"""What clients send, turned into the contract.

Belongs here: other names for the contract's fields, what is left out or unknown, values that follow
from others (path of an address, network of an IP), and the reason why something is no event. Bytes
belong in `codec`, times and clocks in `clock`, limits on them in `limits`.

A reason is a metric dimension, so there are few: one for each field that is required or has rules
of its own, and `invalid_field` for all others, whose name is in the detail.
"""

import ipaddress
import math
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from lambdas.shared.clock import SENT_AT, by_our_clock, parse_time
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
_LEFT_OUT_WHEN_EMPTY = frozenset(
    {
        "event_id",
        "event_type",
        "event_time",
        "received_at",
        "session_id",
        "user_id",
        "anonymous_id",
        "page_url",
        "properties",
    }
)
_REASONS = {
    "event_id": "invalid_event_id",
    "event_type": "invalid_event_type",
    "session_id": "invalid_session",
    "page_url": "invalid_page_url",
    "time_spent": "invalid_time_spent",
    "experiments": "invalid_experiments",
}
_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_PATH = re.compile(r"`\$\.(\w+)")  # where msgspec says what is wrong: "… - at `$.session_id`"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"({_OCTET}\.{_OCTET}\.{_OCTET})\.{_OCTET}")  # far faster than ipaddress
# What the caches below must not be filled with; the contract refuses such an address anyway.
_LONGEST_IP = 64
_LONGEST_URL = 8192
_LONGEST_TEXT = 2048
# Whether deeper JSON can be read depends on how deep the reader itself is in calls, and every
# consumer must decide alike: 1,000 levels is where Python gives up.
MAX_DEPTH = 64


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
    if "received_at" in fields:  # nobody can have received it after it arrived here
        received_at = min(parse_time(fields["received_at"], "received_at"), received_at)
    fields["received_at"] = received_at
    told = parse_time(fields.get("event_time"))
    fields["event_time"] = by_our_clock(told, raw, received_at)
    if "event_type" not in fields:
        if "element_clicked" not in fields:
            raise InvalidEvent("missing_event_type", "event_type is required")
        fields["event_type"] = "click"
    if "session_id" not in fields:
        raise InvalidEvent("missing_session", "session_id is required")
    _derive(fields)
    _keep(fields, extra, {} if fields["event_time"] == told else {"client_event_time": told})
    return _event(fields)


def truncate_ip(value: str) -> str | None:
    """The network of an address: /24 for IPv4, /48 for IPv6. None when it is no address."""
    if dotted := _IPV4.fullmatch(value):
        return f"{dotted[1]}.0"
    return _network(value) if len(value) <= _LONGEST_IP else None


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
    """The known fields under the contract's names, and the rest, without what counts as left out.

    Of several names of one field the contract's own is taken, else the first; the others are kept.
    """
    fields: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in raw.items():
        known = name if name in _KNOWN else _ALIASES.get(name)
        if value is None or (value == "" and known in _LEFT_OUT_WHEN_EMPTY):
            continue
        if known is None or name in _FILLED_BY_THE_PLATFORM:
            if name not in SENT_AT:
                extra[name] = value
        elif name == known or (known not in fields and not _is_given(known, raw)):
            fields[known] = value
        else:
            extra[name] = value
    return fields, extra


def _is_given(known: str, raw: Mapping[str, Any]) -> bool:
    """Whether a field is there under the contract's own name."""
    value = raw.get(known)
    return value is not None and not (value == "" and known in _LEFT_OUT_WHEN_EMPTY)


def _derive(fields: dict[str, Any]) -> None:
    """Fills in what follows from other fields."""
    if isinstance(ip := fields.get("ip"), str):
        fields["ip"] = truncate_ip(ip)
    url = fields.get("page_url")
    if not isinstance(url, str) or len(url) > _LONGEST_URL:
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
        raise InvalidEvent("invalid_page_url", str(error)) from None
    query = parse_qs(parts.query) if parts.query else {}
    campaign = tuple((name, query[name][0][:_LONGEST_TEXT]) for name in _UTM if name in query)
    return host, parts.path or "/", campaign


def _keep(fields: dict[str, Any], extra: Mapping[str, Any], added: Mapping[str, Any]) -> None:
    """Puts what the contract has no column for into `properties`, as the text of a JSON object.

    Args:
        fields: The known fields; `properties` is changed.
        extra: What else the client sent.
        added: What the platform adds, where the client has not used the name.
    """
    given = fields.pop("properties", None)
    if given is None and not extra and not added:
        return
    if isinstance(given, str):
        found = _object_of(given)
        if found and not extra and not added:
            fields["properties"] = given
            return
        # Text that is no JSON is kept as well: were it refused when there is something to merge,
        # the client's clock would decide about its event.
        given = {"properties": given} if found is None else found
    if given is not None and not isinstance(given, dict):
        raise InvalidEvent("invalid_properties", f"it is an object, not {_kind(given)}")
    merged = {**added, **(given or {}), **extra}
    if _is_deeper(merged, MAX_DEPTH):
        raise InvalidEvent("too_deep", f"nested more than {MAX_DEPTH} levels deep")
    if merged:
        fields["properties"] = msgspec.json.encode(merged).decode()


def _object_of(text: str) -> dict[str, Any] | None:
    """The object of a JSON text; None when it is none, or too deep."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) and not _is_deeper(value, MAX_DEPTH) else None


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether JSON is nested deeper than a limit; does not recurse itself."""
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _event(fields: dict[str, Any]) -> Event:
    try:
        event = msgspec.convert(fields, Event, strict=False)
    except msgspec.ValidationError as error:
        path = _PATH.search(str(error))
        reason = _REASONS.get(path[1], "invalid_field") if path else "invalid_field"
        raise InvalidEvent(reason, str(error)) from error
    if event.time_spent is not None and not math.isfinite(event.time_spent):
        # Text may say so, where JSON cannot: one NaN makes every mean over the hour NaN.
        raise InvalidEvent("invalid_time_spent", f"{event.time_spent} is no number of seconds")
    return event
