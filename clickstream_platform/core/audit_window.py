"""Which part of the stream an audit looks at.

Belongs here: windows of arrival time, half-open. Reading one belongs to the stream's resource.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_HOUR = timedelta(hours=1)
# By then what arrived has been archived, however often the function had to be tried again: it
# gathers for a minute and has five to run.
_DELAY = _HOUR
# Sooner than this after its arrival a record may still be on its way into the archive.
_SETTLED_AFTER = timedelta(minutes=10)
# What the stream is about to forget is left out: it may do so while it is read.
_FORGETTING = timedelta(minutes=15)


class AuditWindowError(ValueError):
    """A window that cannot be audited; says why."""


@dataclass(frozen=True)
class AuditWindow:
    """A window of arrival time.

    Attributes:
        start: Its begin.
        end: Its end, itself not included.
    """

    start: datetime
    end: datetime

    @classmethod
    def due(
        cls, now: datetime, clean_until: datetime | None, reach: timedelta, retention: timedelta
    ) -> "AuditWindow":
        """What is to be audited now: all that arrived since the last clean audit's end.

        So nothing is left out when an audit was not run, and what was missing is looked for again
        until it is there, or the stream has forgotten it.

        Args:
            now: The present.
            clean_until: Up to when everything was accounted for; None when that is not known.
            reach: How long before the window's end it begins at most.
            retention: How long the stream keeps a record.

        Returns:
            A window that ends with the last hour that ended an hour ago or longer. It is empty
            when that has been audited.
        """
        end = (now.astimezone(UTC) - _DELAY).replace(minute=0, second=0, microsecond=0)
        start = max(end - reach, now.astimezone(UTC) - retention + _FORGETTING)
        if clean_until is not None:
            start = max(start, clean_until)
        return cls(min(start, end), end)

    @classmethod
    def between(cls, start: str, end: str) -> "AuditWindow":
        """The window between two times in ISO 8601, with their zones.

        Raises:
            AuditWindowError: If one is no such time.
        """
        return cls(_instant(start), _instant(end))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to audit."""
        return self.start >= self.end

    def check(self, now: datetime, retention: timedelta) -> None:
        """Checks that an audit of the window would be right.

        Args:
            now: The present.
            retention: How long the stream keeps a record.

        Raises:
            AuditWindowError: If the stream has forgotten some of it, or the archive is not done.
        """
        if self.is_empty:
            raise AuditWindowError(f"the window ends at {self.end} and begins at {self.start}")
        if self.start < now - retention:
            raise AuditWindowError(
                f"the window begins at {self.start}; the stream keeps a record for {retention}, "
                "and the audit would take what it has forgotten for invented"
            )
        if self.end > now - _SETTLED_AFTER:
            raise AuditWindowError(
                f"the window ends at {self.end}: what arrived less than {_SETTLED_AFTER} ago may "
                "still be on its way into the archive"
            )


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise AuditWindowError(f"{text!r} is no time with a zone: write 2026-11-23T08:00:00Z")
    return instant.astimezone(UTC)
