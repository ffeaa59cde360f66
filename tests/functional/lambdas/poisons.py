"""The records that no function may stumble over, and what becomes of each.

Belongs here: the table, and good events to put around them. Delivering them belongs to the tests.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2003, 2, 3, 4, 5, 6, tzinfo=UTC)
NEIGHBOURS = 99


@dataclass(frozen=True)
class Poison:
    """One record.

    Attributes:
        name: What is wrong with it.
        payload: Its bytes.
        reason: Why it is set aside; None when it is accepted.
        kept: Columns of the accepted event.
    """

    name: str
    payload: bytes
    reason: str | None
    kept: dict[str, Any] = field(default_factory=dict)


def payload(**fields: Any) -> bytes:
    """A good page view with some fields changed; those that are None are left out."""
    given = {
        "event_id": "poison",
        "event_type": "page_view",
        "session_id": "poisoned",
        "event_time": START.isoformat(),
        **fields,
    }
    return json.dumps({name: one for name, one in given.items() if one is not None}).encode()


def literal(text: bytes) -> bytes:
    """A good page view that spends a time no JSON library of ours would write."""
    return payload(time_spent=0).replace(b'"time_spent": 0', b'"time_spent": ' + text)


def twice(name: str, first: str) -> bytes:
    """A good page view with another value for one field before the one it has."""
    return b"{" + json.dumps(name).encode() + b": " + first.encode() + b", " + payload()[1:]


LONG = "x" * 10_000
MEGABYTE = 1_000_000
NUL = "a\0b"
DEEP_FIELD = b'{"deep": ' + b"[" * 100_000 + b"]" * 100_000 + b", " + payload()[1:]
SET_ASIDE = {
    "invalid_json": {
        "cut off": payload()[:-1],
        "empty": b"",
        "blank": b" \n",
        "something after it": payload() + b"x",
        "two of them": payload() + payload(),
        "latin 1": payload(page_title="caf#").replace(b"#", b"\xe9"),
        "latin 1 in a name": payload(x=1).replace(b'"x"', b'"\xe9"'),
        "overlong UTF-8": payload(page_title="#").replace(b"#", b"\xc0\x80"),
        "binary": bytes(range(256)),
        "UTF-16": payload().decode().encode("utf-16"),
        "byte order mark": b"\xef\xbb\xbf" + payload(),
        "NUL bytes": b"\0" * 64,
        "NUL byte after it": payload() + b"\0",
        "NUL byte in a text": payload(page_title="#").replace(b"#", b"\0"),
        "high surrogate": payload(page_title="\ud800"),
        "low surrogate": payload(page_title="\udc00"),
        "surrogate as UTF-8": payload(page_title="#").replace(b"#", b"\xed\xa0\x80"),
        "100,000 brackets": b"[" * 100_000,
        "100,000 levels in a field": DEEP_FIELD,
        "NaN": literal(b"NaN"),
        "Infinity": literal(b"-Infinity"),
        "1e999": literal(b"1e999"),
        "a megabyte of nothing": b"x" * MEGABYTE,
    },
    "not_an_object": {
        "null": b"null",
        "list": b"[" + payload() + b"]",
        "empty list": b"[]",
        "number": b"42",
        "text": b'"page_view"',
        "true": b"true",
    },
    "missing_event_time": {"no time": payload(event_time=None), "empty": payload(event_time="")},
    "invalid_event_time": {
        "no time at all": payload(event_time="yesterday"),
        "boolean": payload(event_time=True),
        "NaN": payload(event_time="NaN"),
        "Infinity": payload(event_time="-Infinity"),
        "endless": payload(event_time="9" * 400),
        "object": payload(event_time={"seconds": 1}),
        "1969": payload(event_time=-1),
        "year 9999": payload(event_time="9999-12-31T23:59:59Z"),
        "after the end of the calendar": payload(event_time="9999-12-31T23:59:59-05:00"),
        "corrected beyond it": payload(event_time="0001-01-01", sent_at="9999-12-31"),
    },
    "in_the_future": {"year 2999": payload(event_time="2999-01-01T00:00:00Z")},
    "invalid_sent_at": {"no time": payload(sent_at="yesterday"), "boolean": payload(sentAt=True)},
    "invalid_received_at": {"no time": payload(received_at="yesterday")},
    "missing_session": {"none": payload(session_id=None), "empty": payload(session_id="")},
    "invalid_session": {"10 KB": payload(session_id=LONG), "number": payload(session_id=7)},
    "invalid_event_id": {"10 KB": payload(event_id=LONG), "list": payload(event_id=["a"])},
    "missing_event_type": {"none": payload(event_type=None), "empty": payload(event_type="")},
    "invalid_event_type": {
        "number": payload(event_type=7),
        "list": payload(event_type=["page_view"]),
        "too long": payload(event_type="x" * 65),
        "NUL character": payload(event_type=NUL),
        "script": payload(event_type="<script>"),
    },
    "invalid_page_url": {
        "10 KB": payload(page_url=f"/{LONG}"),
        "a megabyte": payload(page_url=f"/{'x' * 900_000}"),
        "no address": payload(page_url="http://["),
        "object": payload(page_url={"path": "/"}),
    },
    "invalid_time_spent": {
        "NaN as text": payload(time_spent="NaN"),
        "Infinity as text": payload(time_spent="Infinity"),
        "words": payload(time_spent="long"),
        "too large for a double": payload(time_spent=10**400),
    },
    "invalid_experiments": {
        "list": payload(experiments=["blue"]),
        "numbers": payload(experiments={"button": 1}),
    },
    "invalid_properties": {"list": payload(properties=["a"]), "number": payload(properties=1)},
    "too_deep": {"200 levels": payload(deep=json.loads("[" * 200 + "]" * 200))},
    "invalid_field": {
        "10 KB of title": payload(page_title=LONG),
        "user as a number": payload(user_id=7),
    },
}
ACCEPTED = (
    Poison("unknown fields", payload(x=1, y=[{}]), None, {"properties": '{"x":1,"y":[{}]}'}),
    Poison("a megabyte", payload(x="x" * (MEGABYTE - 200)), None),
    Poison("empty page_url", payload(page_url=""), None, {"page_url": None, "page_path": None}),
    Poison("empty user", payload(user_id=""), None, {"user_id": None}),
    Poison("empty properties", payload(properties={}), None, {"properties": None}),
    Poison(
        "properties no JSON", payload(properties="a"), None, {"properties": '{"properties":"a"}'}
    ),
    Poison(
        "time twice",
        twice("event_time", '"yesterday"'),
        None,
        {"event_time": START.replace(tzinfo=None)},
    ),
    Poison("id twice", twice("event_id", '"other"'), None, {"event_id": "poison"}),
    Poison("huge number", payload(x=10**30), None, {"properties": f'{{"x":{10**30}}}'}),
    Poison(
        "NUL characters",
        payload(session_id=NUL, user_id=NUL, page_url=f"/{NUL}", page_title=NUL, x={NUL: NUL}),
        None,
        {
            **dict.fromkeys(("session_id", "user_id", "page_title"), NUL),
            **dict.fromkeys(("page_url", "page_path"), f"/{NUL}"),
            "properties": json.dumps({"x": {NUL: NUL}}, separators=(",", ":")),
        },
    ),
    Poison("a pair of surrogates", payload(page_title="\U0001f600"), None, {"page_title": "😀"}),
)
POISONS = (
    *(
        Poison(f"{reason}: {name}", data, reason)
        for reason, group in SET_ASIDE.items()
        for name, data in group.items()
    ),
    *ACCEPTED,
)


def neighbours() -> list[bytes]:
    """Good events of eleven sessions over two hours, each with its own id."""
    return [
        payload(
            event_id=f"good-{number}",
            event_type="page_view" if number % 3 else "click",
            session_id=f"s{number % 11}",
            event_time=(START + timedelta(minutes=number)).isoformat(),
            page_url=f"/p{number % 7}",
        )
        for number in range(NEIGHBOURS)
    ]
