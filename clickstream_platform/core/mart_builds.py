"""Which builds of a mart nobody reads any more.

Belongs here: the rule, as a pure decision about a listing. Where a build lies is dbt's affair
(`dbt_sql/macros/daily.sql`); deleting belongs to `defs/lake/mart_retention`.

The files of a build lie in folders, one for each day where the mart has a partition for each, below
a folder of the build's own. A build moves the partitions there. The folders they lay in are old
from then on, and a query that began before still reads them.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from clickstream_platform.core.stored_object import StoredObject


def folder_of(key: str) -> str:
    """The folder of an object, ending in a slash."""
    return f"{key.rpartition('/')[0]}/"


def old_builds(
    objects: Iterable[StoredObject], live: Collection[str], before: datetime
) -> list[StoredObject]:
    """The objects of one mart that can go.

    A folder of a day goes when its own files and those that are read for the day are all from
    before a time: no query can have begun before the partition moved. A folder of no day, or of a
    day that has no rows any more, goes by its own age: it was left by a run that died, or that
    emptied the day.

    Args:
        objects: Everything below the mart's folder.
        live: The folders that are read, and those that must stay for another reason.
        before: The time; the present less a grace that is longer than any query and any run.

    Returns:
        Those that can go, in the listing's order.
    """
    folders: dict[str, list[StoredObject]] = {}
    for one in objects:
        folders.setdefault(folder_of(one.key), []).append(one)
    settling = {
        _day_of(folder)
        for folder, files in folders.items()
        if folder in live and _day_of(folder) and not _is_from_before(files, before)
    }
    return [
        one
        for folder, files in folders.items()
        if folder not in live and _day_of(folder) not in settling and _is_from_before(files, before)
        for one in files
    ]


def _day_of(folder: str) -> str:
    """The `day=...` of a folder; empty if it has none."""
    name = folder.rstrip("/").rpartition("/")[2]
    return name if name.startswith("day=") else ""


def _is_from_before(files: Sequence[StoredObject], before: datetime) -> bool:
    return all(one.modified_at < before for one in files)
