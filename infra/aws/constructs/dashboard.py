"""The dashboard.

Belongs here: drawing what `infra.figures` describes.
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.aws.arns import arn
from infra.figures import API_ID, HEIGHT, HOURS, WIDTH, Drawing, Figure, rows_of
from infra.topology import Topology


class Dashboard(Construct):
    """The alarms above, the drawings below them, two in a row."""

    def __init__(self, scope: Construct, id_: str, topology: Topology, api_id: str) -> None:
        super().__init__(scope, id_)
        alarms = [
            cloudwatch.Alarm.from_alarm_arn(self, one.name, arn("cloudwatch", f"alarm:{one.name}"))
            for one in topology.alarms
        ]
        status = cloudwatch.AlarmStatusWidget(
            title="Alarms", alarms=alarms, width=2 * WIDTH, height=HEIGHT
        )
        rows = [[_graph(drawing, api_id) for drawing in row] for row in rows_of(topology)]
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=topology.stack,
            default_interval=Duration.hours(HOURS),
            widgets=[[status], *rows],
        )


def _graph(drawing: Drawing, api_id: str) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=drawing.title,
        left=[_metric(figure, api_id) for figure in drawing.left],
        right=[_metric(figure, api_id) for figure in drawing.right],
        width=WIDTH,
        height=HEIGHT,
    )


def _metric(figure: Figure, api_id: str) -> cloudwatch.Metric:
    name, value = figure.dimension
    return cloudwatch.Metric(
        namespace=figure.namespace,
        metric_name=figure.metric,
        dimensions_map={name: value.replace(API_ID, api_id)},
        statistic=figure.statistic,
        label=figure.label,
    )
