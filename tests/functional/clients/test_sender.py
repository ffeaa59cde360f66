"""The sender against a real HTTP server, which answers as each test says."""

import json
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path

import pytest

from infra.clients.access_log import read_access_log
from infra.clients.delivery import Patience
from infra.clients.lanes import BatchLimits
from infra.clients.lines import ClientEvent
from infra.clients.report import CollectorUnreachableError, Rejection, SendError
from infra.clients.sender import SendOptions, send_events
from infra.clients.traffic import generate_events
from lambdas.collector.logic import Client, judge
from lambdas.shared.limits import Limits

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "apache_logs"

Fields = dict[str, object]
Answer = tuple[int, bytes]
Behaviour = Callable[[list[Fields]], Answer]
IMPATIENT = Patience(deadline_s=0.3, timeout_s=0.2, backoff_s=0.01, longest_backoff_s=0.05)
PATIENT = Patience(deadline_s=60, timeout_s=30, backoff_s=0.01, longest_backoff_s=0.05)


class FakeCollector(ThreadingHTTPServer):
    """Answers with `behaviour` and remembers what it was sent."""

    # Else a test would wait for idle connections when the server closes.
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.behaviour: Behaviour = accept
        self.lock = threading.Lock()
        self.batches: list[list[Fields]] = []
        self.sizes: list[int] = []
        self.open: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        """Ends, and breaks the connections that are open, as a process that ends does."""
        self.shutdown()
        self.server_close()
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def events(self) -> list[Fields]:
        return [event for batch in self.batches for event in batch]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
    server: FakeCollector

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.open.append(self.request)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        batch = json.loads(body)
        assert self.path == "/v1/events"
        assert self.headers["Content-Type"] == "application/json"
        with self.server.lock:
            self.server.batches.append(batch)
            self.server.sizes.append(len(body))
            status, answer = self.server.behaviour(batch)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


def answer(statuses: list[str]) -> Answer:
    """What the collector answers when these are its verdicts."""
    counts = Counter(statuses)
    status = 503 if counts["retry"] else 200 if counts["accepted"] else 400
    results: list[Fields] = []
    for index, verdict in enumerate(statuses):
        result: Fields = {"index": index, "status": verdict}
        if verdict == "rejected":
            result |= {"reason": "missing_event_time", "detail": "event_time is required"}
        if verdict == "retry":
            result |= {"reason": "throttled", "detail": "the stream is busy"}
        results.append(result)
    body = {"accepted": counts["accepted"], "rejected": counts["rejected"], "results": results}
    return status, json.dumps(body).encode()


def accept(batch: list[Fields]) -> Answer:
    return answer(["accepted"] * len(batch))


def retry(batch: list[Fields]) -> Answer:
    return answer(["retry"] * len(batch))


def events(count: int, sessions: int = 7) -> list[ClientEvent]:
    return [
        ClientEvent({"event_id": f"e{n}", "session_id": f"s{n % sessions}", "n": n}, n + 1)
        for n in range(count)
    ]


def options(patience: Patience = PATIENT, batch: int = 10, workers: int = 4) -> SendOptions:
    return SendOptions(BatchLimits(batch), workers=workers, patience=patience)


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    server = FakeCollector()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.stop()
    thread.join()


def test_everything_arrives_once_and_is_reported(collector: FakeCollector):
    steps: list[int] = []
    report = send_events(events(1003), collector.url, options(), steps.append)
    assert sorted(str(event["event_id"]) for event in collector.events()) == sorted(
        f"e{n}" for n in range(1003)
    )
    assert (report.taken, report.sent, report.accepted, report.rejected) == (1003, 1003, 1003, 0)
    assert (report.resent, report.not_accepted, sum(steps)) == (0, 0, 1003)
    assert report.requests == len(collector.batches)
    assert report.seconds > 0


def test_connections_are_kept_alive(collector: FakeCollector):
    send_events(events(1000), collector.url, options(workers=3))
    assert len(collector.batches) >= 100
    assert len(collector.open) <= 3


