"""The dashboard.

Belongs here: drawing what `infra.figures` describes, in the words of CloudWatch's own document.
"""

from collections.abc import Iterable, Iterator

from infra.delivery_profiles import Delivery
from infra.figures import API_ID, HEIGHT, HOURS, WIDTH, Drawing, Figure, rows_of
from infra.terraform.blocks import resource
from infra.terraform.hcl import Block, Call, Conditional, Expression, Inline, Value
from infra.terraform.names import reference
from infra.terraform.profiles import Platform, both, only
from infra.topology import Topology

_API = "${aws_apigatewayv2_api.collector.id}"


def blocks(platform: Platform) -> Iterator[Block]:
    """The alarms above, the drawings below them, two in a row."""
    widgets = [_alarms(platform)]
    places = [
        (row, column)
        for row, drawings in enumerate(rows_of(platform.topology), start=1)
        for column in range(len(drawings))
    ]
    widgets.extend(_graph(platform, *place) for place in places)
    body: Value = {"start": f"-PT{HOURS}H", "widgets": widgets}
    yield resource(
        "aws_cloudwatch_dashboard",
        "platform",
        {"dashboard_name": platform.topology.stack, "dashboard_body": Call("jsonencode", (body,))},
    )


def _alarms(platform: Platform) -> Value:
    listed = [
        (
            Expression(
                reference(
                    "aws_cloudwatch_metric_alarm",
                    alarm.name,
                    "arn",
                    None if delivery is None else only(delivery),
                )
            ),
            delivery,
        )
        for alarm, delivery in both(platform, lambda one: one.alarms, lambda one: one.name)
    ]
    return {
        "type": "alarm",
        "width": 2 * WIDTH,
        "height": HEIGHT,
        "x": 0,
        "y": 0,
        "properties": {"title": "Alarms", "alarms": _of_the_profile(listed)},
    }


def _graph(platform: Platform, row: int, column: int) -> Value:
    def figures(topology: Topology) -> list[tuple[Figure, str]]:
        drawing = _drawing(topology, row, column)
        sides = ((drawing.left, "left"), (drawing.right, "right"))
        return [(figure, side) for figures, side in sides for figure in figures]

    metrics = [(_metric(*one), delivery) for one, delivery in both(platform, figures)]
    return {
        "type": "metric",
        "width": WIDTH,
        "height": HEIGHT,
        "x": column * WIDTH,
        "y": row * HEIGHT,
        "properties": {
            "view": "timeSeries",
            "title": _drawing(platform.topology, row, column).title,
            "region": Expression("local.region"),
            "metrics": _of_the_profile(metrics),
            "yAxis": Inline({}),
        },
    }


def _drawing(topology: Topology, row: int, column: int) -> Drawing:
    return rows_of(topology)[row - 1][column]


def _metric(figure: Figure, side: str) -> Value:
    name, value = figure.dimension
    shown: dict[str, Value] = {"label": figure.label, "stat": figure.statistic}
    if side == "right":
        shown["yAxis"] = "right"
    return [figure.namespace, figure.metric, name, value.replace(API_ID, _API), Inline(shown)]


def _of_the_profile(listed: Iterable[tuple[Value, Delivery | None]]) -> Value:
    """A list of what is in both profiles and, in its place, what is only in the one chosen."""
    runs: list[tuple[Delivery | None, list[Value]]] = []
    for value, delivery in listed:
        if not runs or runs[-1][0] != delivery:
            runs.append((delivery, []))
        runs[-1][1].append(value)
    if [delivery for delivery, _ in runs] == [None]:
        return runs[0][1]
    return Call("concat", tuple(_run(*run) for run in runs))


def _run(delivery: Delivery | None, values: list[Value]) -> Value:
    return values if delivery is None else Conditional(only(delivery), values)
