"""The stream and the tables: there, and set as described.

Belongs here: Kinesis and DynamoDB. How the functions keep up with the stream belongs with them.
"""

from collections.abc import Iterator
from typing import Any

from infra.deploy.doctor.findings import Finding, missing, ok, problem, warning
from infra.deploy.sites import Site
from infra.resource_types import Table

_IN_CLEAR = "what people did lies on AWS's disks as it is"
_LOST_EVENTS = "every request to the collector is answered with retry, and nothing is counted"


def check_stream(site: Site) -> Iterator[Finding]:
    """The stream: open, encrypted, its shards, how long it keeps records."""
    stream = site.topology.stream
    subject, kinesis = f"stream {stream.name}", site.client("kinesis")
    try:
        answer = kinesis.describe_stream_summary(StreamName=stream.name)
    except kinesis.exceptions.ResourceNotFoundException:
        yield missing(subject, _LOST_EVENTS, site.recreate)
        return
    found = answer["StreamDescriptionSummary"]
    if found["StreamStatus"] not in {"ACTIVE", "UPDATING"}:
        yield problem(subject, f"is {found['StreamStatus']}", _LOST_EVENTS, site.recreate)
        return
    kept = found["RetentionPeriodHours"]
    if kept < stream.retention_hours:
        means = (
            f"what fails for longer than {kept} h is lost; described are {stream.retention_hours} h"
        )
        yield problem(subject, f"keeps records for {kept} h", means, site.recreate)
        return
    if found.get("EncryptionType", "NONE") == "NONE":
        yield warning(subject, "is not encrypted", _IN_CLEAR, site.recreate)
        return
    shards = found["OpenShardCount"]
    if shards != stream.shards and not stream.on_demand:
        means = f"described are {stream.shards}"
        do = "make the description say what is wanted (docs/operations.md, Reshard)"
        yield warning(subject, f"has {shards} open shards", means, do)
        return
    yield ok(subject, f"open, {shards} shard{'s' if shards > 1 else ''}, keeps {kept} h")


def check_table(site: Site, table: Table) -> Iterator[Finding]:
    """A table: its keys, its time to live, and what keeps it from being lost."""
    subject, dynamodb = f"table {table.name}", site.client("dynamodb")
    try:
        found = dynamodb.describe_table(TableName=table.name)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        means = "the functions that write it fail, and give their batches up"
        yield missing(subject, means, site.recreate)
        return
    keys, wanted = _keys_of(found), _wanted_keys(table)
    if keys != wanted:
        means = f"described are {_spelled(wanted)}: nothing can be written to it"
        do = "move its items to a table with the right keys; a table's keys cannot be changed"
        yield problem(subject, f"has the keys {_spelled(keys)}", means, do)
        return
    expiry = dynamodb.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    told = expiry.get("AttributeName") if expiry["TimeToLiveStatus"].startswith("ENABL") else None
    if told != table.ttl_attribute:
        means = (
            f"described is {table.ttl_attribute!r}: the table grows for ever, and so does its cost"
        )
        yield problem(subject, f"items expire by {told!r}", means, site.recreate)
        return
    yield ok(subject, f"{found['TableStatus'].lower()}, keys {_spelled(keys)}, expires by {told}")
    yield from _unprotected(site, table, is_protected=bool(found.get("DeletionProtectionEnabled")))


def _unprotected(site: Site, table: Table, *, is_protected: bool) -> Iterator[Finding]:
    subject = f"protection of table {table.name}"
    if table.deletion_protection and not is_protected:
        yield warning(
            subject, "nothing protects it", "one wrong call deletes the table", site.recreate
        )
    answer = site.client("dynamodb").describe_continuous_backups(TableName=table.name)
    recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if table.point_in_time_recovery and recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        means = "what is overwritten or deleted by mistake cannot be had back"
        yield warning(subject, "no point-in-time recovery", means, site.recreate)


def _keys_of(found: Any) -> list[tuple[str, str]]:
    types = {one["AttributeName"]: one["AttributeType"] for one in found["AttributeDefinitions"]}
    order = sorted(found["KeySchema"], key=lambda key: str(key["KeyType"]))  # HASH, RANGE
    return [(key["AttributeName"], types[key["AttributeName"]]) for key in order]


def _wanted_keys(table: Table) -> list[tuple[str, str]]:
    return [(name, "S") for name in (table.hash_key, table.range_key) if name is not None]


def _spelled(keys: list[tuple[str, str]]) -> str:
    return ", ".join(name if kind == "S" else f"{name} ({kind})" for name, kind in keys)
