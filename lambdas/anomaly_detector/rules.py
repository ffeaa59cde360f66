"""What counts as an anomaly, and how it is told.

Belongs here: the thresholds, the rules about one event in the light of what is known of its
session, and the alerts. An alert's id says what it is about, so the same cause is the same alert
however often it is found. Going through a batch belongs in `logic`, storing and sending in `store`.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from lambdas.anomaly_detector.state import Known
from lambdas.anomaly_detector.traffic import TrafficLimits
from lambdas.shared.event import PAGE_VIEW, Event

HIGH_FREQUENCY = "high_frequency_clicks"
SUSPICIOUS_AGENT = "suspicious_user_agent"
UNUSUAL_SEQUENCE = "unusual_page_sequence"
SPIKE = "traffic_spike"
DROP = "traffic_drop"
CHECKOUT = "checkout"
WARNED_OF_AGENT = 1
WARNED_OF_SEQUENCE = 2
_WARNED = {SUSPICIOUS_AGENT: WARNED_OF_AGENT, UNUSUAL_SEQUENCE: WARNED_OF_SEQUENCE}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGENTS = 4096
_SHOWN = 512  # characters of evidence: ten alerts must fit the 256 KB of a call of SNS

Evidence = dict[str, str | int | float]


class Thresholds(Struct, frozen=True):
    """From where on something is an anomaly.

    Attributes:
        session_minute_events: Events of a session in one minute that are still ordinary.
        views_before_checkout: Page views a session has before an ordinary checkout.
        suspicious_words: Words by which a User-Agent names a robot, in lower case.
        traffic: Limits on the traffic of each event type.
    """

    session_minute_events: int = 50
    views_before_checkout: int = 3
    suspicious_words: tuple[str, ...] = ("bot", "crawler", "spider", "scraper")
    traffic: TrafficLimits = TrafficLimits()


class Alert(NamedTuple):
    """Something a person should know.

    Attributes:
        alert_id: Names the cause; two alerts of one id are the same alert.
        rule: The rule that found it.
        session_id: The session it was found in; None when it is about all of them.
        detected_at: The event's time, or the minute of arrival, ISO 8601 in UTC.
        evidence: What was seen, and what it was compared with.
    """

    alert_id: str
    rule: str
    session_id: str | None
    detected_at: str
    evidence: Evidence


def judge(
    event: Event, known: Known, minute: int, thresholds: Thresholds, *, is_in_order: bool = True
) -> list[Alert]:
    """The alerts an event causes.

    Args:
        event: The event, not seen before.
        known: What was known of its session before it.
        minute: Its time in whole minutes since 1970.
        thresholds: From where on something is an anomaly.
        is_in_order: Whether it comes after what its session did before it; a redriven one does not.
    """
    alerts = []
    if known.burst == thresholds.session_minute_events:
        when = _minute_text(minute)
        evidence: Evidence = {"minute": when, "events": known.burst + 1}
        alerts.append(_alert(HIGH_FREQUENCY, event, evidence, when))
    agent = event.user_agent
    if agent and not known.warned & WARNED_OF_AGENT and is_suspicious(agent, thresholds):
        alerts.append(_alert(SUSPICIOUS_AGENT, event, {"user_agent": agent[:_SHOWN]}))
    if (
        is_in_order
        and known.views < thresholds.views_before_checkout
        and not known.warned & WARNED_OF_SEQUENCE
        and is_checkout(event)
    ):
        evidence = {"page": (event.page or "")[:_SHOWN], "page_views_before": known.views}
        alerts.append(_alert(UNUSUAL_SEQUENCE, event, evidence))
    return alerts


def sequence_alert_id(event: Event) -> str:
    """The id of the alert that a session checks out unusually."""
    return f"{UNUSUAL_SEQUENCE}#{event.session_id}"


def warnings_of(alerts: list[Alert]) -> int:
    """The bits by which a session remembers that a rule has spoken."""
    warned = 0
    for alert in alerts:
        warned |= _WARNED.get(alert.rule, 0)
    return warned


def is_checkout(event: Event) -> bool:
    """Whether somebody checks out: an event of that name, or a view of a page of that name."""
    if event.event_type == CHECKOUT:
        return True
    path = event.page_path
    return (
        event.event_type == PAGE_VIEW
        and path is not None
        and CHECKOUT in path  # which hardly any path passes
        and CHECKOUT in path.split("/")
    )


def is_suspicious(user_agent: str, thresholds: Thresholds) -> bool:
    """Whether a User-Agent names a robot."""
    return _names_any(user_agent, thresholds.suspicious_words)


def spike(event_type: str, minute: int, events: int, mean: float, shard_id: str) -> Alert:
    """More events of a type than there should be, in a minute that may go on."""
    return _traffic_alert(SPIKE, event_type, minute, events, mean, shard_id)


def drop(event_type: str, minute: int, events: int, mean: float, shard_id: str) -> Alert:
    """Fewer events of a type in a whole minute than there should be."""
    return _traffic_alert(DROP, event_type, minute, events, mean, shard_id)


def _traffic_alert(
    rule: str, event_type: str, minute: int, events: int, mean: float, shard_id: str
) -> Alert:
    when = _minute_text(minute)
    evidence: Evidence = {
        "event_type": event_type,
        "minute": when,
        "events": events,
        "mean_before": round(mean, 2),
        "shard_id": shard_id,
    }
    return Alert(f"{rule}#{event_type}#{when}", rule, None, f"{when}:00+00:00", evidence)


def _alert(rule: str, event: Event, evidence: Evidence, about: str = "") -> Alert:
    name = f"{rule}#{event.session_id}"
    return Alert(
        f"{name}#{about}" if about else name,
        rule,
        event.session_id,
        event.event_time.astimezone(UTC).isoformat(),
        evidence,
    )


@lru_cache(maxsize=_AGENTS)
def _names_any(user_agent: str, words: tuple[str, ...]) -> bool:
    lowered = user_agent.lower()
    return any(word in lowered for word in words)


def _minute_text(minute: int) -> str:
    return (_EPOCH + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M")
