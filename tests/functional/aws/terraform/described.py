"""What Terraform would create, in CloudFormation's words.

Resources that CloudFormation has as properties of another one (a bucket's, a role's) are put back
together.
"""

from collections.abc import Callable

from tests.functional.aws.terraform import buckets, computing, delivering, storing, watching
from tests.functional.aws.terraform.terraform import Plan, Planned
from tests.functional.aws.terraform.words import Described, One, given

# Nothing of their own: they make up a resource that another describer describes.
PARTS = {
    "aws_iam_role_policy",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_notification",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
}


def describe(plan: Plan) -> Described:
    """Describes everything that is planned.

    Raises:
        KeyError: If there is something that nothing here describes.
    """
    found: Described = {}
    for resource in plan.resources:
        if resource.type in PARTS:
            continue
        describer = DESCRIBERS[resource.type]
        type_, name, properties = describer(resource, plan)
        if resource.values.get("tags") is not None:
            properties["Tags"] = resource.values["tags"]
        found[type_, name] = given(properties)
    return found


DESCRIBERS: dict[str, Callable[[Planned, Plan], One]] = {
    "aws_apigatewayv2_api": watching.api,
    "aws_apigatewayv2_integration": watching.integration,
    "aws_apigatewayv2_route": watching.route,
    "aws_apigatewayv2_stage": watching.stage,
    "aws_athena_workgroup": computing.workgroup,
    "aws_budgets_budget": watching.budget,
    "aws_cloudwatch_dashboard": watching.dashboard,
    "aws_cloudwatch_log_group": computing.log_group,
    "aws_cloudwatch_log_stream": computing.log_stream,
    "aws_cloudwatch_metric_alarm": watching.alarm,
    "aws_iam_role": computing.role,
    "aws_kinesis_firehose_delivery_stream": delivering.delivery_stream,
    "aws_lambda_event_source_mapping": computing.mapping,
    "aws_lambda_function": computing.function,
    "aws_lambda_permission": computing.permission,
    "aws_dynamodb_table": storing.table,
    "aws_glue_catalog_database": storing.database,
    "aws_glue_catalog_table": storing.glue_table,
    "aws_kinesis_stream": storing.stream,
    "aws_kms_alias": storing.alias,
    "aws_kms_key": storing.key,
    "aws_s3_bucket": buckets.bucket,
    "aws_s3_bucket_policy": buckets.bucket_policy,
    "aws_sns_topic": storing.topic,
    "aws_sns_topic_policy": storing.topic_policy,
    "aws_sns_topic_subscription": storing.subscription,
    "aws_sqs_queue": storing.queue,
    "aws_sqs_queue_policy": storing.queue_policy,
}
