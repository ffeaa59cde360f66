"""The events a validation sends, and how they are told from everybody else's.

Belongs here: their marks. They say of themselves that they are a bot's, so the marts leave them out
as they leave out every bot; they are of a type, a session and a visitor of their own, so no figure
of anybody else changes and `clickstream erase` can take them away. They have no user agent that the
detector would raise an alert about, and no page.
"""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from lambdas.shared.lake import DATEHOUR_FORMAT, datehour_of, start_of

EVENT_TYPE = "validation"
APP = "clickstream-validate"
MOST_EVENTS = 50  # the detector takes more of one session in a minute for a burst
_RUN = re.compile(r"validation-(\d{4}-\d{2}-\d{2}-\d{2})-(\d{1,2})-[0-9a-f]{8}")
_BEFORE_ITS_END = timedelta(seconds=30)


class Run(NamedTuple):
    """One validation; its id says all that is needed to look for its events again.

    Attributes:
        id: Its id, which is also the session and the visitor of its events.
        datehour: The hour of its events.
        events: How many there are.
    """

    id: str
    datehour: str
    events: int

    @classmethod
    def begin(cls, occurred_at: datetime, events: int) -> Self:
        """A new one, with events of a moment."""
        hour = datehour_of(occurred_at)
        return cls(f"validation-{hour}-{events}-{secrets.token_hex(4)}", hour, events)

    @classmethod
    def of_id(cls, text: str) -> Self:
        """An earlier one.

        Raises:
            ValueError: If the text is no validation's id.
        """
        match = _RUN.fullmatch(text)
        if match is None or not 1 <= int(match[2]) <= MOST_EVENTS:
            raise ValueError(f"{text!r} is no validation's id: an earlier call has printed it")
        start_of(match[1])
        return cls(text, match[1], int(match[2]))

    def payloads(self, occurred_at: datetime) -> list[dict[str, object]]:
        """Its events, as a client sends them, all of one moment of its hour."""
        return [
            {
                "event_id": f"{self.id}-{number}",
                "event_type": EVENT_TYPE,
                "event_time": occurred_at.astimezone(UTC).isoformat(),
                "session_id": self.id,
                "anonymous_id": self.id,
                "app_id": APP,
                "is_bot": True,
            }
            for number in range(self.events)
        ]


def moment(now: datetime, *, of_last_hour: bool) -> datetime:
    """When the events of a validation are to have happened.

    Args:
        now: The time.
        of_last_hour: Whether in the last hour that is over. Its next rollup comes within minutes,
            where that of the current hour comes after its end.
    """
    if not of_last_hour:
        return now
    hour = now.astimezone(UTC).strftime(DATEHOUR_FORMAT)
    return start_of(hour) - _BEFORE_ITS_END
