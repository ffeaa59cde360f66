import gzip
import io
import random
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.clients.access_log import AccessLog, is_page_view, read_access_log

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "apache_logs"


def line(
    at: str = "12:00:00",
    request: str = "GET / HTTP/1.1",
    address: str = "192.0.2.7",
    status: int = 200,
    agent: str = "Firefox",
    referrer: str = "-",
) -> str:
    return f'{address} - - [20/May/2015:{at} +0000] "{request}" {status} 5 "{referrer}" "{agent}"\n'


def read(*lines: str | bytes) -> AccessLog:
    data = b"".join(part.encode() if isinstance(part, str) else part for part in lines)
    return read_access_log(io.BytesIO(data))


def events_of(*lines: str | bytes) -> list[dict[str, object]]:
    return [dict(event.event) for event in read(*lines).events()]


@pytest.fixture(scope="module")
def sample() -> AccessLog:
    with SAMPLE.open("rb") as file:
        return read_access_log(file)


def test_the_sample_gives_the_published_figures(sample: AccessLog):
    summary = sample.summary()
    assert summary[:6] == (9999, 1, 4395, 1861, 3223, 84)
    assert [(bad.number, bad.reason) for bad in sample.unreadable] == [(8899, "truncated")]
    pages = Counter(
        urlsplit(str(event.event["page_url"])).path
        for event in sample.events()
        if event.event["event_type"] == "page_view"
    )
    assert pages.most_common(2) == [("/", 572), ("/blog/tags/puppet", 489)]


def test_the_sample_leaves_in_order_of_time_with_unique_ids(sample: AccessLog):
    events = [event.event for event in sample.events()]
    times = [str(event["event_time"]) for event in events]
    assert times == sorted(times)
    assert len({event["event_id"] for event in events}) == 9999


def test_reading_again_gives_the_same_events(sample: AccessLog):
    again = read_access_log(io.BytesIO(SAMPLE.read_bytes()))
    assert list(again.events()) == list(sample.events())


def test_a_compressed_log_is_the_same_log(tmp_path: Path):
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(line().encode()))
    with gzip.open(path, "rb") as file:
        assert list(read_access_log(file).events()) == list(read(line()).events())


def test_a_line_becomes_an_event_in_the_contracts_names():
    (event,) = events_of(line(request="GET /a?utm_source=x HTTP/1.1", referrer="http://e.org/"))
    assert len(str(event.pop("event_id"))) == 32
    assert len(str(event.pop("session_id"))) == 32
    assert len(str(event.pop("anonymous_id"))) == 32
    assert event == {
        "event_type": "page_view",
        "event_time": "2015-05-20T12:00:00+00:00",
        "page_url": "/a?utm_source=x",
        "referrer": "http://e.org/",
        "user_agent": "Firefox",
        "ip": "192.0.2.7",
        "properties": {"method": "GET", "status": 200, "bytes": 5, "protocol": "HTTP/1.1"},
    }


def test_equal_lines_are_two_events_because_two_requests_can_look_alike():
    first, second = events_of(line(), line())
    assert first["event_id"] != second["event_id"]
    assert first["session_id"] == second["session_id"]


def test_the_line_ending_is_no_part_of_a_lines_identity():
    """A log that grows gets a newline after its last line; its event must stay the same one."""
    ids = {events_of(line().rstrip("\n") + end)[0]["event_id"] for end in ("", "\n", "\r\n")}
    assert len(ids) == 1


def test_address_and_user_agent_together_are_the_visitor():
    log = read(line(), line(address="192.0.2.8"), line(agent="Safari"), line(agent="-"), line())
    assert log.summary().visitors == 4


def test_sessions_follow_event_time_where_the_file_does_not():
    """In the file's order, 12:00, 13:00, 12:30 would look like three sessions."""
    log = read(line("12:00:00"), line("13:00:00"), line("12:30:00"))
    assert [hit.number for hit in log.hits] == [1, 3, 2]
    assert log.summary().sessions == 1


