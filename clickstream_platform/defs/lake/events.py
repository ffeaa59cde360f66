"""Compaction: the raw objects of an hour become one file, published in one step.

Belongs here: moving files and the commit. The rewriting itself is SQL in `core.compaction`;
deleting old generations is not done yet.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import duckdb

from clickstream_platform.core.compaction import Counts, VerificationError, counts_sql, rewrite_sql
from clickstream_platform.core.generations import generation_id
from clickstream_platform.core.hours import spanning
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource, StoredObject
from lambdas.shared import lake as layout

EVENTS = dg.AssetKey(["lake", "events"])
EVENTS_TABLE = "events"
# Runs that rebuild hours also rebuild the marts as a whole, so there may be one at a time.
# dagster.yaml limits both names to one: the pool for every run that compacts, however it was
# started, and the tag because a pool's default limit is not yet in force when the first runs ever
# leave the queue.
POOL = "hourly_rollup"
REBUILD_TAGS = {"clickstream/rebuilds": "hours"}

_DESCRIPTION = (
    "Compacted events. Grain: one row per event_id of an hour of event time, the earliest "
    "arrival. Source: raw_events, each hour rebuilt as a whole. Lateness: an hour appears "
    "about five minutes after its end; late files rebuild it."
)
_FILE = "events.parquet"
_THREADS = 2


@dataclass(frozen=True)
class CompactedHour:
    """One hour written to a new generation that nobody reads yet.

    Attributes:
        datehour: The hour.
        prefix: The generation's prefix.
        counts: Its rows, verified.
        files_in: Raw objects read.
        bytes_in: Their size.
        bytes_out: Size of what was written.
    """

    datehour: str
    prefix: str
    counts: Counts
    files_in: int
    bytes_in: int
    bytes_out: int

    @property
    def metadata(self) -> dict[str, int]:
        """The hour's numbers, for its materialization."""
        return {
            "rows_in": self.counts.rows_in,
            "rows_out": self.counts.rows_out,
            "duplicates": self.counts.duplicates,
            "files_before": self.files_in,
            "files_after": 1,
            "bytes_before": self.bytes_in,
            "bytes_after": self.bytes_out,
        }


def build_events(
    partitions: dg.PartitionsDefinition[str], raw_events: dg.AssetKey, memory_limit: str
) -> dg.AssetsDefinition:
    """The compacted events.

    Args:
        partitions: The hours.
        raw_events: The asset that registers the raw hours.
        memory_limit: What DuckDB may use, as it spells it ("1GB"); beyond it spills to disk.
    """
    spec = dg.AssetSpec(
        EVENTS,
        deps=[raw_events],
        description=_DESCRIPTION,
        group_name="lake",
        owners=["team:data-platform"],
        kinds={"s3", "parquet", "duckdb"},
    )

    # multi_asset, because asset() has the policy as a beta only.
    @dg.multi_asset(
        name="events",
        specs=[spec],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=POOL,
    )
    def events(
        context: dg.AssetExecutionContext, lake: LakeResource, catalog: CatalogResource
    ) -> dg.MaterializeResult[None]:
        generation = generation_id(datetime.now(UTC), context.run.run_id)
        objects = lake.list_raw(spanning(context.partition_keys))
        hours: list[CompactedHour] = []
        broken: dict[str, str] = {}
        with _database(memory_limit) as database:
            for hour in sorted(objects):
                try:
                    hours.append(compact_hour(lake, database, hour, objects[hour], generation))
                except (VerificationError, duckdb.Error) as error:
                    broken[hour] = str(error)
        # The commit. Until here readers see the old generations, whatever went wrong.
        catalog.place(EVENTS_TABLE, {one.datehour: lake.uri(one.prefix) for one in hours})
        if broken:  # the good hours are published; marts and checks wait for the others
            raise dg.Failure(
                f"{len(broken)} of {len(objects)} hours cannot be compacted and keep their present "
                f"generation: {', '.join(broken)}",
                metadata={hour: reason[:1000] for hour, reason in broken.items()},
            )
        for one in hours:
            context.add_asset_metadata(one.metadata, partition_key=one.datehour)
        return dg.MaterializeResult(metadata={**_totals(hours), "generation": generation})

    return events


def compact_hour(
    lake: LakeResource,
    database: duckdb.DuckDBPyConnection,
    datehour: str,
    objects: list[StoredObject],
    generation: str,
) -> CompactedHour:
    """Writes one hour to a new generation.

    Args:
        lake: The lake.
        database: A DuckDB connection.
        datehour: The hour.
        objects: All of its raw objects.
        generation: The id of the generation.

    Returns:
        What was written; it takes effect when the hour's partition is moved there.

    Raises:
        VerificationError: If a row is unaccounted for. Nothing is uploaded then.
    """
    prefix = layout.generation_prefix(datehour, generation)
    with TemporaryDirectory(prefix="compaction-") as folder:
        files = lake.download([one.key for one in objects], Path(folder))
        target = Path(folder) / f"compacted-{_FILE}"
        database.execute(rewrite_sql(files, target))
        [counted] = database.execute(counts_sql(files, target)).fetchall()
        counts = Counts(*counted)
        counts.verify(datehour)
        lake.upload(target, f"{prefix}{_FILE}")
        return CompactedHour(
            datehour,
            prefix,
            counts,
            files_in=len(objects),
            bytes_in=sum(one.size_bytes for one in objects),
            bytes_out=target.stat().st_size,
        )


@contextmanager
def _database(memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB for one run, whose memory is bounded and whose clock is UTC."""
    with (
        TemporaryDirectory(prefix="duckdb-") as spill,
        duckdb.connect(
            config={"memory_limit": memory_limit, "temp_directory": spill, "threads": _THREADS}
        ) as database,
    ):
        # A timestamp with a zone is turned into UTC, whatever the machine's zone is.
        database.execute("SET TimeZone = 'UTC'")
        yield database


def _totals(hours: list[CompactedHour]) -> dict[str, int]:
    """What the run did altogether; an hour's own numbers are `CompactedHour.metadata`."""
    return {
        "run_hours": len(hours),
        "run_rows_in": sum(one.counts.rows_in for one in hours),
        "run_rows_out": sum(one.counts.rows_out for one in hours),
        "run_duplicates": sum(one.counts.duplicates for one in hours),
    }
