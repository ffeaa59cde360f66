"""The alerts about sessions, found the simple way: all records at hand, nothing stored, no batch.

Belongs here: the rules of the detector once more, so that its log, its fences and what it forgets
are compared with something that has none of them.
"""

from lambdas.anomaly_detector.rules import is_checkout, is_suspicious
from lambdas.anomaly_detector.state import RECENT_MIN, SESSION_MIN
from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.event import PAGE_VIEW, Event, InvalidEvent
from lambdas.shared.limits import Limits
from tests.functional.lambdas.histories import TOUCHY, Shard


def session_alerts(shards: dict[str, Shard]) -> set[str]:
    """The ids of the alerts that the records of some shards lead to."""
    found: set[str] = set()
    for shard in shards.values():
        found |= _alerts(_with_ancestors(shard, shards))
    return found


def _with_ancestors(shard: Shard, shards: dict[str, Shard]) -> list[StreamRecord]:
    names, waiting = {shard.id}, list(shard.parents)
    while waiting:
        name = waiting.pop()
        names.add(name)
        waiting += shards[name].parents
    records = [record for name in names for record in shards[name].records]
    return sorted(records, key=lambda record: int(record.sequence_number))


def _alerts(records: list[StreamRecord]) -> set[str]:
    found: set[str] = set()
    counted: list[tuple[int, Event]] = []  # minute of arrival, event
    warned: list[tuple[int, str, str]] = []  # minute of arrival, session, rule
    for record in records:
        if not record.is_for("anomaly_detector"):
            continue
        try:
            event = decode_record(record, Limits())
        except InvalidEvent:
            continue
        now = int(record.arrived_at.timestamp()) // 60
        mine = [(at, old) for at, old in counted if old.session_id == event.session_id]
        if any(old.event_id == event.event_id and now - at < RECENT_MIN for at, old in mine):
            continue
        visit = _since_the_last_pause(mine, now)
        for rule, about in _rules(event, mine, visit, now):
            since = visit[0][0] if visit else now
            before = {r for at, session, r in warned if session == event.session_id and at >= since}
            if about or rule not in before:
                found.add("#".join((rule, event.session_id, *about)))
                warned.append((now, event.session_id, rule))
        counted.append((now, event))
    return found


def _since_the_last_pause(mine: list[tuple[int, Event]], now: int) -> list[tuple[int, Event]]:
    visit: list[tuple[int, Event]] = []
    for at, event in reversed(mine):
        if now - at >= SESSION_MIN:
            break
        visit.insert(0, (at, event))
        now = at
    return visit


def _rules(
    event: Event, mine: list[tuple[int, Event]], visit: list[tuple[int, Event]], now: int
) -> list[tuple[str, tuple[str, ...]]]:
    said: list[tuple[str, tuple[str, ...]]] = []
    minute = f"{event.event_time:%Y-%m-%dT%H:%M}"
    burst, last = 0, None
    for at, old in mine:
        if f"{old.event_time:%Y-%m-%dT%H:%M}" == minute:
            burst = burst + 1 if last is not None and at - last < RECENT_MIN else 1
            last = at
    if last is not None and now - last < RECENT_MIN and burst == TOUCHY.session_minute_events:
        said.append(("high_frequency_clicks", (minute,)))
    if is_suspicious(event.user_agent or "", TOUCHY):
        said.append(("suspicious_user_agent", ()))
    views = sum(old.event_type == PAGE_VIEW for _, old in visit)
    if views < TOUCHY.views_before_checkout and is_checkout(event):
        said.append(("unusual_page_sequence", ()))
    return said
