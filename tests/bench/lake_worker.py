"""One measurement of compaction in a process of its own: `python -m tests.bench.lake_worker`.

Belongs here: running one way of rewriting an hour once, and what it took. Peak memory is the
process's, which is why every measurement has one. Which are made belongs in `lake`.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from clickstream_platform.core.compaction import EARLIEST_FIRST, SORTED_BY, Sources
from clickstream_platform.core.duckdb_sql import Portions
from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.defs.lake.duckdb_engine import DuckdbEngine, database_of
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.settings import Settings
from lambdas.shared import lake as layout

PLAIN = "plain copy"
SORTED = "copy, sorted"
SAME = "plain SQL, same result"
LOCAL = "ours, local files"
THROUGH_S3 = "ours, through S3"
_AMPLE = "8GB"
WAYS = (PLAIN, SORTED, SAME, LOCAL, THROUGH_S3)


class LocalLake:
    """Files of this machine where the lake is expected: what is left is the rewriting."""

    def download(self, keys: Iterable[str], _folder: Path) -> list[Path]:
        """The files themselves."""
        return [Path(key) for key in keys]

    def upload(self, _file: Path, _key: str) -> None:
        """Leaves the file where it is."""


def plain(files: list[Path], target: Path, memory: str, way: str) -> None:
    """What somebody would write in one statement."""
    names = ", ".join(f"'{file}'" for file in files)
    source = f"SELECT * FROM read_parquet([{names}], union_by_name = true)"  # noqa: S608
    if way == SAME:
        window = f"PARTITION BY event_id ORDER BY {', '.join(EARLIEST_FIRST)}"
        source += f" QUALIFY row_number() OVER ({window}) = 1"
    if way != PLAIN:
        source += f" ORDER BY {', '.join(SORTED_BY)}"
    with database_of(_AMPLE if way == SORTED else memory) as database:
        database.execute(f"COPY ({source}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def ours(files: list[Path], memory: str, bucket: str | None, datehour: str) -> None:
    """The engine, on local files or through S3."""
    with database_of(memory) as database:
        if bucket is None:
            now = datetime.now(UTC)
            raw = tuple(StoredObject(str(file), file.stat().st_size, now) for file in files)
            engine = DuckdbEngine(LocalLake(), database, Portions())  # type: ignore[arg-type]
        else:
            lake = LakeResource(bucket=bucket)
            raw = tuple(lake.list_raw(HourRange(datehour, datehour))[datehour])
            engine = DuckdbEngine(lake, database, Portions())
        engine.compact(Sources(datehour, raw), layout.generation_prefix(datehour, "bench"))


def main() -> int:
    """Measures one way and prints it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("datehour")
    parser.add_argument("--bucket")
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*.parquet"))
    memory = Settings().compaction_memory
    wall, cpu = time.perf_counter(), time.process_time()
    if arguments.way in {PLAIN, SORTED, SAME}:
        with TemporaryDirectory() as folder:
            plain(files, Path(folder) / "out.parquet", memory, arguments.way)
    else:
        bucket = arguments.bucket if arguments.way == THROUGH_S3 else None
        ours(files, memory, bucket, arguments.datehour)
    taken = {
        "seconds": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(taken))
    return 0


if __name__ == "__main__":
    sys.exit(main())
