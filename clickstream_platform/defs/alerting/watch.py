"""What the sensor of failed runs remembers between ticks.

Belongs here: its cursor, as a pure value. What is made of it belongs to `run_failures`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Watch:
    """How far the log of failures has been read.

    Attributes:
        after: Storage id of the last failure taken into account.
        awaited: Failed runs that Dagster said it would retry, and when that was read, in epoch
            seconds. Each is forgotten as soon as its retry exists.
    """

    after: int
    awaited: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> "Watch":
        """Reads a cursor."""
        document = json.loads(text)
        return cls(document["after"], document["awaited"])

    def to_json(self) -> str:
        """Writes the cursor."""
        return json.dumps({"after": self.after, "awaited": dict(sorted(self.awaited.items()))})

    def past(self, storage_id: int) -> "Watch":
        """The cursor after one more failure."""
        return replace(self, after=max(self.after, storage_id))

    def awaiting(self, run_id: str, at: float) -> "Watch":
        """The cursor when a run is to be retried."""
        return replace(self, awaited={**self.awaited, run_id: at})

    def without(self, run_id: str) -> "Watch":
        """The cursor when nothing more is expected of a run."""
        kept = {name: at for name, at in self.awaited.items() if name != run_id}
        return replace(self, awaited=kept)
