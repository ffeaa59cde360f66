"""The event: the one contract that both sides of the platform speak.

Belongs here: the shape of an accepted event and the limits of its fields. How bytes become an event
belongs in `codec`; what is derived from an event afterwards belongs in `enrichment`.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

PAGE_VIEW = "page_view"

Identifier = Annotated[str, Meta(min_length=1, max_length=256)]
EventType = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:$ /-]{1,64}\Z")]
Url = Annotated[str, Meta(max_length=8192)]
Text = Annotated[str, Meta(max_length=2048)]
Instant = Annotated[datetime, Meta(tz=True)]


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One accepted event, in the order of `columns.EVENT_COLUMNS`.

    It is what the collector writes to the stream (as JSON) and what every function reads. Times are
    aware and in UTC. `shard_id` and `sequence_number` are filled in by the reader of the stream.
    """

    event_id: Identifier
    event_type: EventType
    event_time: Instant
    received_at: Instant
    session_id: Identifier
    user_id: Identifier | None = None
    anonymous_id: Identifier | None = None
    page_url: Url | None = None
    page_host: Text | None = None
    page_path: Url | None = None
    page_title: Text | None = None
    referrer: Url | None = None
    user_agent: Text | None = None
    ip: Text | None = None
    element_clicked: Text | None = None
    time_spent: float | None = None
    source_menu: Text | None = None
    experiments: dict[str, str] | None = None
    utm_source: Text | None = None
    utm_medium: Text | None = None
    utm_campaign: Text | None = None
    utm_term: Text | None = None
    utm_content: Text | None = None
    properties: str | None = None
    app_id: Text | None = None
    source: Text | None = None
    is_bot: bool | None = None
    browser: Text | None = None
    os: Text | None = None
    device: Text | None = None
    country: Text | None = None
    channel: Text | None = None
    shard_id: str | None = None
    sequence_number: str | None = None

    @property
    def page(self) -> str | None:
        """The page without query and fragment: what page views are counted by."""
        if not self.page_path:
            return self.page_url or None
        return f"{self.page_host}{self.page_path}" if self.page_host else self.page_path


class InvalidEvent(ValueError):  # noqa: N818 - the field's word is "invalid event", not "...Error"
    """An event that cannot be accepted.

    Attributes:
        reason: A short stable code, a metric dimension and a quarantine reason.
        detail: What was wrong, for a person.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
