"""Where things lie in the lake bucket.

Belongs here: the layout (prefixes, keys, datehours) that the functions write and the batch side
reads. Reading and writing objects belongs to whoever does it.
"""

import re
from datetime import UTC, datetime

RAW_PREFIX = "raw"
EVENTS_PREFIX = "events"
QUARANTINE_PREFIX = "quarantine"
MARTS_PREFIX = "marts"
# What Firehose could not deliver, in its own envelopes; `clickstream redrive` archives it.
UNDELIVERED_PREFIX = "undelivered"

DATEHOUR_FORMAT = "%Y-%m-%d-%H"
_RAW_KEY = re.compile(
    rf"^{RAW_PREFIX}/datehour=(?P<datehour>\d{{4}}-\d{{2}}-\d{{2}}-\d{{2}})/[^/]+\.parquet$"
)


def datehour_of(instant: datetime) -> str:
    """The hour an instant belongs to.

    Args:
        instant: An aware time.

    Returns:
        The hour in UTC, `yyyy-MM-dd-HH`.

    Raises:
        ValueError: If the time has no zone: guessing one would put the event in a wrong hour.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return instant.astimezone(UTC).strftime(DATEHOUR_FORMAT)


def start_of(datehour: str) -> datetime:
    """The instant a datehour starts at, aware and in UTC.

    Raises:
        ValueError: If the text is not a datehour.
    """
    try:
        return datetime.strptime(datehour, DATEHOUR_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        example = "2026-11-23-01"
        raise ValueError(f"{datehour!r} is no hour: write yyyy-MM-dd-HH, as {example}") from None


def raw_prefix(datehour: str) -> str:
    """The prefix of an hour's raw objects, ending in a slash."""
    return f"{RAW_PREFIX}/datehour={datehour}/"


def raw_key(datehour: str, shard_id: str, first: str, last: str) -> str:
    """The key of one batch's events of one hour.

    A batch that is delivered again overwrites its own object, because the key is what it holds.

    Args:
        datehour: The hour of the events.
        shard_id: The shard the batch was read from.
        first: Sequence number of the batch's first record.
        last: Sequence number of the batch's last record.
    """
    return f"{raw_prefix(datehour)}{shard_id}-{first}-{last}.parquet"


def datehour_of_raw_key(key: str) -> str | None:
    """The hour a raw object belongs to, or None when the key is no raw object's."""
    match = _RAW_KEY.match(key)
    if match is None:
        return None
    datehour = match["datehour"]
    try:
        start_of(datehour)
    except ValueError:
        return None
    return datehour


def quarantine_key(received: datetime, shard_id: str, first: str, last: str) -> str:
    """The key of the bad records of one batch, by the day they arrived."""
    return f"{QUARANTINE_PREFIX}/day={received:%Y-%m-%d}/{shard_id}-{first}-{last}.json"


def events_prefix(datehour: str) -> str:
    """The prefix below which an hour's compacted generations lie, ending in a slash."""
    return f"{EVENTS_PREFIX}/datehour={datehour}/"


def generation_prefix(datehour: str, generation: str) -> str:
    """The prefix of one generation of one hour's compacted events, ending in a slash."""
    return f"{events_prefix(datehour)}gen={generation}/"