def test_nothing_to_send_is_no_error(collector: FakeCollector):
    report = send_events([], collector.url)
    assert (report.taken, report.requests, collector.batches) == (0, 0, [])


def test_batches_keep_to_both_limits(collector: FakeCollector):
    large = [
        ClientEvent({"event_id": f"{n}", "session_id": "s", "t": "é" * 100}) for n in range(50)
    ]
    limits = BatchLimits(events=20, size_bytes=1000)
    send_events(large, collector.url, SendOptions(limits, patience=PATIENT))
    assert max(collector.sizes) <= 1000
    assert len(collector.events()) == 50
    assert max(map(len, collector.batches)) > 1


def test_an_event_that_fits_no_request_is_rejected_here_and_the_rest_is_sent(
    collector: FakeCollector,
):
    source = [
        ClientEvent({"event_id": "large", "session_id": "s", "t": "x" * 1000}, 1),
        ClientEvent({"event_id": "no json", "session_id": "s", "n": object()}, 2),
        *events(3),
    ]
    report = send_events(
        source, collector.url, SendOptions(BatchLimits(size_bytes=500), patience=PATIENT)
    )
    assert (report.accepted, report.rejected) == (3, 2)
    assert report.reasons == {"too_large": 1, "not_json": 1}
    assert [rejection.line for rejection in report.rejections] == [1, 2]


def test_only_what_was_refused_is_sent_again(collector: FakeCollector):
    """Sending a whole batch again would count on the platform to drop what it has."""
    seen: Counter[object] = Counter()

    def refuse_some_once(batch: list[Fields]) -> Answer:
        seen.update(event["event_id"] for event in batch)
        return answer(
            [
                "retry"
                if int(str(event["n"])) % 3 == 0 and seen[event["event_id"]] == 1
                else "accepted"
                for event in batch
            ]
        )

    collector.behaviour = refuse_some_once
    report = send_events(events(100), collector.url, options())
    assert seen == {f"e{n}": 2 if n % 3 == 0 else 1 for n in range(100)}
    assert (report.accepted, report.sent, report.resent) == (100, 100, 34)


def test_a_session_stays_in_order_even_when_requests_fail(collector: FakeCollector):
    """Were a session spread over workers, a batch that waits would be overtaken by the next."""
    requests = iter(range(10**6))

    def fail_every_third_request(batch: list[Fields]) -> Answer:
        return (502, b"bad gateway") if next(requests) % 3 == 0 else accept(batch)

    accepted: dict[object, list[object]] = defaultdict(list)

    def behave(batch: list[Fields]) -> Answer:
        status, body = fail_every_third_request(batch)
        if status == 200:
            for event in batch:
                accepted[event["session_id"]].append(event["n"])
        return status, body

    collector.behaviour = behave
    send_events(events(600, sessions=13), collector.url, options())
    assert len(accepted) == 13
    assert all(order == sorted(order, key=int) for order in accepted.values())
    assert sum(map(len, accepted.values())) == 600


def test_rejections_are_reported_with_their_lines(collector: FakeCollector):
    collector.behaviour = lambda batch: answer(
        ["rejected" if int(str(event["n"])) % 20 == 0 else "accepted" for event in batch]
    )
    report = send_events(events(300), collector.url, options(workers=1))
    assert (report.accepted, report.rejected) == (285, 15)
    assert report.reasons == {"missing_event_time": 15}
    assert len(report.rejections) == 10  # the first few; a file may hold millions
    assert report.rejections[1] == Rejection(
        "e20", 21, "missing_event_time", "event_time is required"
    )


def test_all_rejected_is_a_report_and_no_error(collector: FakeCollector):
    collector.behaviour = lambda batch: answer(["rejected"] * len(batch))
    report = send_events(events(25), collector.url, options())
    assert (report.accepted, report.rejected, report.resent) == (0, 25, 0)


def test_an_event_without_a_result_is_not_taken_for_accepted(collector: FakeCollector):
    results = json.dumps({"results": [{"index": 0, "status": "accepted"}]}).encode()
    collector.behaviour = lambda _: (200, results)
    report = send_events(events(5), collector.url, options(workers=1))
    assert (report.accepted, report.resent) == (5, 4 + 3 + 2 + 1)


