"""Objects of the lake on this machine, each downloaded and counted once.

Belongs here: the copies that work on one hour goes by. What is done with them belongs in `hours`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.resources.lake import LakeResource
from infra.erasure.workbench import FileCounts, Workbench


@dataclass(frozen=True)
class Copy:
    """An object of the lake and its copy.

    Attributes:
        key: The object.
        file: The copy; it is not changed.
        counts: Its rows, and those of the person.
    """

    key: str
    file: Path
    counts: FileCounts


class Copies:
    """The copies of one hour's objects.

    Args:
        lake: The lake.
        workbench: What knows the person.
        folder: Where they are kept.
    """

    def __init__(self, lake: LakeResource, workbench: Workbench, folder: Path) -> None:
        self._lake = lake
        self._workbench = workbench
        self._folder = folder
        self._known: dict[StoredObject, Copy] = {}
        self._downloads = 0

    def of(self, objects: Sequence[StoredObject]) -> list[Copy]:
        """The copies of some objects, in their order; one that was written anew is copied anew.

        Raises:
            botocore.exceptions.ClientError: If an object is gone by now.
            duckdb.Error: If one is no Parquet file.
        """
        new = [one for one in objects if one not in self._known]
        self._downloads += 1
        folder = self._folder / f"download-{self._downloads}"
        folder.mkdir()
        files = self._lake.download([one.key for one in new], folder)
        counts = self._workbench.counts(files)
        for one, file in zip(new, files, strict=True):
            self._known[one] = Copy(one.key, file, counts[file])
        return [self._known[one] for one in objects]
