"""Alerts by day and rule, kept for longer than the alerts themselves.

Belongs here: counting, and the one object of the table `alert_counts`, as text in and text out.
Reading alerts and writing the object belong to `defs/quality/alert_counts`.

Nothing of a session is kept, so there is nothing about anybody in it.
"""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Protocol

KEY = "alert_counts/counts.json"
# Alerts are stored for 30 days. Of days in which some may be gone already, what was counted before
# is kept.
_STORED = timedelta(days=28)

Line = dict[str, Any]


class Alert(Protocol):
    """What is counted of an alert."""

    @property
    def detected_at(self) -> str:
        """The time it is about, ISO 8601 in UTC."""

    @property
    def rule(self) -> str:
        """The rule that found it."""

    @property
    def session_id(self) -> str | None:
        """The session it is about; None when it is about the traffic."""


def counted(content: bytes, alerts: Iterable[Alert], today: date) -> bytes:
    """The object with the alerts counted anew.

    Args:
        content: The object as it is; empty if there is none.
        alerts: All that are stored.
        today: The day it is, UTC.

    Returns:
        A JSON line for each day and rule, in order.
    """
    known = {_key(line): line for line in map(json.loads, content.splitlines())}
    found = _by_day_and_rule(alerts)
    since = f"{today - _STORED:%Y-%m-%d}"
    kept = {key: line for key, line in known.items() if key[0] < since}
    lines = {**found, **kept}
    return b"".join(json.dumps(lines[key]).encode() + b"\n" for key in sorted(lines))


def _by_day_and_rule(alerts: Iterable[Alert]) -> dict[tuple[str, str], Line]:
    groups: dict[tuple[str, str], list[Alert]] = {}
    for alert in alerts:
        groups.setdefault((alert.detected_at[:10], alert.rule), []).append(alert)
    return {
        (day, rule): {
            "day": day,
            "rule": rule,
            "alerts": len(group),
            "sessions": len({one.session_id for one in group if one.session_id is not None}),
            "first_detected_at": min(one.detected_at for one in group),
            "last_detected_at": max(one.detected_at for one in group),
        }
        for (day, rule), group in groups.items()
    }


def _key(line: Line) -> tuple[str, str]:
    return line["day"], line["rule"]
