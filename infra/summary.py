"""What went through the platform, read back from its stores.

Belongs here: the figures that show that nothing was lost or counted twice, each from the store that
knows it, never from the input.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from infra.querying import Querying
from lambdas.aggregator.readings import RealTimeMetrics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A batch delivered again with other boundaries may have set a record aside twice.
_QUARANTINED_SQL = "SELECT count(DISTINCT shard_id || sequence_number) FROM quarantine"
# Real time counts everybody, so these count bots too.
_SESSIONS_SQL = "SELECT count(DISTINCT session_key) FROM int_events_sessionized"
_PAGE_VIEWS_SQL = "SELECT sum(views + bot_views) FROM page_views_hourly"
_TOP_PAGES_SQL = """\
SELECT page, sum(views + bot_views) AS views
FROM page_views_hourly
GROUP BY page
ORDER BY views DESC, page
LIMIT 10"""


@dataclass(frozen=True)
class StoreFigures:
    """Figures from DynamoDB and Athena.

    Attributes:
        quarantined: Records set aside.
        archived: Rows of the raw events.
        duplicates: Raw rows that repeat an event_id.
        compacted: Rows of the compacted events.
        hours: Distinct hours of the compacted events.
        visitors: Distinct visitors.
        sessions: Sessions as the batch side has them, bots included as everywhere here.
        sessions_realtime: Session items of the real-time side.
        page_views_realtime: Page views as the real-time counters have them.
        page_views_rollup: Page views as the hourly rollup has them.
        top_pages: The most viewed pages by the rollup.
    """

    quarantined: int
    archived: int
    duplicates: int
    compacted: int
    hours: int
    visitors: int
    sessions: int
    sessions_realtime: int
    page_views_realtime: int
    page_views_rollup: int
    top_pages: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """The figures by name."""
        return asdict(self)


def read_figures(querying: Querying, dynamodb: "DynamoDBClient", table_prefix: str) -> StoreFigures:
    """Reads every figure.

    Raises:
        QueryError: If a table is not there yet.
    """
    realtime = RealTimeMetrics(dynamodb, table_prefix).totals()
    raw = "SELECT count(*), count(*) - count(DISTINCT event_id) FROM raw_events"
    archived, duplicates = (int(cell or 0) for cell in querying.ask(raw).rows[0])
    lake = "SELECT count(*), count(DISTINCT datehour) FROM events"
    compacted, hours = (int(cell or 0) for cell in querying.ask(lake).rows[0])
    top = querying.ask(_TOP_PAGES_SQL)
    return StoreFigures(
        quarantined=querying.number(_QUARANTINED_SQL),
        archived=archived,
        duplicates=duplicates,
        compacted=compacted,
        hours=hours,
        visitors=querying.number("SELECT count(DISTINCT visitor_id) FROM stg_clickstream__events"),
        sessions=querying.number(_SESSIONS_SQL),
        sessions_realtime=realtime.sessions,
        page_views_realtime=realtime.page_views,
        page_views_rollup=querying.number(_PAGE_VIEWS_SQL),
        top_pages=[{"page_path": path, "views": int(views or 0)} for path, views in top.rows],
    )
