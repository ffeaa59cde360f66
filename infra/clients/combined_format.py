"""The combined log format of Apache and nginx, one line at a time.

Belongs here: the grammar of a line, its escapes and its time. What a request means (visitor,
session, page view) belongs in `access_log`.

The formats: https://httpd.apache.org/docs/2.4/mod/mod_log_config.html and `log_format` in
https://nginx.org/en/docs/http/ngx_http_log_module.html. Fields that a server was told to append
are passed over.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'  # linear: no character can be read in two ways
_LINE = re.compile(
    r"(?P<address>\S+) \S+ \S+ \[(?P<time>[^\]]*)\] "
    rf"{_QUOTED} (?P<status>\d{{3}}) (?P<size>\d{{1,19}}|-) {_QUOTED} {_QUOTED}(?: .*)?",
    re.ASCII | re.DOTALL,
)
_TIME = re.compile(
    r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)", re.ASCII
)
# Not strptime, which reads months in the language of the machine.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ESCAPED = re.compile(r'((?:\\x[0-9a-fA-F]{2})+)|\\(["\\])')
_LEAST_PRINTABLE, _DELETE = 0x20, 0x7F
_SHOWN = 80


class Request(NamedTuple):
    """One logged request.

    Attributes:
        address: Address or host name of the client.
        time: When it came, in UTC, to the second.
        line: The request line as sent, None when the client sent none.
        status: Status code of the response.
        size: Bytes of the response's body.
        referrer: The Referer header, or None.
        user_agent: The User-Agent header, or None.
    """

    address: str
    time: datetime
    line: str | None
    status: int
    size: int
    referrer: str | None
    user_agent: str | None


class UnreadableRequestError(ValueError):
    """A line that is not in the combined format.

    Attributes:
        reason: `truncated`, `not_combined` or `invalid_time`.
        detail: What was wrong, for a person.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def parse_request(data: bytes) -> Request:
    r"""Reads one line.

    Bytes that are not UTF-8 become `\xhh`, which is how a server escapes them itself.

    Args:
        data: The line without its ending.

    Returns:
        The request.

    Raises:
        UnreadableRequestError: If the line is not in the combined format.
    """
    text = data.decode("utf-8", "backslashreplace")
    match = _LINE.fullmatch(text)
    if match is None:
        raise _explain(text)
    address, time, line, status, size, referrer, user_agent = match.groups()
    return Request(
        address=address,
        time=parse_time(time),
        line=_field(line),
        status=int(status),
        size=0 if size == "-" else int(size),  # Apache writes "-" for a response without a body
        referrer=_field(referrer),
        user_agent=_field(user_agent),
    )


def parse_time(text: str) -> datetime:
    """Reads `20/May/2015:12:05:26 +0200` as a time in UTC.

    Raises:
        UnreadableRequestError: `invalid_time`.
    """
    unreadable = UnreadableRequestError("invalid_time", f"cannot read the time {text[:_SHOWN]!r}")
    match = _TIME.fullmatch(text)
    if match is None:
        raise unreadable
    day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
    try:
        date = int(year), _MONTHS.index(month) + 1, int(day)
        local = datetime(*date, int(hour), int(minute), int(second), tzinfo=UTC)
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):
        raise unreadable from None


def _explain(text: str) -> UnreadableRequestError:
    start = text[:_SHOWN]
    if _ESCAPED.sub("", text).count('"') % 2:
        return UnreadableRequestError("truncated", f"a quote is never closed: {start!r}")
    return UnreadableRequestError("not_combined", f"not in the combined log format: {start!r}")


def _field(text: str) -> str | None:
    """The text of a quoted field; None for "-" and for the empty field that nginx writes."""
    if text in {"", "-"}:
        return None
    return _ESCAPED.sub(_unescape, text) if "\\" in text else text


def _unescape(match: re.Match[str]) -> str:
    """The characters behind an escape; it stays as it is where they are not printable text."""
    run, mark = match.groups()
    if run is None:
        return str(mark)
    data = bytes.fromhex(run.replace("\\x", ""))
    if any(byte < _LEAST_PRINTABLE or byte == _DELETE for byte in data):
        return str(run)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return str(run)
