"""Alarms and the budget.

Belongs here: creating what `infra.alarms` describes and telling the operators' topic. What is drawn
belongs in `dashboard`.
"""

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.resource_types import Alarm

_SIDES = {"above": "GreaterThanThreshold", "below": "LessThanThreshold"}
_SILENCE = {"fine": "notBreaching", "breach": "breaching"}


class Alarms(Construct):
    """The alarms; they tell when they ring and when it is over."""

    def __init__(
        self, scope: Construct, id_: str, alarms: tuple[Alarm, ...], topic_arn: str
    ) -> None:
        super().__init__(scope, id_)
        for alarm in alarms:
            cloudwatch.CfnAlarm(
                self,
                alarm.name,
                alarm_name=alarm.name,
                alarm_description=alarm.meaning,
                namespace=alarm.namespace,
                metric_name=alarm.metric,
                dimensions=[
                    cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value)
                    for name, value in alarm.dimensions
                ],
                statistic=alarm.statistic,
                comparison_operator=_SIDES[alarm.comparison],
                threshold=alarm.threshold,
                period=alarm.period_s,
                evaluation_periods=alarm.periods,
                treat_missing_data=_SILENCE[alarm.silence],
                alarm_actions=[topic_arn],
                ok_actions=[topic_arn],
            )


class Budget(Construct):
    """What the account may cost a month.

    Of the whole account: a budget of this platform's tags would see nothing, and say nothing, until
    somebody has switched the tag on in the billing console. CloudWatch's own figure of charges is
    there in one region only, and only after such a switch.
    """

    def __init__(
        self, scope: Construct, id_: str, name: str, monthly_usd: float, topic_arn: str
    ) -> None:
        super().__init__(scope, id_)
        budget = budgets.CfnBudget
        told = [budget.SubscriberProperty(subscription_type="SNS", address=topic_arn)]
        budget(
            self,
            "Budget",
            budget=budget.BudgetDataProperty(
                budget_name=name,
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budget.SpendProperty(amount=monthly_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budget.NotificationWithSubscribersProperty(
                    notification=budget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=told,
                )
                for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        )
