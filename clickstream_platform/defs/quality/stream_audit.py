"""The stream audit: every accepted record is archived or quarantined, or was until its erasure.

Belongs here: the check, and which objects are looked into. Comparing belongs in
`core.stream_audit`, what objects hold in `core.positions` and `core.erased`, what Dagster knows of
earlier audits in `audit_history`, reading the stream to its resource.

An hour's audit reads the hour's records once more, which a provisioned stream does not charge for,
and gets about a hundred objects a shard: $0.0001 on AWS. It is worth an hourly run because the
stream forgets after a day: until then whatever is missing can be archived after all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

import dagster as dg
from botocore.exceptions import ClientError

from clickstream_platform.core.audit_window import AuditWindow
from clickstream_platform.core.erased import ERASED_PREFIX, in_note
from clickstream_platform.core.hours import contiguous_chunks
from clickstream_platform.core.positions import (
    by_shard,
    in_parquet,
    in_quarantine,
    quarantine_prefixes,
    spans_within,
)
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.core.stream_audit import (
    Evidence,
    Findings,
    Position,
    ShardAudit,
    Span,
    redriven_positions,
)
from clickstream_platform.defs.quality.audit_history import clean_until, touched_hours
from clickstream_platform.defs.quality.audit_result import audit_result, audit_spec
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.stream import StreamResource
from lambdas.shared import lake as layout

# The op's name, by which a run is told its window. A job must not have the same.
OP = "records_are_conserved"

_OfContent = Callable[[bytes], set[Position]]

# Each shard has a limit of its own, so several are read in the time of one.
_SHARDS_AT_ONCE = 16
# A listing reads the hours between two that are wanted, if they are no further apart.
_BRIDGED_HOURS = 48
_GONE = "NoSuchKey"
# An object is written after its records arrived, by clocks that may differ this much at most.
_CLOCKS = timedelta(minutes=5)


class _Elsewhere(NamedTuple):
    """Where records lie that are neither archived nor quarantined and are not lost either.

    Attributes:
        redriven: They are on the stream once more.
        erased: They were archived or quarantined, and erased.
    """

    redriven: AbstractSet[Position] = frozenset()
    erased: AbstractSet[Position] = frozenset()


class AuditConfig(dg.Config):
    """What to audit; without any, what arrived since the last clean audit's end.

    Attributes:
        start: Begin of the window of arrival, ISO 8601 with a zone.
        end: Its end, itself not included.
    """

    start: str | None = None
    end: str | None = None


def build_stream_audit(
    raw_hours: dg.AssetKey,
    reach: timedelta,
    *,
    clock: Callable[[tzinfo], datetime] = datetime.now,
) -> dg.AssetChecksDefinition:
    """The check that accepted records are archived or quarantined.

    It takes resources `stream` and `lake`.

    Args:
        raw_hours: The asset of the raw objects.
        reach: How far back an audit goes at most for what an earlier one has missed.
        clock: What tells the present in a time zone.
    """
    spec = audit_spec(raw_hours)

    @dg.multi_asset_check(name=OP, specs=[spec])
    def records_are_conserved(
        context: dg.AssetCheckExecutionContext,
        config: AuditConfig,
        stream: StreamResource,
        lake: LakeResource,
    ) -> dg.AssetCheckResult:
        now, instance = clock(UTC), context.instance
        before = clean_until(instance, spec.key)
        is_chosen = config.start is not None or config.end is not None
        if is_chosen:
            window = AuditWindow.between(config.start or "", config.end or "")
            window.check(now, stream.retention())
        else:
            window = AuditWindow.due(now, before, reach, stream.retention())
        findings = Findings()
        if not window.is_empty:
            touched = touched_hours(instance, raw_hours, window.start)
            findings = audit(stream, lake, window, touched, now)
        # A window that somebody chose says nothing about what lies before it.
        until = before if is_chosen else findings.clean_until(window.end)
        return audit_result(spec, window, findings, until)

    return records_are_conserved


def audit(
    stream: StreamResource,
    lake: LakeResource,
    window: AuditWindow,
    touched: Iterable[str],
    now: datetime,
) -> Findings:
    """Audits a window.

    First only the hours are looked into that are known to have got objects since, which nearly
    always is enough. What is missing then is looked for everywhere, on the stream behind the
    window, where a redrive puts it, and in the notes of erasures. One that goes on meanwhile notes
    records before it takes them, but maybe after the notes were read: then all is looked at again,
    so that nothing erased is called lost.

    Args:
        stream: The stream.
        lake: The lake.
        window: The window of arrival.
        touched: Hours of event time that have received raw objects since the window began.
        now: The present.

    Returns:
        What was found.
    """
    near = [*touched, layout.datehour_of(window.start), layout.datehour_of(window.end)]
    findings = _compare(stream, lake, window, _raw_objects(lake, near), _Elsewhere())
    if findings.is_conserved:
        return findings
    known = _Elsewhere(_redriven(stream, window.start, now), _erased(lake, window))
    while True:
        everywhere = lake.list_objects(f"{layout.RAW_PREFIX}/")
        findings = _compare(stream, lake, window, everywhere, known)
        if findings.is_conserved or (erased := _erased(lake, window)) <= known.erased:
            return findings
        known = known._replace(erased=erased)


def _compare(
    stream: StreamResource,
    lake: LakeResource,
    window: AuditWindow,
    raw_objects: Iterable[StoredObject],
    known: _Elsewhere,
) -> Findings:
    """Reads the window once and compares it with the objects that may hold it."""
    prefixes = quarantine_prefixes(window.start, window.end)
    set_aside = (one for prefix in prefixes for one in lake.list_objects(prefix))
    since = window.start - _CLOCKS
    findings = Findings()
    with (
        ThreadPoolExecutor(lake.transfers, thread_name_prefix="objects") as objects,
        ThreadPoolExecutor(_SHARDS_AT_ONCE, thread_name_prefix="shards") as shards,
    ):

        def reading(of_content: _OfContent) -> Callable[[Sequence[str]], Iterator[set[Position]]]:
            return lambda keys: objects.map(lambda key: _held(lake, key, of_content), keys)

        def spans(keys: Sequence[str]) -> Iterator[list[Span]]:
            # Of each object only its ends are kept: the positions of a day would fill the memory.
            return objects.map(lambda key: spans_within(key, _held(lake, key, in_parquet)), keys)

        archived = by_shard(
            (
                one.key
                for one in raw_objects
                if one.modified_at >= since and layout.datehour_of_raw_key(one.key) is not None
            ),
            spans,
        )
        quarantined = by_shard(one.key for one in set_aside if one.modified_at >= since)

        def audit_shard(shard_id: str) -> Findings:
            shard = ShardAudit(
                Evidence(archived.get(shard_id, []), reading(in_parquet)),
                Evidence(quarantined.get(shard_id, []), reading(in_quarantine)),
                *known,
            )
            for page in stream.read(shard_id, window.start, window.end):
                shard.take(page)
            return shard.findings

        for found in shards.map(audit_shard, stream.shards()):
            findings.add(found)
    return findings


def _redriven(stream: StreamResource, start: datetime, end: datetime) -> set[Position]:
    """Where records have been that were put on the stream once more, for the archive."""

    def on_shard(shard_id: str) -> set[Position]:
        pages = stream.read(shard_id, start, end)
        return set().union(*(redriven_positions(page) for page in pages))

    with ThreadPoolExecutor(_SHARDS_AT_ONCE, thread_name_prefix="redriven") as shards:
        return set().union(*shards.map(on_shard, stream.shards()))


def _erased(lake: LakeResource, window: AuditWindow) -> set[Position]:
    """Where records were that have been erased since the window began."""
    notes = lake.list_objects(f"{ERASED_PREFIX}/")
    keys = [one.key for one in notes if one.modified_at >= window.start - _CLOCKS]
    with ThreadPoolExecutor(lake.transfers, thread_name_prefix="notes") as threads:
        return set().union(*threads.map(lambda key: _held(lake, key, in_note), keys))


def _held(lake: LakeResource, key: str, of_content: _OfContent) -> set[Position]:
    """What an object holds: nothing, if it was deleted since it was listed.

    Erasures, replays and retention do that. What is missing then is looked for once more.
    """
    try:
        return of_content(lake.read(key))
    except ClientError as error:
        if error.response["Error"]["Code"] != _GONE:
            raise
        return set()


def _raw_objects(lake: LakeResource, hours: Iterable[str]) -> Iterator[StoredObject]:
    chunks = contiguous_chunks(hours, max_hours=10**6, max_gap_hours=_BRIDGED_HOURS)
    for chunk in chunks:
        for objects in lake.list_raw(chunk).values():
            yield from objects
