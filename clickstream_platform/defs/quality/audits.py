"""What is asked by the clock rather than after a rebuild.

Belongs here: the job of the checks that no materialization triggers, and its schedule.
"""

import dagster as dg

# dagster.yaml limits the first tag to one run: two audits would share what a shard gives. A failed
# audit is not tried again: it says what is missing, and the next one looks again.
AUDIT_TAGS = {"clickstream/audits": "hours", "dagster/max_retries": "0"}


def build_audits(*checks: dg.AssetChecksDefinition) -> dg.Definitions:
    """The checks, the job that runs them, and its hourly schedule.

    At minute 10 the hour before the last has been archived for long. Hourly, because what is found
    can be mended only within the day that the stream remembers. A run that is late or left out
    loses nothing: the next audit begins where the last clean one ended.

    Args:
        checks: The checks.
    """
    job = dg.define_asset_job(
        "stream_audit",
        selection=dg.AssetSelection.checks(*checks),
        tags=AUDIT_TAGS,
        description="Compares the stream with the archive, and the archive with what is compacted.",
    )
    schedule = dg.ScheduleDefinition(
        name="stream_audit_hourly",
        job=job,
        cron_schedule="10 * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return dg.Definitions(asset_checks=checks, jobs=[job], schedules=[schedule])