def test_the_deadline_ends_in_an_error_that_counts_what_is_missing(collector: FakeCollector):
    collector.behaviour = lambda batch: answer(
        ["retry" if event["n"] == 3 else "accepted" for event in batch]
    )
    with pytest.raises(SendError, match="1 of 10 events read were not accepted: gave up") as error:
        send_events(events(10), collector.url, options(IMPATIENT, workers=1))
    assert "throttled" in str(error.value)
    assert (error.value.report.accepted, error.value.report.not_accepted) == (9, 1)
    pauses = error.value.report.requests
    assert 5 < pauses < 60  # it paused, and it did try


def test_one_failing_worker_ends_the_others_and_an_endless_source(collector: FakeCollector):
    collector.behaviour = retry
    started = time.monotonic()
    with pytest.raises(SendError, match=r"gave up after 0\.3 s"):
        send_events(generate_events(1), collector.url, options(IMPATIENT))
    assert time.monotonic() - started < 3


def test_an_answer_that_does_not_come_is_waited_for_and_asked_again(collector: FakeCollector):
    slow = iter([True])

    def hang_once(batch: list[Fields]) -> Answer:
        if next(slow, False):
            time.sleep(1)
        return accept(batch)

    collector.behaviour = hang_once
    patience = Patience(deadline_s=20, timeout_s=0.3, backoff_s=0.01)
    report = send_events(events(5), collector.url, options(patience, workers=1))
    assert report.accepted == 5
    assert report.resent >= 5
    assert len({str(event["event_id"]) for event in collector.events()}) == 5


def test_a_second_try_carries_the_same_made_up_id(collector: FakeCollector):
    """An answer can be lost after the event was accepted; only the id tells it is the same one."""
    failures = iter([True])
    collector.behaviour = lambda batch: (500, b"") if next(failures, False) else accept(batch)
    send_events([ClientEvent({"session_id": "s"})], collector.url, options())
    first, second = collector.events()
    assert first == second
    assert first["event_id"]


def test_a_collector_that_is_not_started_is_an_error_that_says_so(collector: FakeCollector):
    with FakeCollector() as unused:
        url = unused.url
    started = time.monotonic()
    with pytest.raises(CollectorUnreachableError, match="Start the platform") as error:
        send_events(generate_events(1), url, options())
    assert url in str(error.value)
    assert error.value.report.accepted == 0
    assert time.monotonic() - started < 3


def test_a_collector_that_goes_away_is_waited_for():
    """The platform may be restarted under a long replay."""
    first, second = FakeCollector(), []

    def restart() -> None:
        second.append(FakeCollector(first.server_port))
        second[0].serve_forever(0.01)

    later = threading.Timer(0.3, restart)
    later.daemon = True

    def source() -> Iterator[ClientEvent]:
        yield from events(20, sessions=1)
        while len(first.events()) < 20:
            time.sleep(0.01)
        first.stop()
        later.start()
        yield from events(40, sessions=1)[20:]

    threading.Thread(target=first.serve_forever, args=(0.01,), daemon=True).start()
    report = send_events(source(), first.url, options(workers=1))
    assert (report.accepted, report.sent) == (40, 40)
    assert [event["n"] for event in second[0].events()] == list(range(20, 40))
    second[0].stop()
    later.join()


def test_another_program_at_the_address_is_an_error_and_not_retried(collector: FakeCollector):
    collector.behaviour = lambda _: (200, b"<html>It works!</html>")
    with pytest.raises(SendError, match=r"does not answer as a collector .*It works!"):
        send_events(events(5), collector.url, options(workers=1))
    assert len(collector.batches) == 1


@pytest.mark.parametrize("status", [301, 403, 404, 413])
def test_answers_that_a_second_try_would_not_change_end_it(collector: FakeCollector, status: int):
    collector.behaviour = lambda _: (status, b'{"error": "no"}')
    with pytest.raises(SendError, match=str(status)):
        send_events(events(5), collector.url, options(workers=1))
    assert len(collector.batches) == 1


