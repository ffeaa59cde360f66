"""A detector on fakes, and streams for it."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.anomaly_detector.log import DetectorLog
from lambdas.anomaly_detector.logic import examine
from lambdas.anomaly_detector.rules import Alert, Thresholds
from lambdas.anomaly_detector.state import ShardState
from lambdas.anomaly_detector.store import AlertStore
from lambdas.shared.event import Event
from lambdas.shared.sequence import padded
from lambdas.shared.stream import Arrival
from tests.fakes.dynamodb import FakeDynamoDB, OneByOne
from tests.fakes.shards import FakeShards
from tests.fakes.sns import FakeSns

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SHARD = "shardId-0"
_numbers = itertools.count(10**20)


def arrival(session: str = "s", after_s: float = 0, **fields: Any) -> Arrival:
    """An event that arrives some seconds after the start, at the time it happens."""
    at = START + timedelta(seconds=after_s)
    number = str(next(_numbers))
    given = {
        "event_id": number,
        "event_type": "click",
        "event_time": at,
        "shard_id": SHARD,
        **fields,
    }
    event = Event(session_id=session, received_at=at, sequence_number=number, **given)
    return Arrival(event, session, at)


def view(session: str = "s", after_s: float = 0, path: str = "/p", **fields: Any) -> Arrival:
    return arrival(session, after_s, event_type="page_view", page_path=path, **fields)


class Detector:
    """The detector as its handler runs it; `restart` is a cold start."""

    def __init__(self, thresholds: Thresholds = Thresholds()) -> None:  # noqa: B008 - a constant
        self.dynamodb, self.sns, self.shards = FakeDynamoDB(), FakeSns(), FakeShards()
        self._thresholds = thresholds
        self.restart()
        self._other = self.log, self._alerts
        self.restart()

    def swap(self) -> None:
        """Another process, which has been used before, gets the next batch."""
        here = self.log, self._alerts
        (self.log, self._alerts), self._other = self._other, here

    def restart(self) -> None:
        self.log = DetectorLog(self.dynamodb, self.shards, "c", now=lambda: 0.0)  # type: ignore[arg-type]
        self._alerts = AlertStore(self.dynamodb, self.sns, "c", "topic", now=lambda: 0.0)  # type: ignore[arg-type]
        for part in (self.log, self._alerts):
            part._writer._pool = OneByOne()  # type: ignore[assignment]

    def process(self, batch: list[Arrival], last: str | None = None) -> list[dict[str, Any]]:
        """A batch of one shard; returns what it found, as messages.

        `last` is its last sequence number, if that is of no event.
        """
        if not batch:
            return []
        state = self.log.take(batch[0].event.shard_id or "")
        return self.append(state, batch, last)

    def append(
        self, state: ShardState, batch: list[Arrival], last: str | None = None
    ) -> list[dict[str, Any]]:
        """The rest of `process`, from a state on."""
        before = state.fence
        end = padded(last or batch[-1].event.sequence_number or "")
        findings = examine(batch, state, end, self._thresholds)
        self._alerts.raise_alerts(findings.alerts)
        self._alerts.raise_pending(findings.unjudged)
        self.log.append(batch[0].event.shard_id or "", state, before, findings.segments)
        return [alert._asdict() for alert in findings.alerts]

    def stored(self) -> set[str]:
        """The ids of the alerts that are published."""
        items = self.dynamodb.tables.get("c-alerts", {}).values()
        return {item["alert_id"]["S"] for item in items if item["state"]["S"] == "published"}


def alerts_of(arrivals: list[Arrival], thresholds: Thresholds = Thresholds()) -> list[Alert]:  # noqa: B008
    """What a shard's records lead to, taken as one batch."""
    last = padded(arrivals[-1].event.sequence_number or "")
    return examine(arrivals, ShardState(), last, thresholds).alerts


def ids(alerts: list[Alert]) -> list[str]:
    return [alert.alert_id for alert in alerts]


def steadily(minutes: int, a_minute: int, first: int = 0, **fields: Any) -> Iterator[Arrival]:
    """Events of many sessions, so many a minute."""
    for minute in range(first, first + minutes):
        for number in range(a_minute):
            after_s = minute * 60 + number * 60 / a_minute
            yield arrival(f"s{minute}-{number}", after_s, **fields)
