"""The tasks of Dagster, before the service that they belong to is taken away.

Belongs here: ending them. CloudFormation ends those of the service itself, but not those of runs,
and ECS keeps a cluster in which one is under way.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

_WAIT = {"Delay": 6, "MaxAttempts": 50}
_AT_ONCE = 100  # the most that ECS describes at a time


def stop_tasks(ecs: Any, name: str) -> Iterator[str]:
    """Ends every task of a cluster, and keeps its service from beginning new ones.

    A run that is cut off is told so when Dagster is back, and tried again.

    Args:
        ecs: The client.
        name: Of the cluster and its service.

    Yields:
        The ARN of each task, once all have ended.
    """
    found = ecs.describe_clusters(clusters=[name])["clusters"]
    if not any(one["status"] == "ACTIVE" for one in found):
        return
    gone = (ecs.exceptions.ServiceNotFoundException, ecs.exceptions.ServiceNotActiveException)
    with suppress(*gone):  # it went when this was cut off the last time
        ecs.update_service(cluster=name, service=name, desiredCount=0)
    pages = ecs.get_paginator("list_tasks").paginate(cluster=name)
    tasks = [str(arn) for page in pages for arn in page["taskArns"]]
    for arn in tasks:
        ecs.stop_task(cluster=name, task=arn, reason="Dagster is taken away")
    for start in range(0, len(tasks), _AT_ONCE):
        waiter = ecs.get_waiter("tasks_stopped")
        waiter.wait(cluster=name, tasks=tasks[start : start + _AT_ONCE], WaiterConfig=_WAIT)
    yield from tasks
