"""What people see first in QuickSight: two sheets of figures.

Belongs here: which columns of which data set are drawn how. What the figures mean is in
docs/metrics.md; how QuickSight wants to be told belongs in `infra.aws`.
"""

from dataclasses import dataclass
from typing import Literal

Aggregation = Literal["SUM", "AVERAGE"]


@dataclass(frozen=True)
class Measure:
    """A column of numbers, or a calculated one, as one figure."""

    column: str
    aggregation: Aggregation = "SUM"


@dataclass(frozen=True)
class Visual:
    """One drawing.

    Attributes:
        title: What it says.
        kind: One figure, figures over time, or figures by a column of words, the largest first.
        values: The figures.
        by: The column of time or of words; None for one figure.
    """

    title: str
    kind: Literal["figure", "line", "bars"]
    values: tuple[Measure, ...]
    by: str | None = None


@dataclass(frozen=True)
class Sheet:
    """Drawings of one data set.

    Attributes:
        table: The data set's table.
        calculated: Columns computed in QuickSight, (name, expression).
    """

    name: str
    table: str
    visuals: tuple[Visual, ...]
    calculated: tuple[tuple[str, str], ...] = ()


SHEETS = (
    Sheet(
        "Pages",
        "page_views_hourly",
        (
            Visual("Views", "figure", (Measure("views"),)),
            Visual("Views by hour", "line", (Measure("views"), Measure("bot_views")), "hour_at"),
            Visual("Pages by views", "bars", (Measure("views"),), "page"),
            Visual("Pages people enter by", "bars", (Measure("entries"),), "page"),
            Visual("Pages people leave from", "bars", (Measure("exits"),), "page"),
        ),
    ),
    Sheet(
        "Sessions",
        "sessions",
        (
            Visual("Sessions", "figure", (Measure("one"),)),
            Visual("Share that bounces", "figure", (Measure("bounce", "AVERAGE"),)),
            Visual("Seconds engaged", "figure", (Measure("engaged_s", "AVERAGE"),)),
            Visual("Sessions by hour", "line", (Measure("one"),), "started_at"),
            Visual("Conversions by hour", "line", (Measure("conversions"),), "started_at"),
            Visual("Channels", "bars", (Measure("one"), Measure("conversions")), "channel"),
            Visual("Devices", "bars", (Measure("one"),), "device"),
            Visual("Campaigns", "bars", (Measure("conversions"),), "utm_campaign"),
        ),
        (("one", "1"), ("bounce", "ifelse({is_bounce}, 1, 0)")),
    ),
)
