"""Sending files and made-up traffic to the collector, for the command line.

Belongs here: choosing a source and counting its lines. Reading and sending belong in `clients`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from infra.clients.access_log import read_access_log
from infra.clients.lines import UnreadableLine
from infra.clients.ndjson import read_ndjson
from infra.clients.report import SendError, SendReport
from infra.clients.sender import SendOptions, send_events
from infra.clients.traffic import generate_events
from lambdas.shared.lake import datehour_of

__all__ = ["Outcome", "SendError", "replay", "send"]

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a source.

    Attributes:
        report: What became of its events.
        unreadable: Lines that gave no event.
        first_hour: The hour of its earliest event, where that is known.
    """

    report: SendReport
    unreadable: list[UnreadableLine] = field(default_factory=list)
    first_hour: str | None = None


def replay(
    file: Path, log_format: str, collector: str, rate: float | None, progress: Progress
) -> Outcome:
    """Sends the events of a file.

    Args:
        file: The file.
        log_format: `combined` or `ndjson`.
        collector: Address of the collector.
        rate: Events a second, or None for as fast as it goes.
        progress: Told how many events are done and how many there are, where that is known.

    Raises:
        SendError: If not all events could be sent.
    """
    options = SendOptions(events_per_second=rate)
    with file.open("rb") as source:
        if log_format == "combined":
            log = read_access_log(source)
            counted = _counting(progress, len(log.hits))
            report = send_events(log.events(), collector, options, counted)
            first = log.summary().first
            first_hour = None if first is None else datehour_of(first)
            return Outcome(report, log.unreadable, first_hour)
        found: list[UnreadableLine] = []
        events = read_ndjson(source, found.append)
        report = send_events(events, collector, options, _counting(progress, None))
        return Outcome(report, found)


def send(
    events: int | None, rate: float, seed: int | None, collector: str, progress: Progress
) -> Outcome:
    """Sends made-up sessions.

    Args:
        events: How many events, or None to go on until interrupted.
        rate: Events a second.
        seed: What the choices follow from.
        collector: Address of the collector.
        progress: Told how many events are done and how many there are to be.

    Raises:
        SendError: If not all events could be sent.
    """
    source = islice(generate_events(seed), events)
    options = SendOptions(events_per_second=rate)
    return Outcome(send_events(source, collector, options, _counting(progress, events)))


def _counting(progress: Progress, total: int | None) -> Callable[[int], None]:
    done = 0

    def count(events: int) -> None:
        nonlocal done
        done += events
        progress(done, total)

    return count