def test_a_visitor_without_user_agent_is_not_given_that_of_the_replay():
    assert events_of(line(agent="-"))[0]["user_agent"] == ""


@pytest.mark.parametrize(
    ("request_line", "url", "properties"),
    [
        ("-", None, {}),
        ("", None, {}),
        (r"\x16\x03\x01\x02", None, {"request": r"\x16\x03\x01\x02"}),
        ("GET", None, {"request": "GET"}),
        ("GET /old", "/old", {"method": "GET"}),
        ("GET /a b HTTP/1.1", "/a b", {"method": "GET", "protocol": "HTTP/1.1"}),
        ("OPTIONS * HTTP/1.0", "*", {"method": "OPTIONS", "protocol": "HTTP/1.0"}),
        ("GET //x.org/y HTTP/1.1", "/x.org/y", {"method": "GET", "protocol": "HTTP/1.1"}),
    ],
)
def test_odd_requests_are_events_too(request_line: str, url: str | None, properties: dict):
    (event,) = events_of(line(request=request_line, status=400))
    assert event.get("page_url") == url
    assert event["properties"] == {"status": 400, "bytes": 5, **properties}
    assert event["event_type"] == "request"


@pytest.mark.parametrize(
    ("method", "target", "status", "expected"),
    [
        ("GET", "/", 200, True),
        ("GET", "/a", 304, True),
        ("GET", "/a", 199, False),
        ("GET", "/a", 400, False),
        ("HEAD", "/a", 200, False),
        (None, None, 200, False),
        ("GET", "/style.css", 200, False),
        ("GET", "/LOGO.PNG", 200, False),
        ("GET", "/app.js.map?v=3", 200, False),
        ("GET", "/a.css/", 200, True),
        ("GET", "/a.css/page", 200, True),
        ("GET", "/css", 200, True),
        ("GET", "/a?file=b.css", 200, True),
        ("GET", "/a?path=/b.css", 200, True),
        ("GET", "/photo.jpeg", 206, False),
        ("GET", "/feed.xml", 200, True),
        ("GET", "/a.jsp", 200, True),
    ],
)
def test_page_views(method: str | None, target: str | None, status: int, expected: bool):
    assert is_page_view(method, target, status) is expected


def test_an_empty_file_is_an_empty_log():
    log = read()
    assert list(log.events()) == []
    assert log.summary() == (0, 0, 0, 0, 0, 0, None, None)


def test_blank_lines_are_passed_over_but_counted():
    log = read("\n", "  \n", line(), "\r\n", "rubbish\n")
    assert [hit.number for hit in log.hits] == [3]
    assert [bad.number for bad in log.unreadable] == [5]


def test_bytes_that_are_no_text_do_not_end_the_reading():
    log = read(b"\xff\xfe\x00\n", line().encode().replace(b"Firefox", b"\xe9"), line())
    assert [bad.number for bad in log.unreadable] == [1]
    assert log.hits[0].visitor.user_agent == r"\xe9"


def test_a_line_too_long_for_the_stream_is_reported_and_the_next_is_read():
    log = read("x" * 2_500_000 + "\n", line(), "y" * 1_500_000)
    assert [(bad.number, bad.reason) for bad in log.unreadable] == [
        (1, "too_long"),
        (3, "too_long"),
    ]
    assert [hit.number for hit in log.hits] == [2]


@given(st.integers(), st.lists(st.integers(0, 86399), max_size=30))
def test_the_order_of_lines_does_not_change_the_sessions(seed: int, seconds: list[int]):
    lines = [
        line(f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}", address=f"192.0.2.{at % 3}")
        for at in seconds
    ]
    shuffled = random.Random(seed).sample(lines, len(lines))

    def sessions(log: AccessLog) -> Counter[tuple[object, ...]]:
        return Counter(
            (hit.time, hit.visitor.ip, session)
            for hit, session in zip(log.hits, log.sessions, strict=True)
        )

    assert sessions(read(*lines)) == sessions(read(*shuffled))
