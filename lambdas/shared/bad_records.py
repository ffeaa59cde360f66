"""Records of the stream that are no events, as they are kept in the quarantine.

Belongs here: what is kept of each, and its form. Deciding which are bad belongs to the function
that archives the stream, reading them again to `infra.set_aside`.
"""

import base64
from typing import NamedTuple

import msgspec

from lambdas.shared.codec import StreamRecord


class BadRecord(NamedTuple):
    """A record that is set aside, with the reason."""

    record: StreamRecord
    reason: str
    detail: str


def to_quarantine(bad: list[BadRecord]) -> bytes:
    """Bad records as JSON lines that can be replayed: the payload is kept as it came."""
    lines = [
        msgspec.json.encode(
            {
                "reason": item.reason,
                "detail": item.detail,
                "payload": base64.b64encode(item.record.data).decode(),
                "shard_id": item.record.shard_id,
                "sequence_number": item.record.sequence_number,
                "arrived_at": item.record.arrived_at.isoformat(),
            }
        )
        for item in bad
    ]
    return b"\n".join(lines) + b"\n"
