"""Names of generations: one complete version of one hour's compacted events.

Belongs here: how a generation is named. Where it lies is `lambdas.shared.lake.generation_prefix`;
writing and committing one belongs to compaction.
"""

import re
from datetime import UTC, datetime

# Noted on an hour's partition before the first of its raw objects is deleted. From then on the
# hour's live generation is all there is of some events, and a rebuild has to read it too.
RAW_EXPIRED = {"clickstream.raw_expired": "true"}

_FORMAT = "%Y%m%dT%H%M%S%f"
# Athena writes each attempt at a generation to a folder of its own.
_GENERATION = re.compile(r"gen=(?P<started>\d{8}T\d{12})Z-[^/]+(?:/attempt=\d+)?/?$")


def generation_id(started: datetime, run_id: str) -> str:
    """Names the generation that a run writes.

    Args:
        started: When the run began to read the raw objects; an aware time.
        run_id: The run's id. Two runs of the same instant must not write to one prefix.

    Returns:
        An id that sorts by time: `20150517T101500000000Z-1f0c2b9a`.

    Raises:
        ValueError: If the time has no zone.
    """
    if started.tzinfo is None:
        raise ValueError(f"{started!r} has no time zone")
    return f"{started.astimezone(UTC):{_FORMAT}}Z-{run_id[:8]}"


def started_at(location: str) -> datetime | None:
    """When the generation at a location began to read the raw objects.

    Args:
        location: A partition's location; any address that ends in a generation's prefix.

    Returns:
        The instant, or None when the location is no generation's.
    """
    match = _GENERATION.search(location)
    return datetime.strptime(match["started"], _FORMAT).replace(tzinfo=UTC) if match else None


def is_older(location: str, present: str) -> bool:
    """Whether a generation began to read the raw objects before another one did.

    Args:
        location: The location of the one.
        present: The location of the other. Where either is no generation's, there is no order.
    """
    mine, other = started_at(location), started_at(present)
    return mine is not None and other is not None and mine < other
