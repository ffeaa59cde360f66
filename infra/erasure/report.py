"""What is signed off at the end of an erasure.

Belongs here: the report's form and its checksum. Where it is stored belongs in `ledger`, how it is
printed in `text`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from infra.erasure.record import SCHEMA_VERSION, Record
from infra.erasure.remains import Remainder

FINISHED = "finished"
CHECKSUM = "sha256"


def build_report(
    record: Record,
    verified: Mapping[str, int],
    remains: Sequence[Remainder],
    finished_at: datetime,
) -> dict[str, Any]:
    """The report of an erasure that is done.

    Args:
        record: What was found and removed.
        verified: What was left in each place that was looked at again: nothing.
        remains: What is gone only later.
        finished_at: The present.

    Returns:
        The report with its checksum. Nothing in it names the person.
    """
    report: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "state": FINISHED,
        "erasure": record.digest,
        "requested_by": record.requested_by,
        "started_at": record.started_at,
        "finished_at": f"{finished_at:%Y-%m-%dT%H:%M:%SZ}",
        "attempts": record.attempts,
        "rounds": len(record.rounds),
        "ids": {"given": record.given, "linked": record.linked, "shared_not_taken": record.shared},
        "removed": dict(sorted(record.totals().items())),
        "hours": record.by_hour(),
        "remains": [one._asdict() for one in remains],
        "verified": {
            "passed": not any(verified.values()),
            "at": f"{finished_at:%Y-%m-%dT%H:%M:%SZ}",
            "left": dict(sorted(verified.items())),
        },
    }
    return {**report, CHECKSUM: checksum_of(report)}


def checksum_of(report: Mapping[str, Any]) -> str:
    """SHA-256 of a report in its canonical form: without this, keys sorted, no spaces, ASCII."""
    content = {name: value for name, value in report.items() if name != CHECKSUM}
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
