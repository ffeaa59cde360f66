"""How set-aside records and failed batches are shown.

Belongs here: wording and safe text. What is shown comes from strangers: it is never read as markup,
and nothing in it reaches the terminal as a control character.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from infra.presentation import one_line
from infra.set_aside.failed_batches import HIDDEN_S, Message
from infra.set_aside.front_door import Refusal
from infra.set_aside.quarantine import Chosen, SetAside
from infra.set_aside.redrive import Outcome
from infra.set_aside.replay import Replayed
from infra.set_aside.undelivered import Rearchived
from lambdas.shared.bad_records import BadRecord

_BREAKS = str.maketrans("", "", "\t\n\r")


def payload_of(payload: bytes) -> tuple[str, str]:
    """A payload as text and how it is written: `utf-8` when it is printable, else `base64`."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        text = "\0"
    if text.translate(_BREAKS).isprintable():
        return text, "utf-8"
    return base64.b64encode(payload).decode(), "base64"


def counts_table(counts: Iterable[tuple[str, str, int]]) -> Table:
    """How much is set aside, by day and reason."""
    table = Table("day", "reason")
    table.add_column("records", justify="right")
    for day, reason, count in counts:
        table.add_row(escape(one_line(day)), escape(one_line(reason)), f"{count:,}")
    return table


def counts_json(counts: Iterable[tuple[str, str, int]]) -> str:
    """The same as JSON."""
    names = ("day", "reason", "records")
    return json.dumps([dict(zip(names, row, strict=True)) for row in counts], indent=2)


def as_json(record: SetAside) -> dict[str, str]:
    """A record as a JSON object."""
    payload, encoding = payload_of(record.payload)
    return {
        "reason": record.reason,
        "detail": record.detail,
        "shard_id": record.shard_id,
        "sequence_number": record.sequence_number,
        "arrived_at": record.arrived_at.isoformat(),
        "payload": payload,
        "payload_encoding": encoding,
    }


def record_lines(record: SetAside) -> Iterator[str]:
    """A record for a person; the payload is indented, so that it cannot pass for another line."""
    payload, encoding = payload_of(record.payload)
    yield f"{one_line(record.reason)}: {one_line(record.detail)}"
    yield f"  at {place_of(record)}, arrived {record.arrived_at.isoformat()}"
    yield f"  payload, {len(record.payload):,} bytes" + (
        ", base64:" if encoding == "base64" else ":"
    )
    yield from (f"    {one_line(line)}" for line in payload.splitlines())


def refused_line(record: SetAside, refusal: Refusal) -> str:
    """Why a record is still refused."""
    why = f"{one_line(refusal.reason)}: {one_line(refusal.detail)}"
    return f"refused  {record.day} {place_of(record)}  {why}"


def replayed_line(outcome: Replayed) -> str:
    """What became of a replay."""
    parts = [f"{outcome.accepted:,} accepted and taken out of the quarantine"]
    if left := outcome.refused.total():
        parts.append(f"{left:,} still refused ({_reasons(outcome.refused)})")
    return "; ".join(parts)


def preview_line(outcome: Replayed) -> str:
    """What a replay would do; the collector has the last word."""
    parts = [f"{outcome.accepted:,} would be sent"]
    if left := outcome.refused.total():
        parts.append(f"{left:,} would still be refused ({_reasons(outcome.refused)})")
    return "; ".join(parts)


def nothing_set_aside(chosen: Chosen) -> str:
    """That there is nothing to show or send."""
    reason = f" with reason {one_line(chosen.reason)}" if chosen.reason else ""
    day = f" on {chosen.day}" if chosen.day else ""
    return f"Nothing is set aside{reason}{day}."


def nothing_failed(hidden: int) -> str:
    """That the queue is empty, or only seems to be."""
    if hidden:
        return (
            f"No failed batch can be taken now: {hidden:,} are held by another redrive, or by one "
            f"that was cut off; these come back within {HIDDEN_S // 60} minutes."
        )
    return "No batch has failed: the queue is empty."


def waiting_line(messages: Sequence[Message]) -> str:
    """What waits to be redriven."""
    records = sum(message.batch.size for message in messages if message.batch is not None)
    batches = "1 failed batch" if len(messages) == 1 else f"{len(messages):,} failed batches"
    return f"{batches} of {records:,} {'record' if records == 1 else 'records'} in all"


def outcome_lines(outcome: Outcome, *, is_preview: bool) -> Iterator[str]:
    """What became of a failed batch, and each of its records that is no event."""
    batch = outcome.message.batch
    if batch is None:
        yield f"message {outcome.message.id}: {one_line(outcome.message.body[:200])}"
    else:
        sent = "would be sent" if is_preview else "sent"
        yield (
            f"{one_line(batch.function)} {one_line(batch.shard_id)} {batch.first} to {batch.last} "
            f"({one_line(batch.condition)}): {batch.size:,} records, {outcome.found:,} on the "
            f"stream, {outcome.sent:,} {sent}, {len(outcome.bad):,} no events, "
            f"{outcome.passed_over:,} for another function"
        )
    yield from _no_events(outcome.bad)
    if outcome.problem:
        yield f"  {'kept on the queue' if outcome.is_kept else 'lost'}: {outcome.problem}"


def undelivered_line(objects: int) -> str:
    """What Firehose could not deliver."""
    which = "1 object" if objects == 1 else f"{objects:,} objects"
    return f"{which} of records that Firehose could not deliver"


def rearchived_lines(done: Rearchived, *, is_preview: bool) -> Iterator[str]:
    """What became of an object of undelivered records, and each of them that is no event."""
    archived = "would be archived" if is_preview else "archived"
    yield (
        f"{one_line(done.key)} ({_reasons(done.codes)}): {done.archived:,} {archived}, "
        f"{len(done.bad):,} no events, {done.passed_over:,} for another function"
    )
    yield from _no_events(done.bad)
    if done.placeless:
        yield f"  {done.placeless:,} of them are no longer on the stream: the audit cannot tell"


def place_of(record: SetAside) -> str:
    """A record's place on the stream."""
    return f"{one_line(record.shard_id)}:{one_line(record.sequence_number)}"


def _no_events(bad: Iterable[BadRecord]) -> Iterator[str]:
    for item in bad:
        why = f"{item.reason}: {one_line(item.detail)}"
        yield f"  no event  {one_line(item.record.shard_id)}:{item.record.sequence_number}  {why}"


def _reasons(refused: Counter[str]) -> str:
    return ", ".join(f"{one_line(reason)} {count:,}" for reason, count in refused.most_common())
