"""A listing of the lake, hour by hour, without ever holding more than one hour.

Belongs here: grouping and batching of what a listing yields. The layout itself is
`lambdas.shared.lake`; what is decided about an hour belongs to whoever asks.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Protocol, TypeVar

from clickstream_platform.core.stored_object import StoredObject
from lambdas.shared import lake

_EVENTS_KEY = re.compile(
    rf"^{lake.EVENTS_PREFIX}/datehour=(?P<datehour>\d{{4}}-\d{{2}}-\d{{2}}-\d{{2}})/"
)


class HasObjects(Protocol):
    """Something decided about some objects."""

    @property
    def going(self) -> Sequence[StoredObject]:
        """The objects it is about."""


_Plan = TypeVar("_Plan", bound=HasObjects)


def datehour_of_events_key(key: str) -> str | None:
    """The hour whose compacted generations a key lies among, or None when it is none of them."""
    match = _EVENTS_KEY.match(key)
    return None if match is None else match["datehour"]


def by_hour(
    objects: Iterable[StoredObject], hour_of: Callable[[str], str | None]
) -> Iterator[tuple[str, list[StoredObject]]]:
    """Groups a listing by hour, in order; one hour is in memory at a time.

    Args:
        objects: A listing in key order, in which the keys of an hour follow each other.
        hour_of: The hour of a key; keys without one are left out.
    """
    found = ((hour_of(one.key), one) for one in objects)
    ours = ((hour, one) for hour, one in found if hour is not None)
    for hour, group in groupby(ours, key=itemgetter(0)):
        yield hour, [one for _, one in group]


def in_batches(
    plans: Iterable[_Plan], *, max_plans: int, max_objects: int
) -> Iterator[list[_Plan]]:
    """Gathers plans, so that the catalog is asked for many hours at once.

    Args:
        plans: The plans, in order.
        max_plans: How many are gathered at most.
        max_objects: A batch ends with the plan that brings its objects to this number.
    """
    batch: list[_Plan] = []
    objects = 0
    for plan in plans:
        batch.append(plan)
        objects += len(plan.going)
        if len(batch) == max_plans or objects >= max_objects:
            yield batch
            batch, objects = [], 0
    if batch:
        yield batch
