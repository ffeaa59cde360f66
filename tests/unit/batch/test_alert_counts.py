"""Alerts by day and rule, which outlive the alerts."""

import json
from datetime import date
from typing import NamedTuple

from clickstream_platform.core.alert_counts import counted

TODAY = date(2026, 11, 30)


class Alert(NamedTuple):
    detected_at: str
    rule: str
    session_id: str | None = None


def alerts(content: bytes) -> dict[tuple[str, str], int]:
    lines = map(json.loads, content.splitlines())
    return {(line["day"], line["rule"]): line["alerts"] for line in lines}


def test_sessions_are_counted_once_and_never_named():
    found = counted(
        b"",
        [
            Alert("2026-11-29T10:00:00+00:00", "busy", "s1"),
            Alert("2026-11-29T09:00:00+00:00", "busy", "s1"),
            Alert("2026-11-29T23:59:59+00:00", "busy", "s2"),
            Alert("2026-11-29T10:00:00+00:00", "spike"),
        ],
        TODAY,
    )
    busy, spike = map(json.loads, found.splitlines())
    assert busy == {
        "day": "2026-11-29",
        "rule": "busy",
        "alerts": 3,
        "sessions": 2,
        "first_detected_at": "2026-11-29T09:00:00+00:00",
        "last_detected_at": "2026-11-29T23:59:59+00:00",
    }
    assert (spike["alerts"], spike["sessions"]) == (1, 0)
    assert b"s1" not in found


def test_a_day_whose_alerts_have_begun_to_expire_keeps_its_count():
    old = [Alert("2026-11-01T10:00:00+00:00", "busy", str(number)) for number in range(5)]
    before = counted(b"", old, date(2026, 11, 2))
    assert alerts(counted(before, old[:2], TODAY)) == {("2026-11-01", "busy"): 5}
    assert alerts(counted(before, [], TODAY)) == {("2026-11-01", "busy"): 5}


def test_a_day_whose_alerts_are_all_stored_is_counted_anew():
    """An erasure may have taken some of them."""
    young = [Alert("2026-11-29T10:00:00+00:00", "busy", str(number)) for number in range(5)]
    before = counted(b"", young, TODAY)
    assert alerts(counted(before, young[:2], TODAY)) == {("2026-11-29", "busy"): 2}
    assert counted(before, [], TODAY) == b""


def test_old_alerts_that_were_never_counted_are():
    old = [Alert("2026-11-01T10:00:00+00:00", "busy")]
    assert alerts(counted(b"", old, TODAY)) == {("2026-11-01", "busy"): 1}
