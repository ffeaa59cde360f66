"""Raw objects of many hours, put into the lake as the archive would have put them.

Belongs here: the events of `tests.bench.backfill` and the shortcut that makes them quickly: one
day of realistic traffic is made, and every other day is the same a day later under other ids.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import boto3
import msgspec
from botocore.config import Config

from clickstream_platform.core.hours import HourRange
from lambdas.event_processor.logic import Batch, sort_batch
from lambdas.event_processor.store import Archive
from lambdas.shared.codec import stream_records
from lambdas.shared.lake import datehour_of, start_of
from lambdas.shared.limits import Limits
from tests.bench import workload

_HOUR_S = 3600
_DAY_HOURS = 24
_SPARE = 1.2  # traffic is uneven; what is beyond the day is cut off
_WRITERS = 8


def write_hours(bucket: str, hours: HourRange, events_per_hour: int, objects_per_hour: int) -> int:
    """Writes the raw objects of a range of hours.

    Args:
        bucket: The lake bucket.
        hours: The hours; they begin with a day.
        events_per_hour: Events of an hour, about.
        objects_per_hour: Objects of an hour, about.

    Returns:
        How many events were written.
    """
    archive = Archive(boto3.client("s3", config=Config(max_pool_connections=_WRITERS)), bucket)
    day = list(_day(hours.first, events_per_hour, objects_per_hour))
    batches = (
        _inside(_later(batch, days), hours)
        for days in range(-(-hours.count // _DAY_HOURS))
        for batch in day
    )

    def write(batch: Batch) -> int:
        archive.write(batch)
        return sum(map(len, batch.hours.values()))

    with ThreadPoolExecutor(_WRITERS) as writers:
        return sum(writers.map(write, batches))


def _day(first: str, events_per_hour: int, objects_per_hour: int) -> Iterator[Batch]:
    """The batches of the first day, each an object or, across an hour, two."""
    start_ms = round(start_of(first).timestamp() * 1000)
    end_ms = start_ms + _DAY_HOURS * _HOUR_S * 1000
    wanted = round(_DAY_HOURS * events_per_hour * _SPARE)
    lines = workload.steady_traffic(wanted, events_per_hour / _HOUR_S, start_ms=start_ms)
    collected = workload.as_collected([line for line in lines if line.t < end_ms])
    size = max(1, events_per_hour // objects_per_hour)
    for invocation in workload.invocations(collected, size):
        yield sort_batch(stream_records(invocation), Limits())


def _later(batch: Batch, days: int) -> Batch:
    """The same traffic some days later, of other sessions."""
    by = timedelta(days=days)
    hours = {
        datehour_of(start_of(hour) + by): [
            msgspec.structs.replace(
                event,
                event_id=f"{event.event_id}-{days}",
                session_id=f"{event.session_id}-{days}",
                event_time=event.event_time + by,
                received_at=event.received_at + by,
            )
            for event in events
        ]
        for hour, events in batch.hours.items()
    }
    return batch._replace(hours=hours)


def _inside(batch: Batch, hours: HourRange) -> Batch:
    kept = {hour: events for hour, events in batch.hours.items() if hour <= hours.last}
    return batch._replace(hours=kept)
