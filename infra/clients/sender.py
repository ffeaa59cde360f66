"""Events from any source to the collector, over HTTP.

Belongs here: batches, the rate, and the threads that keep each session's events in order. Reading
events belongs in `access_log`, `ndjson` and `traffic`; a batch's retries in `delivery`.
"""

import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from infra.clients.delivery import (
    Delivery,
    NothingAnswersError,
    Patience,
    UndeliverableError,
)
from infra.clients.lanes import BatchLimits, Lane
from infra.clients.lines import ClientEvent
from infra.clients.parcels import pack
from infra.clients.report import (
    CollectorUnreachableError,
    OnProgress,
    Rejection,
    SendError,
    SendReport,
    Tally,
)

_LONGEST_CATCH_UP_S = 1.0


@dataclass(frozen=True)
class SendOptions:
    """How to send.

    Attributes:
        limits: How large a batch grows, and how long it waits.
        workers: How many requests are under way at a time.
        events_per_second: The rate to keep to, or None for as fast as the collector takes them.
        patience: How long to try.
    """

    limits: BatchLimits = field(default_factory=BatchLimits)
    workers: int = 4
    events_per_second: float | None = None
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        rate = self.events_per_second
        if self.workers < 1 or self.limits.events < 1 or (rate is not None and rate <= 0):
            raise ValueError("workers, events of a batch and rate must be positive")


def send_events(
    events: Iterable[ClientEvent],
    collector: str,
    options: SendOptions | None = None,
    on_progress: OnProgress | None = None,
) -> SendReport:
    """Sends events and waits until the fate of each is known.

    Events of one session are sent in the order given. An event without an id is given one, so that
    a batch that has to be sent again is not counted twice. An interrupt (Ctrl-C) ends the source:
    what was taken is still delivered. A second one gives up, and is raised.

    Args:
        events: What to send. Read as it is sent, so it may be long or slow.
        collector: Address of the collector, `http://host:port`.
        options: How to send.
        on_progress: Called with the number of events whose fate has become known since the last
            call; from several threads, one at a time.

    Returns:
        What became of them.

    Raises:
        ValueError: If `collector` is no HTTP address.
        CollectorUnreachableError: If nothing answers there.
        SendError: If the collector does not take some events before the deadline, or what answers
            is not a collector.
    """
    _check_address(collector)
    options = options or SendOptions()
    tally, stop = Tally(on_progress), threading.Event()
    with closing(Delivery(collector, options.workers, options.patience, tally)) as delivery:
        lanes = [Lane(delivery.deliver, stop, options.limits) for _ in range(options.workers)]
        interrupted = _send_all(events, lanes, tally, stop, options)
    errors = [lane.error for lane in lanes if lane.error is not None]
    if errors:
        _fail(errors[0], collector, tally.report())
    return replace(tally.report(), interrupted=interrupted)


def _send_all(
    events: Iterable[ClientEvent],
    lanes: list[Lane],
    tally: Tally,
    stop: threading.Event,
    options: SendOptions,
) -> bool:
    """Sends everything and waits for the lanes. Returns whether it was interrupted."""
    interrupted = False
    try:
        try:
            _distribute(events, lanes, tally, stop, options)
        except KeyboardInterrupt:
            interrupted = True
        for lane in lanes:
            lane.close()
        for lane in lanes:
            lane.join()
    except BaseException:
        stop.set()
        for lane in lanes:
            lane.close()
            lane.join()
        raise
    return interrupted


def _distribute(
    events: Iterable[ClientEvent],
    lanes: list[Lane],
    tally: Tally,
    stop: threading.Event,
    options: SendOptions,
) -> None:
    """Gives each event to the lane of its session."""

    def before_waiting(until: float) -> None:
        for lane in lanes:
            lane.flush(until)

    for event in _paced(events, options.events_per_second, stop, before_waiting):
        tally.take()
        parcel = pack(event, options.limits.size_bytes)
        if isinstance(parcel, Rejection):
            tally.settle(0, [parcel])
        else:
            session = str(event.event.get("session_id", ""))
            lanes[zlib.crc32(session.encode()) % len(lanes)].add(parcel)
            before_waiting(time.monotonic())


def _paced(
    events: Iterable[ClientEvent],
    rate: float | None,
    stop: threading.Event,
    before_waiting: Callable[[float], None],
) -> Iterator[ClientEvent]:
    """The events, each asked for when it is due: a source that stamps them gives the right time.

    A delay is caught up with, but no more than a second of it: the rate protects somebody.
    """
    source, due = iter(events), time.monotonic()
    while not stop.is_set():
        if rate is not None:
            if (wait := due - time.monotonic()) > 0:
                before_waiting(due)
                stop.wait(wait)
            due = max(due, time.monotonic() - _LONGEST_CATCH_UP_S) + 1 / rate
        event = next(source, None)
        if event is None:
            return
        yield event


def _check_address(collector: str) -> None:
    try:
        address = parse_url(collector)
    except LocationParseError:
        address = None
    if address is None or address.scheme not in {"http", "https"} or not address.host:
        raise ValueError(f"the collector's address is like http://127.0.0.1:8080, not {collector}")


def _fail(error: Exception, collector: str, report: SendReport) -> None:
    """Raises the first thing that went wrong, with what had been sent by then."""
    if isinstance(error, NothingAnswersError):
        message = f"nothing answers at {collector} ({error}). Start the platform: `clickstream up`"
        raise CollectorUnreachableError(message, report) from error
    if isinstance(error, UndeliverableError):
        counts = f"{report.not_accepted} of {report.taken} events read were not accepted"
        raise SendError(f"{counts}: {error}", report) from error
    raise error
