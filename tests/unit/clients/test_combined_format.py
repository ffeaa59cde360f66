from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.clients.combined_format import UnreadableRequestError, parse_request, parse_time

LINE = (
    rb'192.0.2.7 - - [20/May/2015:12:05:26 +0200] "GET /a?b=c HTTP/1.1" 200 1436 '
    rb'"http://example.org/" "Mozilla/5.0 (X11)"'
)


def with_agent(agent: bytes) -> bytes:
    return LINE.replace(b"Mozilla/5.0 (X11)", agent)


def test_every_field_is_read():
    assert parse_request(LINE) == (
        "192.0.2.7",
        datetime(2015, 5, 20, 10, 5, 26, tzinfo=UTC),
        "GET /a?b=c HTTP/1.1",
        200,
        1436,
        "http://example.org/",
        "Mozilla/5.0 (X11)",
    )


@pytest.mark.parametrize("nothing", [b"-", b""])
def test_absent_fields_are_none_and_an_absent_size_is_no_bytes(nothing: bytes):
    line = b'::1 - - [20/May/2015:12:05:26 +0000] "?" 408 - "?" "?"'
    request = parse_request(line.replace(b"?", nothing))
    assert (request.line, request.size, request.referrer, request.user_agent) == (
        None,
        0,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("logged", "meant"),
    [
        (rb"a \"quoted\" name", 'a "quoted" name'),
        (rb"a \\ backslash", "a \\ backslash"),
        (rb"ends with one\\", "ends with one\\"),
        (rb"\xd0\x9c\xd0\xb8\xd1\x80", "Мир"),
        (rb"\xe4\xe5 is no utf-8", r"\xe4\xe5 is no utf-8"),
        (rb"\x00\x1b[2J", r"\x00\x1b[2J"),  # would play tricks on a terminal
        (rb"\\xd0\\x9c", r"\xd0\x9c"),  # the client sent backslashes
        (rb"tab\t", r"tab\t"),
        ("Мир".encode(), "Мир"),
        (b"\xff\xfe raw", r"\xff\xfe raw"),
    ],
)
def test_escapes_are_undone_where_they_are_text(logged: bytes, meant: str):
    assert parse_request(with_agent(logged)).user_agent == meant


def test_fields_that_a_server_appends_are_passed_over():
    assert parse_request(LINE + b' "203.0.113.9" 0.042') == parse_request(LINE)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (LINE[:-1], "truncated"),
        (with_agent(b"ends inside an escape\\"), "truncated"),
        (LINE[:40], "not_combined"),
        (b"shop.example:80 " + LINE, "not_combined"),  # else the server would become the visitor
        (LINE.replace(b"200 1436", b"200"), "not_combined"),
        (b"\x00" * 5000, "not_combined"),  # what a crash leaves in a file
        (b"{}", "not_combined"),
        (LINE.replace(b"20/May/2015", b"31/Feb/2015"), "invalid_time"),
        (LINE.replace(b"May", b"Mai"), "invalid_time"),
        (LINE.replace(b"20/May/2015:12:05:26 +0200", b""), "invalid_time"),
        (LINE.replace(b"20/May/2015:12", b"01/Jan/0001:01"), "invalid_time"),
    ],
)
def test_what_cannot_be_read_has_a_reason(line: bytes, reason: str):
    with pytest.raises(UnreadableRequestError) as error:
        parse_request(line)
    assert error.value.reason == reason
    assert len(error.value.detail) < 400  # goes to a terminal, whatever the line's length


def test_a_hostile_line_is_refused_in_linear_time():
    with pytest.raises(UnreadableRequestError):
        parse_request(LINE[:-1] + rb"\"a" * 200_000)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(noise: bytes):
    for line in (noise, with_agent(noise), LINE + noise, LINE.replace(b"GET /a?b=c", noise)):
        try:
            parse_request(line)
        except UnreadableRequestError:
            continue


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - local by design
    st.timezones(),
)
def test_times_of_any_offset_become_utc(local: datetime, zone):
    aware = local.replace(microsecond=0, tzinfo=zone)
    offset = aware.utcoffset()
    if offset is None or offset.total_seconds() % 60:
        return  # a log has no seconds in its offset
    assert parse_time(aware.strftime("%d/%b/%Y:%H:%M:%S %z")) == aware.astimezone(UTC)