@pytest.mark.parametrize("address", ["", "localhost:8080", "ftp://x", "http://", "http://[x"])
def test_what_is_no_address_is_refused_before_anything_is_read(address: str):
    with pytest.raises(ValueError, match="address is like"):
        send_events(events(1), address)


def test_a_source_that_fails_does_not_hang(collector: FakeCollector):
    def source() -> Iterator[ClientEvent]:
        yield from events(30)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        send_events(source(), collector.url, options())


def test_an_interrupt_ends_the_source_and_delivers_what_was_taken(collector: FakeCollector):
    def source() -> Iterator[ClientEvent]:
        yield from events(33)
        raise KeyboardInterrupt

    report = send_events(source(), collector.url, options())
    assert report.interrupted
    assert (report.taken, report.accepted) == (33, 33)


def test_a_progress_callback_that_fails_is_raised(collector: FakeCollector):
    def fail(settled: int) -> None:
        raise RuntimeError("no terminal")

    with pytest.raises(RuntimeError, match="no terminal"):
        send_events(events(100), collector.url, options(), fail)


def test_the_rate_is_kept(collector: FakeCollector):
    sending = SendOptions(BatchLimits(10, linger_s=0.05), events_per_second=200, patience=PATIENT)
    report = send_events(events(101), collector.url, sending)
    assert report.accepted == 101
    assert 0.5 <= report.seconds < 5


def test_at_a_low_rate_events_do_not_wait_for_their_batch_to_fill(collector: FakeCollector):
    """A live dashboard would show nothing until 500 events had come together."""
    arrivals: list[float] = []

    def behave(batch: list[Fields]) -> Answer:
        now = datetime.now(UTC)
        arrivals.extend(
            (now - datetime.fromisoformat(str(event["event_time"]))).total_seconds()
            for event in batch
        )
        return accept(batch)

    collector.behaviour = behave
    sending = SendOptions(BatchLimits(linger_s=0.1), events_per_second=50, patience=PATIENT)
    send_events(islice(generate_events(1), 40), collector.url, sending)
    assert len(arrivals) == 40
    assert max(arrivals) < 0.7
    assert len(collector.batches) < 40


def test_an_event_does_not_wait_for_the_next_one_when_that_is_far_off(collector: FakeCollector):
    arrivals: list[float] = []

    def behave(batch: list[Fields]) -> Answer:
        arrivals.append(time.monotonic() - started)
        return accept(batch)

    collector.behaviour = behave
    sending = SendOptions(BatchLimits(linger_s=0.2), events_per_second=1, patience=PATIENT)
    started = time.monotonic()
    send_events(events(1), collector.url, sending)
    assert len(arrivals) == 1
    assert arrivals[0] < 0.9


def test_a_slow_source_does_not_hold_events_back(collector: FakeCollector):
    def source() -> Iterator[ClientEvent]:
        for event in events(12, sessions=1):
            yield event
            time.sleep(0.03)

    send_events(source(), collector.url, SendOptions(BatchLimits(linger_s=0.1), patience=PATIENT))
    assert len(collector.batches) >= 3


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"events_per_second": 0}])
def test_options_that_would_never_send_are_refused(wrong: dict[str, int]):
    with pytest.raises(ValueError, match="must be positive"):
        SendOptions(**wrong)


def test_the_collector_accepts_the_whole_sample(collector: FakeCollector):
    """The sample, through the collector's own judgement of events."""

    def behave(batch: list[Fields]) -> Answer:
        client = Client("127.0.0.1", "the sender")
        entries, rejected = judge(list(batch), client, datetime.now(UTC), Limits())
        agents = {json.loads(entry.data).get("user_agent") for entry in entries}
        assert "the sender" not in agents
        assert not rejected, rejected[0]
        return accept(batch)

    collector.behaviour = behave
    with SAMPLE.open("rb") as file:
        log = read_access_log(file)
    report = send_events(log.events(), collector.url, SendOptions(patience=PATIENT))
    assert (report.accepted, report.rejected) == (9999, 0)
