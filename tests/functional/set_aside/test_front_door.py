"""The verdict on every single event, from a real HTTP server."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from infra.clients.delivery import Patience
from infra.clients.lanes import BatchLimits
from infra.set_aside.front_door import CollectorDoor, DoorError, as_sent, event_of
from lambdas.collector.logic import Client, judge
from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.event import Event
from lambdas.shared.limits import Limits

NOW = datetime(2001, 2, 3, tzinfo=UTC)
IMPATIENT = Patience(deadline_s=0.1, timeout_s=1, backoff_s=0.01)
Verdict = Callable[[dict[str, Any]], str]


class Collector(HTTPServer):
    verdict: Verdict
    requests: list[list[str]]


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        batch = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append([one["event_id"] for one in batch])
        results = [{"index": i, "status": self.server.verdict(one)} for i, one in enumerate(batch)]
        body = json.dumps({"results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector(("127.0.0.1", 0), Handler)
    server.verdict, server.requests = lambda _: "accepted", []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def door(collector: Collector, per_request: int = 500) -> CollectorDoor:
    url = f"http://127.0.0.1:{collector.server_port}"
    return CollectorDoor(url, IMPATIENT, BatchLimits(events=per_request, size_bytes=5000))


def events(count: int, **fields: Any) -> list[Event]:
    given = {"event_type": "x", "event_time": NOW, "received_at": NOW, "session_id": "s", **fields}
    return [Event(event_id=str(number), **given) for number in range(count)]


def test_each_event_gets_its_own_verdict(collector: Collector) -> None:
    """The sender's report names only the first ten rejections; every one is needed here."""
    collector.verdict = lambda one: "rejected" if int(one["event_id"]) % 3 else "accepted"
    with closing(door(collector, per_request=7)) as open_door:
        found = list(open_door.send(events(50)))
    assert [verdict is None for verdict in found] == [number % 3 == 0 for number in range(50)]
    assert [len(ids) for ids in collector.requests] == [7] * 7 + [1]
    assert [int(one) for ids in collector.requests for one in ids] == list(range(50))


def test_an_event_too_large_for_any_request_is_refused_and_its_neighbours_are_sent(
    collector: Collector,
) -> None:
    large = events(3)
    large[1] = events(2, properties="x" * 6000)[1]
    with closing(door(collector)) as open_door:
        verdicts = list(open_door.send(large))
    assert [verdict and verdict.reason for verdict in verdicts] == [None, "too_large", None]
    assert collector.requests == [["0", "2"]]


def test_requests_stay_below_the_size_limit(collector: Collector) -> None:
    with closing(door(collector)) as open_door:
        assert list(open_door.send(events(4, properties="x" * 2000))) == [None] * 4
    assert [len(ids) for ids in collector.requests] == [2, 2]


def test_verdicts_of_earlier_requests_stand_when_a_later_one_fails(collector: Collector) -> None:
    collector.verdict = lambda one: "retry" if one["event_id"] == "3" else "accepted"
    with closing(door(collector, per_request=2)) as open_door:
        verdicts = open_door.send(events(6))
        assert [next(verdicts), next(verdicts)] == [None, None]
        with pytest.raises(DoorError, match="did not take all of it"):
            next(verdicts)


def test_a_platform_that_does_not_run_is_named() -> None:
    with (
        closing(CollectorDoor("http://127.0.0.1:9", IMPATIENT)) as open_door,
        pytest.raises(DoorError, match=r"nothing answers at http://127\.0\.0\.1:9"),
    ):
        next(open_door.send(events(1)))


@pytest.mark.parametrize("name", ["sent_at", "sentAt"])
@pytest.mark.parametrize("skew", [timedelta(), timedelta(hours=3)])
def test_an_event_sent_again_days_later_keeps_its_corrected_time(
    name: str, skew: timedelta
) -> None:
    """Taken for sent now, it would be moved by the days it was set aside."""
    told = {name: NOW + skew, "event_time": NOW + skew - timedelta(minutes=20)}
    times = {key: time.isoformat() for key, time in told.items()}
    data = json.dumps({"event_type": "x", "session_id": "s", **times}).encode()
    body = as_sent(event_of(StreamRecord("shardId-0", "1", NOW, data, "s")))
    assert not {"sent_at", "sentAt"} & body.keys()
    for later in (NOW + timedelta(days=4), NOW + timedelta(days=9)):
        entries, rejected = judge([body], Client("203.0.113.9", "clickstream"), later, Limits())
        assert rejected == []
        body = json.loads(entries[0].data)
        again = decode_record(StreamRecord("shardId-1", "2", later, entries[0].data, "s"), Limits())
        assert again.event_time == NOW - timedelta(minutes=20)
        kept = json.loads(again.properties or "{}")
        assert kept == ({"client_event_time": "2001-02-03T02:40:00Z"} if skew else {})
