"""What Athena has written down of its answers.

Belongs here: deleting result files, which may hold rows of a person. Tables that somebody made by a
query lie in the same bucket; they are left alone and named in the report.
"""

from collections.abc import Iterator
from datetime import datetime

from clickstream_platform.resources.lake import LakeResource

_TABLES = "tables"


class QueryResults:
    """The result files of one bucket.

    Args:
        bucket: The bucket. It is read and written like a lake.
        own_prefix: Where the answers to this erasure's own questions go: digests and counts.
    """

    def __init__(self, bucket: LakeResource, own_prefix: str) -> None:
        self._bucket = bucket
        self._own_prefix = own_prefix

    def written_until(self, end: datetime) -> list[str]:
        """The keys of the results that were there at a time.

        Whoever reads one of them at this moment asks again; a result is read once, right after its
        query.
        """
        return [key for key, at in self._results() if at <= end]

    def delete(self, keys: list[str]) -> None:
        """Deletes results."""
        self._bucket.delete(keys)

    def delete_own(self) -> None:
        """Deletes the answers to this erasure's questions."""
        self._bucket.delete(one.key for one in self._bucket.list_objects(self._own_prefix))

    def _results(self) -> Iterator[tuple[str, datetime]]:
        for one in self._bucket.list_objects(""):
            if _TABLES not in one.key.split("/")[:-1] and not one.key.startswith(self._own_prefix):
                yield one.key, one.modified_at
