"""Compaction by Athena, for hours that are too large for one machine.

Belongs here: running the statements of `core.athena_sql`. When this engine is chosen and what is
published belongs to `events`.
"""

import io

import pyarrow.parquet as pq

from clickstream_platform.core import athena_sql
from clickstream_platform.core.compaction import CompactedHour, Counts, Sources
from clickstream_platform.core.hours import HourRange
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from lambdas.shared import lake as layout

_ATTEMPTS = 3
_FOOTER_BYTES = 64 * 1024
_MAGIC_BYTES = 8  # length of the footer, then "PAR1"


class MovingHourError(RuntimeError):
    """Raw objects kept arriving while Athena read the hour."""


class UnregisteredHourError(RuntimeError):
    """Athena would not see an hour's raw objects: the hour has no partition, or one elsewhere."""


class AthenaEngine:
    """Compacts hours with UNLOAD.

    Args:
        lake: The lake.
        catalog: The catalog.
        athena: The work group.
        raw_table: Table of the archived events.
        table: Table of the compacted events.
    """

    name = "athena"

    def __init__(
        self,
        lake: LakeResource,
        catalog: CatalogResource,
        athena: AthenaResource,
        raw_table: str,
        table: str,
    ) -> None:
        self._lake = lake
        self._catalog = catalog
        self._athena = athena
        self._raw_table = raw_table
        self._table = table

    def compact(self, sources: Sources, prefix: str) -> CompactedHour:
        """Writes one hour to a new generation.

        Athena reads whatever lies in the hour when it comes to it, in two statements. So the
        listing before and after must be the same; otherwise it is all done again.

        Args:
            sources: What the hour is made of.
            prefix: The generation's prefix, where nothing lies yet.

        Returns:
            What was written; it takes effect when the hour's partition is moved there.

        Raises:
            VerificationError: If a row is unaccounted for.
            UnregisteredHourError: If the hour's partition of the raw table is not there.
            MovingHourError: If raw objects arrive in every attempt.
            AthenaQueryError: If a statement fails.
        """
        self._require_registered(sources.datehour)
        carried = self._table if sources.carried else None
        hour = HourRange(sources.datehour, sources.datehour)
        for attempt in range(_ATTEMPTS):
            target = f"{prefix}attempt={attempt}/"
            counted = self._athena.query(
                athena_sql.counts_sql(self._raw_table, carried, sources.datehour)
            )
            self._athena.run(
                athena_sql.unload_sql(
                    self._raw_table, carried, sources.datehour, self._lake.uri(target)
                )
            )
            present = tuple(self._lake.list_raw(hour).get(sources.datehour, ()))
            if present == sources.raw:
                return self._verified(sources, target, counted[0])
            sources = Sources(sources.datehour, present, sources.carried)
        raise MovingHourError(
            f"hour {sources.datehour}: raw objects arrived in each of {_ATTEMPTS} attempts; the "
            "hour keeps its present generation and is rebuilt when it is released again"
        )

    def _require_registered(self, datehour: str) -> None:
        """Athena answers for an hour it does not know as for an empty one."""
        place = self._lake.uri(layout.raw_prefix(datehour))
        found = self._catalog.locations(self._raw_table, [datehour]).get(datehour)
        if found != place:
            raise UnregisteredHourError(
                f"hour {datehour}: the partition of {self._raw_table} is "
                f"{f'at {found}' if found else 'missing'}, and {place} is wanted; materialize "
                f"{self._raw_table} for this hour"
            )

    def _verified(
        self, sources: Sources, prefix: str, counted: dict[str, str | None]
    ) -> CompactedHour:
        written = list(self._lake.list_objects(prefix))
        rows_out = sum(self._rows_of(one.key) for one in written)
        counts = Counts(int(counted["rows_in"] or 0), int(counted["duplicates"] or 0), rows_out)
        counts.verify(sources.datehour)
        size = sum(one.size_bytes for one in written)
        return CompactedHour(sources, prefix, self.name, counts, len(written), size)

    def _rows_of(self, key: str) -> int:
        """Rows of a Parquet object, from its footer alone."""
        footer = self._lake.read(key, _FOOTER_BYTES)
        needed = int.from_bytes(footer[-_MAGIC_BYTES:-4], "little") + _MAGIC_BYTES
        if needed > len(footer):
            footer = self._lake.read(key, needed)
        return int(pq.read_metadata(io.BytesIO(footer)).num_rows)
