"""What the batch side is told from outside; the only reader of `os.environ` here.

Belongs here: names of the platform's resources and the knobs of its policies, frozen and typed.
Endpoints and credentials do not: boto3 reads AWS's own variables, so the same code runs anywhere.
"""

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of the batch side, each read from `CLICKSTREAM_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="CLICKSTREAM_", frozen=True, extra="ignore")

    lake_bucket: str = Field(default="clickstream-lake", description="Bucket of the lake")
    results_bucket: str = Field(
        default="clickstream-athena-results", description="Athena's results"
    )
    database: str = Field(default="clickstream_db", description="Glue database of every table")
    workgroup: str = Field(default="clickstream", description="Athena work group")
    raw_objects_queue: str = Field(
        default="clickstream-raw-objects", description="Queue on which S3 announces new raw objects"
    )
    stream: str = Field(default="clickstream-events", description="Stream of accepted events")
    counters_table: str = Field(
        default="clickstream-counters", description="DynamoDB table of the real-time counters"
    )
    alerts_table: str = Field(
        default="clickstream-alerts", description="DynamoDB table of the anomaly detector's alerts"
    )
    account_id: str = Field(default="123456789012", description="AWS account, for QuickSight")
    data_sets: dict[str, str] = Field(
        default={
            "page_views_hourly": "clickstream-page-views-hourly",
            "sessions": "clickstream-sessions",
        },
        description="SPICE data set id of each served mart",
    )
    first_hour: str = Field(
        default="2026-01-01-00", description="First hour of the partitions, yyyy-MM-dd-HH"
    )
    last_hour: str | None = Field(
        default=None,
        description="Last hour of the partitions when the data has an end; else they grow",
    )
    hour_grace_s: int = Field(
        default=300, description="How long after its end an hour is released", ge=0
    )
    late_debounce_s: int = Field(
        default=900,
        description="How long files of a closed hour are gathered before a rebuild",
        ge=0,
    )
    max_hours_per_run: int = Field(default=744, description="Hours one run rebuilds at most", ge=1)
    max_days_per_build: int = Field(
        default=14,
        description="Days of events that one dbt command builds at most; more are several commands",
        ge=1,
    )
    sensor_interval_s: int = Field(default=10, description="How often the sensor looks", ge=1)
    compaction_memory: str = Field(
        default="600MB",
        description="What DuckDB may use to compact an hour, as it spells it; more is spilled to "
        "disk. The process needs 350 MB beside it.",
    )
    compaction_file_bytes: int = Field(
        default=128 * 2**20, description="Size a compacted file is to have", ge=1
    )
    athena_compaction_bytes: int = Field(
        default=4 * 2**30,
        description="Hours whose raw objects are larger than this are compacted by Athena",
        ge=0,
    )
    raw_retention_days: int = Field(
        default=30, description="How long raw objects are kept once they are compacted", ge=1
    )
    events_retention_days: int | None = Field(
        default=None, description="How long compacted hours are kept; None for ever", ge=1
    )
    quarantine_retention_days: int = Field(
        default=90, description="How long records that were set aside are kept", ge=1
    )
    generation_grace_h: int = Field(
        default=24,
        description="How long a generation is kept that is no longer read; longer than a query",
        ge=1,
    )
    alert_topic_arn: str | None = Field(
        default=None,
        description="SNS topic that is told of failed runs; None: the sensor's log only",
    )
    counters_settled_s: int = Field(
        default=120,
        description="How long after its arrival an event is surely both counted and archived",
        ge=0,
    )
    audit_minutes: int = Field(
        default=23 * 60,
        description="How far back a stream audit goes for what an earlier one has missed; less "
        "than the stream keeps. 60 audits each hour once, fewer a part of it.",
        ge=1,
    )
    quiet_warning_h: int = Field(
        default=24, description="After how many hours without an event to warn", ge=1
    )
    quiet_failure_h: int = Field(
        default=72, description="After how many hours without an event that is a failure", ge=2
    )
    athena_timeout_s: float = Field(
        default=1800,
        description="How long one statement may take; Athena's own limit is 30 minutes",
        gt=0,
    )
    spice_timeout_s: float = Field(
        default=1800, description="How long a SPICE ingestion may take", gt=0
    )
    dbt_project_dir: Path = Field(
        default=Path(__file__).parent.parent / "dbt_sql", description="The dbt project"
    )

    @property
    def hour_grace(self) -> timedelta:
        """How long after its end an hour may still receive events in normal operation."""
        return timedelta(seconds=self.hour_grace_s)

    @property
    def late_debounce(self) -> timedelta:
        """How long late files are gathered before their hour is rebuilt."""
        return timedelta(seconds=self.late_debounce_s)

    @property
    def counters_settled(self) -> timedelta:
        """How long after its arrival an event is surely both counted and archived."""
        return timedelta(seconds=self.counters_settled_s)

    @property
    def audit_reach(self) -> timedelta:
        """How far back a stream audit goes."""
        return timedelta(minutes=self.audit_minutes)

    @property
    def quiet_warning(self) -> timedelta:
        """How long no event may arrive before that is a warning."""
        return timedelta(hours=self.quiet_warning_h)

    @property
    def quiet_failure(self) -> timedelta:
        """How long no event may arrive before that is a failure."""
        return timedelta(hours=self.quiet_failure_h)
