"""What CloudWatch has been told of late.

Belongs here: one figure of the last minutes. What it means belongs to whoever asks.
"""

from datetime import UTC, datetime, timedelta

from infra.deploy.access import Clients

MINUTES = 15


def latest(
    client: Clients, namespace: str, metric: str, of: tuple[str, str], statistic: str
) -> float | None:
    """A figure of the last `MINUTES` minutes, in the metric's own unit.

    Args:
        client: AWS clients.
        namespace: The metric's namespace.
        metric: Its name.
        of: Its dimension: name, value.
        statistic: How its values become one.

    Returns:
        None when nothing was told.
    """
    now = datetime.now(UTC)
    answer = client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": of[0], "Value": of[1]}],
        StartTime=now - timedelta(minutes=MINUTES),
        EndTime=now,
        Period=60 * MINUTES,
        Statistics=[statistic],
    )
    # The minutes may lie across the border of two periods.
    return max((float(point[statistic]) for point in answer["Datapoints"]), default=None)
