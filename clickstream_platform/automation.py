"""What is built without anybody asking for it.

Belongs here: named automation conditions, each clause explained. When an hour of raw objects is due
is no condition on assets but on time and silence; it belongs in `core.pending`, and the sensor that
applies it starts one run for the hour and everything downstream of it.
"""

import dagster as dg


def follow_rebuilt_hours() -> dg.AutomationCondition[dg.AssetKey | dg.AssetCheckKey]:
    """Builds models again after an hour upstream of them was rebuilt by anybody else.

    For rebuilds that were not the sensor's: a person who materializes `lake/events` in the UI, a
    backfill of the lake alone, an erasure. Without it the marts would show what no longer is there
    until the next hour. However old the hour is: models have no partitions, and the run finds out
    which hours have changed.

    - `any_deps_updated().since_last_handled()`: true from an upstream rebuild until the model was
      built or asked for. It does not count rebuilds by a run that builds this model as well, so the
      sensor's own runs, which do all of an hour, are not done twice; nor anything that happened
      before the condition existed, so that the first start does not rebuild all history.
    - `~any_deps_in_progress()` and `~in_progress()`: a rebuild that is still going on may change
      the answer; waiting for its end makes one build of what would have been two.
    """
    return (
        dg.AutomationCondition.any_deps_updated().since_last_handled()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("follow_rebuilt_hours")


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
        minimum_interval_seconds=60,
        description="Builds the marts of hours that were rebuilt by hand.",
    )
