"""Web server access logs as events.

Belongs here: what a logged request means: its visitor, its session, and whether it was a page view.
The grammar of a line belongs in `combined_format`, the rule of sessions in `sessions`.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, NamedTuple

from msgspec import Struct

from infra.clients.combined_format import Request, UnreadableRequestError, parse_request
from infra.clients.lines import ClientEvent, Line, UnreadableLine, line_digest, read_lines
from infra.clients.sessions import sessionise

_ASSET = re.compile(
    r"\.(?:css|js|png|jpe?g|gif|svg|ico|woff2?|ttf|eot|map)\Z", re.ASCII | re.IGNORECASE
)
_METHOD = re.compile(r"[A-Za-z-]+", re.ASCII)
_SUCCESSFUL = range(200, 400)


class Visitor(Struct, frozen=True, gc=False):
    """Who sent a request, as far as a log can tell; one object for all their hits."""

    anonymous_id: str
    ip: str
    user_agent: str | None


class Hit(Struct, frozen=True, gc=False):
    """One logged request, small: a log has millions. Fields as in `combined_format.Request`."""

    number: int
    digest: bytes
    time: datetime
    visitor: Visitor
    is_page_view: bool
    method: str | None
    target: str | None
    protocol: str | None
    garbled: str | None
    status: int
    size: int
    referrer: str | None


class Summary(NamedTuple):
    """What a log holds.

    Attributes:
        events: Readable lines, each of which is one event.
        unreadable: Lines that gave no event.
        page_views: Events that are page views.
        visitors: Distinct pairs of address and user agent.
        sessions: Sessions of those visitors.
        hours: Distinct hours, in UTC, in which something happened.
        first: The earliest event's time, None when there is no event.
        last: The latest event's time.
    """

    events: int
    unreadable: int
    page_views: int
    visitors: int
    sessions: int
    hours: int
    first: datetime | None
    last: datetime | None


class AccessLog(NamedTuple):
    """A log that was read.

    Attributes:
        hits: The requests, in order of time and then of the file.
        sessions: The session id of each of them.
        unreadable: The lines that gave no event, in the order of the file.
    """

    hits: list[Hit]
    sessions: list[str]
    unreadable: list[UnreadableLine]

    def events(self) -> Iterator[ClientEvent]:
        """The events, in order of event time."""
        for hit, session in zip(self.hits, self.sessions, strict=True):
            yield ClientEvent(_event(hit, session), hit.number)

    def summary(self) -> Summary:
        """Counts over the whole log."""
        return Summary(
            events=len(self.hits),
            unreadable=len(self.unreadable),
            page_views=sum(hit.is_page_view for hit in self.hits),
            visitors=len({hit.visitor.anonymous_id for hit in self.hits}),
            sessions=len(set(self.sessions)),
            hours=len({hit.time.replace(minute=0, second=0) for hit in self.hits}),
            first=self.hits[0].time if self.hits else None,
            last=self.hits[-1].time if self.hits else None,
        )


def read_access_log(file: BinaryIO) -> AccessLog:
    """Reads an Apache or nginx log in the combined format.

    The whole log is held, because lines are not in order of time and sessions need that order:
    around 400 bytes a line, since values that recur are kept once.

    Args:
        file: The log, binary.

    Returns:
        Its requests with their sessions. Nothing about a line is fatal: what cannot be read is in
        `unreadable`; blank lines are passed over.
    """
    unreadable: list[UnreadableLine] = []
    visitors: dict[tuple[str, str | None], Visitor] = {}
    texts: dict[str, str] = {}
    hits: list[Hit] = []
    for line in read_lines(file, unreadable.append):
        try:
            request = parse_request(line.data)
        except UnreadableRequestError as error:
            unreadable.append(UnreadableLine(line.number, error.reason, error.detail))
            continue
        key = (request.address, request.user_agent)
        visitor = visitors.get(key) or visitors.setdefault(key, _visitor(*key))
        hits.append(_hit(line, request, visitor, texts))
    hits.sort(key=lambda hit: hit.time)  # stable: the file's order within a second
    sessions = list(sessionise((hit.visitor.anonymous_id, hit.time) for hit in hits))
    return AccessLog(hits, sessions, unreadable)


def is_page_view(method: str | None, target: str | None, status: int) -> bool:
    """Whether a request showed somebody a page: a GET that worked, and not for a page's parts."""
    if method != "GET" or target is None or status not in _SUCCESSFUL:
        return False
    path = target.partition("?")[0]
    return _ASSET.search(path.rpartition("/")[2]) is None


def _visitor(address: str, user_agent: str | None) -> Visitor:
    seed = f"{address} {user_agent or ''}".encode()  # an address has no blank
    return Visitor(hashlib.blake2b(seed, digest_size=16).hexdigest(), address, user_agent)


def _hit(line: Line, request: Request, visitor: Visitor, texts: dict[str, str]) -> Hit:
    def shared(text: str | None) -> str | None:
        return None if text is None else texts.setdefault(text, text)

    method, target, protocol = _split(request.line)
    return Hit(
        number=line.number,
        digest=line_digest(line),
        time=request.time,
        visitor=visitor,
        is_page_view=is_page_view(method, target, request.status),
        method=shared(method),
        target=shared(target),
        protocol=shared(protocol),
        garbled=request.line if target is None else None,
        status=request.status,
        size=request.size,
        referrer=shared(request.referrer),
    )


def _split(line: str | None) -> tuple[str | None, str | None, str | None]:
    """Method, target and protocol; all None when this is no HTTP request (a TLS hello, say)."""
    method, blank, rest = (line or "").partition(" ")
    if not (blank and rest and _METHOD.fullmatch(method)):
        return None, None, None
    target, blank, protocol = rest.rpartition(" ")
    if blank and target and protocol.startswith("HTTP/"):
        return method, target, protocol
    return method, rest, None  # HTTP/0.9 has no protocol


def _event(hit: Hit, session: str) -> dict[str, object]:
    """The hit in the contract's names."""
    properties = {
        "method": hit.method,
        "status": hit.status,
        "bytes": hit.size,
        "protocol": hit.protocol,
        "request": hit.garbled,
    }
    event: dict[str, object] = {
        "event_id": hit.digest.hex(),
        "event_type": "page_view" if hit.is_page_view else "request",
        "event_time": hit.time.isoformat(),
        "session_id": session,
        "anonymous_id": hit.visitor.anonymous_id,
        "ip": hit.visitor.ip,
        # Empty rather than left out: the collector would fill in the user agent of the replay.
        "user_agent": hit.visitor.user_agent or "",
        "properties": {name: value for name, value in properties.items() if value is not None},
    }
    if hit.target is not None:
        event["page_url"] = _as_url(hit.target)
    if hit.referrer is not None:
        event["referrer"] = hit.referrer
    return event


def _as_url(target: str) -> str:
    """A target that begins with two slashes is a path; in an address they would begin a host."""
    return "/" + target.lstrip("/") if target.startswith("//") else target
