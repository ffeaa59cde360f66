"""Where a validation's events are looked for after they were accepted.

Belongs here: the stores and what is read of them. How long is waited belongs in `following`.
"""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq

from infra.deploy.access import Clients
from infra.deploy.validation.marks import Run
from infra.querying import Querying
from infra.topology import Topology
from lambdas.aggregator.readings import RealTimeMetrics
from lambdas.shared.lake import raw_prefix


class Seen(NamedTuple):
    """What a store holds of a validation.

    Attributes:
        events: Distinct events.
        surplus: How many are there beyond that, where each ought to be there once.
    """

    events: int
    surplus: int = 0


class Stage(NamedTuple):
    """One place where the events must come to.

    Attributes:
        name: A word for it: "counted".
        where: What holds them there.
        by: What brings them there, and where to look when they do not come.
        look: Looks.
    """

    name: str
    where: str
    by: str
    look: Callable[[], Seen]


def counted(clients: Clients, topology: Topology, run: Run) -> Stage:
    """The real-time counters: each event once, though it was sent twice."""
    metrics = RealTimeMetrics(clients("dynamodb"), topology.stack)

    def look() -> Seen:
        events = sum(metrics.session_minutes(run.id).values())
        return Seen(min(events, run.events), max(0, events - run.events))

    name = f"{topology.stack}-session-metrics"
    return Stage("counted", f"DynamoDB: {name}", topology.function("aggregator").name, look)


def archived(clients: Clients, topology: Topology, run: Run, since: datetime | None) -> Stage:
    """The raw objects; what was sent twice may be there twice.

    Args:
        clients: AWS clients.
        topology: What the platform consists of.
        run: The validation.
        since: When it was sent, so that older objects need not be read; None if long ago.
    """
    bucket = next(one.name for one in topology.buckets if one.notify_queue is not None)
    reader = _RawObjects(clients("s3"), bucket, run, since)
    where = f"S3: {bucket}/{raw_prefix(run.datehour)}"
    return Stage("archived", where, topology.function("event_processor").name, reader.look)


def in_the_lake(clients: Clients, topology: Topology, run: Run) -> Stage:
    """The compacted hour: each event once.

    Athena is asked only when the hour's generation has changed, because each question is paid for.
    """
    athena = Querying(clients("athena"), topology.database, topology.workgroup)
    glue = clients("glue")
    looked_at: dict[str, Seen] = {}

    def look() -> Seen:
        try:
            partition = glue.get_partition(
                DatabaseName=topology.database, TableName="events", PartitionValues=[run.datehour]
            )
        except glue.exceptions.EntityNotFoundException:
            return Seen(0)
        generation = partition["Partition"]["StorageDescriptor"]["Location"]
        if generation not in looked_at:
            # The id is ours and matches a pattern without quotes.
            sql = (
                "SELECT count(*), count(DISTINCT event_id) FROM events "  # noqa: S608
                f"WHERE datehour = '{run.datehour}' AND session_id = '{run.id}'"
            )
            rows, distinct = (int(cell or 0) for cell in athena.ask(sql).rows[0])
            looked_at[generation] = Seen(distinct, rows - distinct)
        return looked_at[generation]

    where = f"Athena: events, hour {run.datehour}"
    by = "Dagster: sensor raw_objects, job hourly_rollup"
    return Stage("in the lake", where, by, look)


class _RawObjects:
    """Reads each raw object of an hour once."""

    def __init__(self, s3: Any, bucket: str, run: Run, since: datetime | None) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._run = run
        self._since = since
        self._read: set[tuple[str, str]] = set()
        self._found: set[str] = set()

    def look(self) -> Seen:
        """Reads what has come since the last look."""
        paginator = self._s3.get_paginator("list_objects_v2")
        for page in paginator.paginate(Bucket=self._bucket, Prefix=raw_prefix(self._run.datehour)):
            for one in page.get("Contents", []):
                version = (one["Key"], one["ETag"])
                is_older = self._since is not None and one["LastModified"] < self._since
                if version not in self._read and not is_older:
                    self._found |= self._ids_in(one["Key"])
                    self._read.add(version)
        return Seen(len(self._found))

    def _ids_in(self, key: str) -> set[str]:
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        table = pq.read_table(BytesIO(body), columns=["event_id", "session_id"])
        ours = table.filter(pc.equal(table["session_id"], self._run.id))
        return set(ours["event_id"].to_pylist())
