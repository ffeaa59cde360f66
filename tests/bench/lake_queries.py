"""What compaction gives to queries: their time and what they scan, before and after.

Belongs here: the questions and how they are measured on the embedded Athena. It counts whole
objects as scanned; Athena reads the columns a question names, and skips row groups whose statistics
rule them out. So what Athena would read is also computed, from the files' footers.
"""

import io
import time
from typing import Any, NamedTuple

import boto3
import pyarrow.parquet as pq

from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from infra.local.launcher import Platform
from infra.querying import Querying
from lambdas.shared import lake as layout
from tests.bench.report import figure, table

_REPEATS = 5
_TABLES = {"before": "raw_events", "after": "events"}


class Question(NamedTuple):
    """A question, the columns it names, and the column by which row groups can be skipped."""

    name: str
    sql: str
    columns: tuple[str, ...]
    narrowed_by: str | None = None


QUESTIONS = (
    Question(
        "events by type", "SELECT event_type, count(*) FROM {t} {w} GROUP BY 1", ("event_type",)
    ),
    Question(
        "top pages",
        "SELECT page_path, count(*) FROM {t} {w} GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
        ("page_path",),
    ),
    Question(
        "one session",
        "SELECT event_time, event_type, page_path FROM {t} {w} AND session_id = '{s}' ORDER BY 1",
        ("session_id", "event_time", "event_type", "page_path"),
        "session_id",
    ),
)


def measure(
    platform: Platform, catalog: CatalogResource, bucket: str, datehour: str
) -> dict[str, Any]:
    """Asks every question of the raw and of the compacted hour."""
    lake = LakeResource(bucket=bucket)
    prefixes = {
        "before": layout.raw_prefix(datehour),
        "after": layout.generation_prefix(datehour, "bench"),
    }
    for when, name in _TABLES.items():
        catalog.place(name, {datehour: lake.uri(prefixes[when])})
    querying = Querying(
        boto3.client("athena"), platform.topology.database, platform.topology.workgroup
    )
    session = _some_session(querying, datehour)
    found: dict[str, Any] = {}
    for question in QUESTIONS:
        for when, name in _TABLES.items():
            sql = question.sql.format(t=name, w=f"WHERE datehour = '{datehour}'", s=session)
            found.setdefault(question.name, {})[when] = {
                "seconds": _fastest(querying, sql),
                **_footers(lake, prefixes[when], question, session),
            }
    return found


def parts(found: dict[str, Any]) -> list[str]:
    """Paragraph and table."""
    rows = [
        (
            f"{name}, {when}",
            figure(taken["seconds"]),
            taken["objects"],
            figure(taken["object_bytes"] / 1e6),
            figure(taken["needed_bytes"] / 1e6),
        )
        for name, whens in found.items()
        for when, taken in whens.items()
    ]
    header = ("question", "s, embedded", "objects", "MB of objects", "MB Athena must read")
    return ["Queries of the hour of a million events, raw and compacted:", table(header, rows)]


def _some_session(querying: Querying, datehour: str) -> str:
    sql = f"SELECT max(session_id) FROM raw_events WHERE datehour = '{datehour}'"  # noqa: S608
    return str(querying.ask(sql).rows[0][0])


def _fastest(querying: Querying, sql: str) -> float:
    taken = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        querying.ask(sql)
        taken.append(time.perf_counter() - started)
    return min(taken)


def _footers(lake: LakeResource, prefix: str, question: Question, session: str) -> dict[str, int]:
    """What the footers say: objects, their bytes, and bytes of the columns that must be read."""
    objects = list(lake.list_objects(prefix))
    needed = sum(
        _needed(pq.read_metadata(io.BytesIO(lake.read(one.key))), question, session)
        for one in objects
    )
    size = sum(one.size_bytes for one in objects)
    return {"objects": len(objects), "object_bytes": size, "needed_bytes": needed}


def _needed(footer: Any, question: Question, session: str) -> int:
    total = 0
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        chunks = [group.column(index) for index in range(group.num_columns)]
        by_name = {chunk.path_in_schema: chunk for chunk in chunks}
        narrowing = by_name.get(question.narrowed_by or "")
        statistics = narrowing.statistics if narrowing is not None else None
        is_known = statistics is not None and statistics.has_min_max
        if is_known and not statistics.min <= session <= statistics.max:
            continue
        total += sum(by_name[name].total_compressed_size for name in question.columns)
    return total
