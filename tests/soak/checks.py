"""Everything that must hold after a soak.

Belongs here: which figures are compared. Reading them belongs in `stored` and `stream_log`,
computing what must be there in `expected`.
"""

from collections import Counter
from typing import NamedTuple

import boto3

from lambdas.aggregator.readings import RealTimeMetrics
from lambdas.shared.sketch import STANDARD_ERROR, Sketch
from tests.soak import comparison, expected, stored
from tests.soak.comparison import Check, Difference
from tests.soak.expected import Alerts, Counts
from tests.soak.given_up import Notes, places
from tests.soak.stored import GivenUp, Lake, Position
from tests.soak.stream_log import Contents, Row
from tests.soak.traffic import Traffic

_OF_TRAFFIC = ("traffic_spike#", "traffic_drop#")  # they depend on when events arrive


class Evidence(NamedTuple):
    """What the checks judge.

    Attributes:
        traffic: What was sent.
        rows: What is on the stream.
        contents: The same, understood.
        given_up: The batches that were given up in the course of the soak.
        left: How many still are on the on-failure queue.
    """

    traffic: Traffic
    rows: list[Row]
    contents: Contents
    given_up: list[GivenUp]
    left: int


class Result(NamedTuple):
    """The checks, and figures that are only told."""

    checks: list[Check]
    figures: dict[str, int]


def check_all(
    evidence: Evidence, stack: str, bucket: str, subscription: stored.Subscription
) -> Result:
    """Reads everything back and compares."""
    lost = places(evidence.rows, evidence.given_up)
    notes = Notes(evidence.contents.events, lost)
    counts = expected.count(evidence.contents.facts)
    lake = stored.read_lake(bucket)
    detector = lost.get(f"{stack}-anomaly-detector", set())
    detected = [event for event in evidence.contents.events if event.is_for("anomaly_detector")]
    wanted = expected.alerts(detected, detector)
    alerts, deliveries = stored.read_alerts(stack), subscription.deliveries()
    checks = [
        *_of_the_stream(evidence),
        *_of_real_time(counts, stack, notes),
        *_of_the_lake(evidence.contents, lake, lost.get(f"{stack}-event-processor", set())),
        *_of_alerts(wanted, alerts, deliveries),
    ]
    figures = {
        "records on the stream": len(evidence.rows),
        "distinct events": len(evidence.contents.facts),
        "rows archived again": lake.rows - len(lake.archived),
        "alerts that may be there or not": len(wanted.may - wanted.must),
        "alerts about traffic": sum(name.startswith(_OF_TRAFFIC) for name in alerts),
        "alerts delivered more than once": sum(times > 1 for times in deliveries.values()),
    }
    return Result(checks, figures)


def _of_the_stream(evidence: Evidence) -> list[Check]:
    contents, traffic = evidence.contents, evidence.traffic
    nameless = Counter(row.data for row in evidence.rows if row.data in traffic.nameless)
    sent = set(traffic.facts) | {data.decode() for data in traffic.nameless}
    arrived = {event.event_id for event in contents.events if event.event_id in traffic.facts}
    strangers = [Difference(str(row.number), "-", repr(row.data[:200])) for row in contents.unknown]
    left = [Difference("messages", "0", str(evidence.left))] if evidence.left else []
    return [
        comparison.sets(
            "distinct events sent = on the stream", sent, arrived | {d.decode() for d in nameless}
        ),
        comparison.sets(
            "bad records sent = on the stream",
            {data.decode() for data in traffic.bad},
            {row.data.decode() for row, _ in contents.bad},
        ),
        Check("records nobody sent", 0, len(contents.unknown), strangers),
        Check("batches left on the on-failure queue", 0, evidence.left, left),
    ]


