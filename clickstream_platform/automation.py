"""What is built without anybody asking for it.

Belongs here: named automation conditions, each clause explained. When an hour of raw objects is due
is no condition on assets but on time and silence; it belongs in `core.pending`, and the sensor that
applies it starts one run for the hour, which the models follow.
"""

from typing import Any

import dagster as dg


def follow_rebuilt_hours() -> dg.AutomationCondition[dg.AssetKey | dg.AssetCheckKey]:
    """Builds models after hours upstream of them were rebuilt, by whomever.

    By the job of the hours, by a backfill of many, by a person who materializes `lake/events` in
    the UI; however old the hours are. Models have no partitions, and their run finds out which
    hours have changed: one dbt command for all of them.

    - `any_deps_updated().since_last_handled()`: true from an upstream rebuild until the model
      was built or asked for. Nothing counts that happened before the condition existed, so that
      the first start does not rebuild all history. An hour that is rebuilt in the half minute after
      a build waits for the next hour: Dagster takes it for handled.
    - `~any_deps_match(_blocked())`: events that do not add up are not to spread. They wait until
      the checks pass again.
    - `~any_deps_in_progress()` and `~in_progress()`: hours that are being rebuilt, or wait in a
      backfill, may change the answer; waiting for their end makes one build of what would have been
      many.
    """
    return (
        dg.AutomationCondition.any_deps_updated().since_last_handled()
        & ~dg.AutomationCondition.any_deps_match(_blocked())
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("follow_rebuilt_hours")


def _blocked() -> dg.AutomationCondition[Any]:
    """Whether a check has failed that holds back what is built of an asset."""
    return dg.AutomationCondition.any_checks_match(
        dg.AutomationCondition.check_failed(), blocking_only=True
    )


def build_following_sensor(
    target: dg.AssetSelection, run_tags: dict[str, str]
) -> dg.AutomationConditionSensorDefinition:
    """The sensor that evaluates the conditions of some assets.

    Args:
        target: The assets.
        run_tags: Tags of the runs it starts: those that keep two rebuilds apart.
    """
    return dg.AutomationConditionSensorDefinition(
        "follow_rebuilt_hours",
        target=target,
        run_tags=run_tags,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        description="Builds the marts once hours were rebuilt.",
    )
