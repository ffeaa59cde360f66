"""Retention of the marts: which of their builds leave.

Belongs here: joining the listing with what the catalog points at. The rule belongs in
`core.mart_builds`; deleting belongs to `retention_steps`, of which this is the last step.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import groupby

from clickstream_platform.core.mart_builds import old_builds
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.resources.lake import LakeResource, folder_at
from lambdas.shared.lake import MARTS_PREFIX


def departing_builds(
    lake: LakeResource, locations: Collection[str], before: datetime
) -> Iterator[list[StoredObject]]:
    """The objects of old builds, mart by mart.

    Args:
        lake: The lake.
        locations: Where the tables of the catalog lie, read before this is called: what is
            published meanwhile is too young to go.
        before: From before which time a build must be.
    """
    live = {folder_at(lake, one) for one in locations}
    for _, objects in groupby(lake.list_objects(f"{MARTS_PREFIX}/"), key=_mart_of):
        going = old_builds(objects, live, before)
        if going:
            yield going


def _mart_of(one: StoredObject) -> str:
    """The folder of all builds of a mart: `marts/<database>/<table>`."""
    return "/".join(one.key.split("/", 3)[:3])
