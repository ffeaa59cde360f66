"""What an erasure cannot delete, and when it is gone by itself.

Belongs here: the places, their times and what to do about them. They are part of the report, so
that nobody takes it for more than it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from lambdas.aggregator import remains as aggregator_remains
from lambdas.anomaly_detector import log as detector_log

_ATHENA_HISTORY = timedelta(days=45)


class Remainder(NamedTuple):
    """Something that stays for a while.

    Attributes:
        what: The place and what is in it.
        until: When it is gone, ISO 8601 in UTC; None when that is for somebody to decide.
        advice: What to do, if anything.
    """

    what: str
    until: str | None
    advice: str | None = None


@dataclass(frozen=True)
class Places:
    """What is known of the places around the lake.

    Attributes:
        stream_retention: How long the stream keeps a record.
        generation_grace: How long a generation is kept that nobody reads.
        other_tables: Tables that are not the platform's.
        keeps_versions: Whether the lake's bucket keeps what is deleted.
        unlisted_hours: Hours with compacted files that are in no partition.
        cache: The folder of a local copy of what queries have read, if there is one.
    """

    stream_retention: timedelta
    generation_grace: timedelta
    other_tables: Sequence[str] = ()
    keeps_versions: bool = False
    unlisted_hours: Sequence[str] = ()
    cache: Path | None = None


def remainders(last_received_at: str | None, around: Places, now: datetime) -> list[Remainder]:
    """What stays for a while after an erasure.

    Args:
        last_received_at: When the person's last event arrived, ISO 8601; None when none was found.
        around: The places.
        now: The present.
    """
    found = [*_of_the_stream(last_received_at, around, now), *_of_the_lake(around, now)]
    found.append(
        Remainder(
            "the texts of this erasure's Athena queries, with salted digests of the ids",
            _text(now + _ATHENA_HISTORY),
        )
    )
    if around.other_tables:
        found.append(
            Remainder(
                f"tables that are not the platform's: {', '.join(around.other_tables)}",
                None,
                "whoever made them must look into them",
            )
        )
    if around.cache is not None:
        found.append(
            Remainder(
                f"copies of lake objects that queries have read, in {around.cache}",
                None,
                "stop the platform and delete this folder to have them gone at once",
            )
        )
    return found


def _of_the_stream(last_received_at: str | None, around: Places, now: datetime) -> list[Remainder]:
    if last_received_at is None:
        return []
    last = datetime.fromisoformat(last_received_at)
    kept = [
        Remainder(
            "records on the Kinesis stream",
            _text(last + around.stream_retention),
            "a redrive or a function that reads them again brings events back: erase again then",
        ),
        Remainder(
            "digests of sessions in the aggregator's log",
            _text(last + timedelta(seconds=aggregator_remains.TTL_S)),
        ),
        Remainder(
            "digests of sessions in the detector's log",
            _text(last + timedelta(seconds=detector_log.TTL_S)),
        ),
    ]
    kept = [one for one in kept if one.until is not None and one.until > _text(now)]
    # By them the checks tell what was erased from what was lost, as long as the stream has it.
    places = Remainder(
        "positions that erased records had on the stream, without any id or content",
        None,
        "retention deletes them with the quarantine",
    )
    return [*kept, places]


def _of_the_lake(around: Places, now: datetime) -> list[Remainder]:
    grace = _text(now + around.generation_grace)
    found = [Remainder("generations that a compaction under way writes and cannot publish", grace)]
    if around.unlisted_hours:
        found.append(
            Remainder(
                f"files of {len(around.unlisted_hours):,} hours that are in no partition",
                grace,
                "retention deletes those that it has taken out of the catalog",
            )
        )
    if around.keeps_versions:
        found.append(
            Remainder(
                "earlier versions of deleted objects: the lake's bucket keeps versions",
                None,
                "delete them, or have the bucket's lifecycle do it",
            )
        )
    return found


def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
