"""The API and what watches the platform, in CloudFormation's words."""

import json

from tests.functional.aws.terraform.terraform import Plan, Planned
from tests.functional.aws.terraform.words import One, words


def api(it: Planned, _plan: Plan) -> One:
    described = words(it.values, {"name": "Name", "protocol_type": "ProtocolType"})
    return "AWS::ApiGatewayV2::Api", it.values["name"], described


def integration(it: Planned, _plan: Plan) -> One:
    names = {
        "api_id": "ApiId",
        "integration_type": "IntegrationType",
        "integration_uri": "IntegrationUri",
        "payload_format_version": "PayloadFormatVersion",
        "timeout_milliseconds": "TimeoutInMillis",
    }
    return "AWS::ApiGatewayV2::Integration", it.values["api_id"], words(it.values, names)


def route(it: Planned, _plan: Plan) -> One:
    names = {
        "api_id": "ApiId",
        "route_key": "RouteKey",
        "authorization_type": "AuthorizationType",
        "target": "Target",
    }
    return "AWS::ApiGatewayV2::Route", it.values["route_key"], words(it.values, names)


def stage(it: Planned, _plan: Plan) -> One:
    values = it.values
    (limits,), (logged,) = values["default_route_settings"], values["access_log_settings"]
    return (
        "AWS::ApiGatewayV2::Stage",
        values["name"],
        {
            "ApiId": values["api_id"],
            "StageName": values["name"],
            "AutoDeploy": values["auto_deploy"],
            "DefaultRouteSettings": words(
                limits,
                {
                    "throttling_rate_limit": "ThrottlingRateLimit",
                    "throttling_burst_limit": "ThrottlingBurstLimit",
                },
            ),
            "AccessLogSettings": {
                "DestinationArn": logged["destination_arn"],
                "Format": json.loads(logged["format"]),
            },
        },
    )


def alarm(it: Planned, _plan: Plan) -> One:
    values = it.values
    described = words(
        values,
        {
            "alarm_name": "AlarmName",
            "alarm_description": "AlarmDescription",
            "namespace": "Namespace",
            "metric_name": "MetricName",
            "statistic": "Statistic",
            "comparison_operator": "ComparisonOperator",
            "threshold": "Threshold",
            "period": "Period",
            "evaluation_periods": "EvaluationPeriods",
            "treat_missing_data": "TreatMissingData",
            "alarm_actions": "AlarmActions",
            "ok_actions": "OKActions",
        },
    )
    described["Dimensions"] = [
        {"Name": name, "Value": value} for name, value in sorted(values["dimensions"].items())
    ]
    return "AWS::CloudWatch::Alarm", values["alarm_name"], described


def budget(it: Planned, _plan: Plan) -> One:
    values = it.values
    kind = {
        "notification_type": "NotificationType",
        "comparison_operator": "ComparisonOperator",
        "threshold": "Threshold",
        "threshold_type": "ThresholdType",
    }
    return (
        "AWS::Budgets::Budget",
        values["name"],
        {
            "Budget": {
                "BudgetName": values["name"],
                "BudgetType": values["budget_type"],
                "TimeUnit": values["time_unit"],
                "BudgetLimit": {
                    "Amount": float(values["limit_amount"]),
                    "Unit": values["limit_unit"],
                },
            },
            "NotificationsWithSubscribers": sorted(
                (
                    {
                        "Notification": words(one, kind),
                        "Subscribers": [
                            {"SubscriptionType": "SNS", "Address": arn}
                            for arn in one["subscriber_sns_topic_arns"]
                        ],
                    }
                    for one in values["notification"]
                ),
                key=lambda one: str(one["Notification"]["NotificationType"]),
            ),
        },
    )


def dashboard(it: Planned, _plan: Plan) -> One:
    name = it.values["dashboard_name"]
    body = json.loads(it.values["dashboard_body"])
    return "AWS::CloudWatch::Dashboard", name, {"DashboardName": name, "DashboardBody": body}