def _of_real_time(counts: Counts, stack: str, notes: Notes) -> list[Check]:
    found = stored.read_real_time(stack)
    metrics = RealTimeMetrics(boto3.client("dynamodb"), stack)
    totals = metrics.totals()
    read = {"events": totals.events, "views": totals.page_views, "sessions": totals.sessions}
    wanted = {
        "events": counts.minutes.total(),
        "views": counts.pages.total(),
        "sessions": len(counts.sessions),
    }
    by_type: Counter[tuple[str, ...]] = Counter()
    for (event_type, _), events in counts.minutes.items():
        by_type[event_type,] += events
    types: Counter[tuple[str, ...]] = Counter()
    for event_type, events in metrics.events_by_type().items():
        types[event_type,] = events
    none = lambda _: ""  # noqa: E731 - totals have nothing to note
    compare = comparison.counts
    emptied = {page for page, views in found.counts.pages.items() if not views}
    return [
        compare("events by type and minute", counts.minutes, found.counts.minutes, notes.of),
        compare("page views by page and hour", counts.pages, found.counts.pages, notes.of),
        compare("events by session", counts.sessions, found.counts.sessions, notes.of),
        compare("page views by session", counts.views, +found.counts.views, notes.of),
        compare(
            "events by session and minute",
            counts.session_minutes,
            found.counts.session_minutes,
            notes.of,
        ),
        comparison.values(
            "first and last of a session", counts.spans, found.counts.spans, notes.of
        ),
        compare("RealTimeMetrics.events_by_type", by_type, types, none),
        comparison.values("RealTimeMetrics.totals", _texts(wanted), _texts(read)),
        comparison.sets("pages that an hour lists", set(counts.pages), found.listed, emptied),
        *_of_visitors(counts.visitors, found.sketches, metrics),
    ]


def _texts(figures: dict[str, int]) -> dict[str, str]:
    return {name: str(value) for name, value in figures.items()}


def _of_visitors(
    visitors: dict[str, set[str]], sketches: dict[str, Sketch], metrics: RealTimeMetrics
) -> list[Check]:
    differing, estimates = [], 0.0
    for hour, who in sorted(visitors.items()):
        estimate = metrics.unique_visitors(hour)
        estimates += estimate
        if abs(estimate - len(who)) > 3 * STANDARD_ERROR * len(who):
            differing.append(Difference(hour, str(len(who)), f"{estimate:.0f}"))
    exact = {}
    for hour, who in visitors.items():
        sketch = Sketch()
        sketch.add(who)
        exact[hour] = sketch.pack().hex()
    found = {hour: sketch.pack().hex() for hour, sketch in sketches.items()}
    return [
        Check(
            "visitors by hour, within 3 standard errors",
            sum(map(len, visitors.values())),
            round(estimates),
            differing,
        ),
        comparison.values("sketches of visitors, register by register", exact, found),
    ]


def _of_the_lake(contents: Contents, lake: Lake, given_up: set[int]) -> list[Check]:
    events: dict[Position, str] = {}
    may_lack: set[Position] = set()
    for event in contents.events:
        if not event.is_for("event_processor"):
            continue
        position = event.row.shard, event.row.number
        events[position] = event.event_id
        if event.row.place in given_up:  # a part of its batch may have been archived
            may_lack.add(position)
    reasons = {(row.shard, row.number): reason for row, reason in contents.bad}
    quarantined = {place: " and ".join(sorted(found)) for place, found in lake.quarantined.items()}
    return [
        comparison.sets("events archived", set(contents.facts), set(lake.archived.values())),
        comparison.sets(
            "records archived", set(events) - may_lack, set(lake.archived), allowed=may_lack
        ),
        comparison.values(
            "ids of archived records",
            {place: name for place, name in events.items() if place in lake.archived},
            lake.archived,
        ),
        comparison.values("records quarantined, with reasons", reasons, quarantined),
        comparison.sets("objects in a wrong hour", set(), set(lake.misplaced)),
        _conservation(contents, lake, len(may_lack - lake.archived.keys())),
    ]


def _conservation(contents: Contents, lake: Lake, sent_again: int) -> Check:
    """Every record for the archive is archived, quarantined, or given up and sent again."""
    for_it = sum(event.is_for("event_processor") for event in contents.events)
    expected_ = for_it + len(contents.bad)
    found = len(lake.archived) + len(lake.quarantined) + sent_again
    differs = [] if expected_ == found else [Difference("records", str(expected_), str(found))]
    return Check("records = archived + quarantined + sent again", expected_, found, differs)


def _of_alerts(wanted: Alerts, states: dict[str, str], deliveries: Counter[str]) -> list[Check]:
    raised = {name for name in states if not name.startswith(_OF_TRAFFIC)}
    published = dict.fromkeys(states, "published")
    return [
        comparison.sets("alerts", wanted.must, raised, allowed=wanted.may),
        comparison.values("alerts that are published", published, states),
        comparison.sets("alerts delivered by SNS", set(states), set(deliveries)),
    ]
