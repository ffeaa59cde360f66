"""A failed run, as a person is told of it.

Belongs here: the message. Finding out that a run failed belongs to `defs/alerting`, sending the
message to the alerts resource.
"""

import json
from dataclasses import dataclass
from datetime import datetime

# SNS takes fewer than 100 characters, of ASCII alone.
_SUBJECT_CHARACTERS = 99
_ERROR_CHARACTERS = 4000


@dataclass(frozen=True)
class RunFailure:
    """A run that failed and will not be retried by itself.

    Attributes:
        job: Its job.
        run_id: Its id.
        hours: The first and the last hour it was to rebuild; None when it was about none.
        attempts: How often it was tried.
        error: What went wrong.
        at: When it failed, aware.
    """

    job: str
    run_id: str
    hours: tuple[str, str] | None
    attempts: int
    error: str
    at: datetime

    @property
    def subject(self) -> str:
        """The failure in one line that SNS accepts."""
        about = "" if self.hours is None else f" {self._span}"
        text = f"Clickstream run failed: {self.job}{about}"
        printable = "".join(one if one.isprintable() else " " for one in text)
        return printable.encode("ascii", "replace").decode()[:_SUBJECT_CHARACTERS]

    @property
    def message(self) -> str:
        """The failure as JSON, for a person and for machines."""
        hours = None
        if self.hours is not None:
            hours = {"first": self.hours[0], "last": self.hours[1]}
        return json.dumps(
            {
                "kind": "run_failed",
                "job": self.job,
                "run_id": self.run_id,
                "hours": hours,
                "attempts": self.attempts,
                "error": cut(self.error),
                "at": self.at.isoformat(),
            }
        )

    @property
    def _span(self) -> str:
        first, last = self.hours or ("", "")
        return first if first == last else f"{first} to {last}"


def cut(text: str) -> str:
    """A text no longer than a message is worth, and saying how much is missing."""
    if len(text) <= _ERROR_CHARACTERS:
        return text
    return f"{text[:_ERROR_CHARACTERS]} … ({len(text) - _ERROR_CHARACTERS:,} more characters)"
