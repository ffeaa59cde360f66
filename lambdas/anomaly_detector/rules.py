"""What counts as an anomaly.

Belongs here: pure rules over a batch's events. A rule yields an alert at most once for the same
cause, whatever the batches: the alert's id says what it is about. Storing and sending belong in
`store`.
"""

from collections.abc import Callable, Iterator
from datetime import UTC
from typing import NamedTuple

from lambdas.shared.event import Event

SUSPICIOUS_WORDS = ("bot", "crawler", "spider", "scraper")


class Alert(NamedTuple):
    """Something a person should know.

    Attributes:
        alert_id: Names the cause; two alerts of one id are the same alert.
        rule: The rule that found it.
        session_id: The session it was found in.
        detected_at: The event's time, ISO 8601 in UTC.
        evidence: What was seen.
    """

    alert_id: str
    rule: str
    session_id: str
    detected_at: str
    evidence: str


Rule = Callable[[list[Event]], Iterator[Alert]]


def suspicious_user_agent(events: list[Event]) -> Iterator[Alert]:
    """One alert for each session whose User-Agent names a robot."""
    seen: set[str] = set()
    for event in events:
        agent = (event.user_agent or "").lower()
        if event.session_id in seen or not any(word in agent for word in SUSPICIOUS_WORDS):
            continue
        seen.add(event.session_id)
        yield Alert(
            f"suspicious_user_agent#{event.session_id}",
            "suspicious_user_agent",
            event.session_id,
            event.event_time.astimezone(UTC).isoformat(),
            event.user_agent or "",
        )


RULES: tuple[Rule, ...] = (suspicious_user_agent,)


def find_alerts(events: list[Event]) -> list[Alert]:
    """The alerts of every rule over a batch, each id once."""
    found = {alert.alert_id: alert for rule in RULES for alert in rule(events)}
    return list(found.values())
