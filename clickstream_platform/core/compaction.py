"""What compacting an hour means: every event once, the earliest arrival, sorted, all accounted for.

Belongs here: what goes in, what comes out, and the rule that says whether it may be published. How
an engine does it belongs in `duckdb_sql` and `athena_sql`; files and partitions to `defs/lake`.
"""

from dataclasses import dataclass

from clickstream_platform.core.stored_object import StoredObject

# What tells which of several rows of an event arrived first.
ARRIVAL_COLUMNS = ("event_id", "received_at", "sequence_number", "shard_id")
# Sequence numbers are decimal strings of different lengths: the longer one is the larger. Rows that
# are alike in all of these are one record that was archived twice, under two keys: either may stay.
EARLIEST_FIRST = (
    "received_at NULLS LAST",
    "length(sequence_number) NULLS LAST",
    "sequence_number NULLS LAST",
    "shard_id NULLS LAST",
)
# Sorting by session and time lets Parquet's statistics skip row groups for what is asked most.
SORTED_BY = ("session_id", "event_time", "event_id")


class VerificationError(RuntimeError):
    """A compacted hour that does not hold what its sources hold; it must not be published."""


@dataclass(frozen=True)
class Sources:
    """What one hour is rebuilt from.

    Attributes:
        datehour: The hour.
        raw: Its raw objects.
        carried: The files of its live generation, when raw objects have expired since: then they
            are all there is of some events. Events of both are duplicates like any other.
    """

    datehour: str
    raw: tuple[StoredObject, ...]
    carried: tuple[StoredObject, ...] = ()

    @property
    def objects(self) -> tuple[StoredObject, ...]:
        """All of them, raw objects first."""
        return self.raw + self.carried

    @property
    def size_bytes(self) -> int:
        """Their size."""
        return sum(one.size_bytes for one in self.objects)


@dataclass(frozen=True)
class Counts:
    """Rows of one compaction.

    Attributes:
        rows_in: Rows of the sources.
        duplicates: Rows that repeat an event_id, counted apart from the rewriting itself.
        rows_out: Rows of the files that were written.
    """

    rows_in: int
    duplicates: int
    rows_out: int

    def verify(self, datehour: str) -> None:
        """Checks that every row is accounted for.

        Raises:
            VerificationError: If rows in and rows out plus duplicates differ.
        """
        if self.rows_in != self.rows_out + self.duplicates:
            raise VerificationError(
                f"hour {datehour}: {self.rows_in} raw rows, but {self.rows_out} compacted and "
                f"{self.duplicates} duplicates; the hour keeps its present generation"
            )


@dataclass(frozen=True)
class CompactedHour:
    """One hour written to a new generation that nobody reads yet.

    Attributes:
        sources: What it was made of.
        prefix: The generation's prefix.
        engine: What made it: duckdb or athena.
        counts: Its rows, verified.
        files: How many files were written.
        size_bytes: Their size.
    """

    sources: Sources
    prefix: str
    engine: str
    counts: Counts
    files: int
    size_bytes: int

    @property
    def datehour(self) -> str:
        """The hour."""
        return self.sources.datehour

    @property
    def metadata(self) -> dict[str, int | str]:
        """The hour's numbers, for its materialization."""
        return {
            "rows_in": self.counts.rows_in,
            "rows_out": self.counts.rows_out,
            "duplicates": self.counts.duplicates,
            "files_before": len(self.sources.objects),
            "files_carried": len(self.sources.carried),
            "files_after": self.files,
            "bytes_before": self.sources.size_bytes,
            "bytes_after": self.size_bytes,
            "engine": self.engine,
        }
