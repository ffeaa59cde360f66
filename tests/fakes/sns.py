"""SNS in memory, as far as the detector uses it."""

import json
from typing import Any


class FakeSns:
    """Keeps what is published; refuses the first alert of as many calls as it is told."""

    def __init__(self, failing: int = 0) -> None:
        self.messages: list[dict[str, Any]] = []
        self.failing = failing

    def publish_batch(self, **call: Any) -> dict[str, Any]:
        entries = call["PublishBatchRequestEntries"]
        failed = entries[: 1 if self.failing else 0]
        self.failing = max(0, self.failing - 1)
        taken = [entry for entry in entries if entry not in failed]
        self.messages.extend(json.loads(entry["Message"]) for entry in taken)
        return {"Failed": [{"Id": entry["Id"]} for entry in failed]}
