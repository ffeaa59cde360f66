"""Alarms and the budget.

Belongs here: creating what `infra.alarms` describes and telling the operators' topic.
"""

from collections.abc import Iterator

from infra.resource_types import Alarm
from infra.terraform.blocks import block, resource
from infra.terraform.hcl import Block, Expression, Value
from infra.terraform.names import label, reference
from infra.terraform.profiles import Platform, both, only

_SIDES = {"above": "GreaterThanThreshold", "below": "LessThanThreshold"}
_SILENCE = {"fine": "notBreaching", "breach": "breaching"}
_TELLING = (("ACTUAL", 80), ("FORECASTED", 100))
_OF_THE_ACCOUNT = """\
Of the whole account: what this platform's tag costs AWS knows only once the tag is switched on in
the billing console."""


def alarms(platform: Platform) -> Iterator[Block]:
    """The alarms; they tell when they ring and when it is over."""
    told = [Expression(reference("aws_sns_topic", platform.topology.ops_topic.name, "arn"))]
    for alarm, delivery in both(platform, lambda one: one.alarms, lambda one: one.name):
        when = None if delivery is None else only(delivery)
        yield resource(
            "aws_cloudwatch_metric_alarm", label(alarm.name), _alarm(alarm, told), when=when
        )


def _alarm(alarm: Alarm, told: Value) -> dict[str, Value]:
    return {
        "alarm_name": alarm.name,
        "alarm_description": alarm.meaning,
        "namespace": alarm.namespace,
        "metric_name": alarm.metric,
        "dimensions": dict(alarm.dimensions),
        "statistic": alarm.statistic,
        "comparison_operator": _SIDES[alarm.comparison],
        "threshold": alarm.threshold,
        "period": alarm.period_s,
        "evaluation_periods": alarm.periods,
        "treat_missing_data": _SILENCE[alarm.silence],
        "alarm_actions": told,
        "ok_actions": told,
    }


def budget(platform: Platform) -> Iterator[Block]:
    """What the account may cost a month."""
    topic = Expression(reference("aws_sns_topic", platform.topology.ops_topic.name, "arn"))
    yield resource(
        "aws_budgets_budget",
        "monthly",
        {
            "name": platform.topology.stack,
            "budget_type": "COST",
            "time_unit": "MONTHLY",
            "limit_amount": Expression("tostring(var.monthly_budget_usd)"),
            "limit_unit": "USD",
        },
        *(
            block(
                "notification",
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [topic],
                },
            )
            for kind, percent in _TELLING
        ),
        comment=_OF_THE_ACCOUNT,
    )
