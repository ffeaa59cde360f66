"""The module's functions, their front and their watch, in CloudFormation's words."""

import json
from typing import Any

from tests.functional.aws.terraform.terraform import Plan, Planned
from tests.functional.aws.terraform.words import One, Properties, words


def role(it: Planned, plan: Plan) -> One:
    """With its policies as one, whose statements are in the order of their files."""
    name = it.values["name"]
    statements = [
        statement
        for one in plan.resources
        if one.type == "aws_iam_role_policy" and one.values["role"] == name
        for statement in json.loads(one.values["policy"])["Statement"]
    ]
    return (
        "AWS::IAM::Role",
        name,
        {
            "AssumeRolePolicyDocument": json.loads(it.values["assume_role_policy"]),
            "Statements": statements,
        },
    )


def function(it: Planned, _plan: Plan) -> One:
    values = it.values
    return (
        "AWS::Lambda::Function",
        values["function_name"],
        {
            "FunctionName": values["function_name"],
            "Role": values["role"],
            "Runtime": values["runtime"],
            "Architectures": values["architectures"],
            "Handler": values["handler"],
            "MemorySize": values["memory_size"],
            "Timeout": values["timeout"],
            "ReservedConcurrentExecutions": values["reserved_concurrent_executions"],
            "Environment": {"Variables": values["environment"][0]["variables"]},
            "LoggingConfig": words(
                values["logging_config"][0], {"log_group": "LogGroup", "log_format": "LogFormat"}
            ),
            "Code": {"ZipFile": values["filename"]},
        },
    )


def mapping(it: Planned, _plan: Plan) -> One:
    values = it.values
    (destination,) = values["destination_config"]
    (failed,) = destination["on_failure"]
    name = values["function_name"].rpartition(":")[2]
    described = words(
        values,
        {
            "event_source_arn": "EventSourceArn",
            "starting_position": "StartingPosition",
            "batch_size": "BatchSize",
            "maximum_batching_window_in_seconds": "MaximumBatchingWindowInSeconds",
            "maximum_retry_attempts": "MaximumRetryAttempts",
            "maximum_record_age_in_seconds": "MaximumRecordAgeInSeconds",
            "bisect_batch_on_function_error": "BisectBatchOnFunctionError",
            "parallelization_factor": "ParallelizationFactor",
            "function_response_types": "FunctionResponseTypes",
        },
    )
    described["FunctionName"] = name
    described["DestinationConfig"] = {"OnFailure": {"Destination": failed["destination_arn"]}}
    return "AWS::Lambda::EventSourceMapping", name, described


def permission(it: Planned, _plan: Plan) -> One:
    names = {
        "action": "Action",
        "function_name": "FunctionName",
        "principal": "Principal",
        "source_arn": "SourceArn",
    }
    return "AWS::Lambda::Permission", it.values["function_name"], words(it.values, names)


def log_group(it: Planned, _plan: Plan) -> One:
    names = {
        "name": "LogGroupName",
        "retention_in_days": "RetentionInDays",
        "kms_key_id": "KmsKeyId",
    }
    return "AWS::Logs::LogGroup", it.values["name"], words(it.values, names)


def log_stream(it: Planned, _plan: Plan) -> One:
    names = {"name": "LogStreamName", "log_group_name": "LogGroupName"}
    return "AWS::Logs::LogStream", it.values["name"], words(it.values, names)


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


def workgroup(it: Planned, _plan: Plan) -> One:
    (settings,) = it.values["configuration"]
    (result,) = settings["result_configuration"]
    (encryption,) = result["encryption_configuration"]
    return (
        "AWS::Athena::WorkGroup",
        it.values["name"],
        {
            "Name": it.values["name"],
            "RecursiveDeleteOption": it.values["force_destroy"],
            "WorkGroupConfiguration": {
                **words(
                    settings,
                    {
                        "enforce_workgroup_configuration": "EnforceWorkGroupConfiguration",
                        "publish_cloudwatch_metrics_enabled": "PublishCloudWatchMetricsEnabled",
                        "bytes_scanned_cutoff_per_query": "BytesScannedCutoffPerQuery",
                    },
                ),
                "ResultConfiguration": {
                    "OutputLocation": result["output_location"],
                    "EncryptionConfiguration": words(
                        encryption,
                        {"encryption_option": "EncryptionOption", "kms_key_arn": "KmsKey"},
                    ),
                },
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


def delivery_stream(it: Planned, _plan: Plan) -> One:
    values = it.values
    (source,) = values["kinesis_source_configuration"]
    (destination,) = values["extended_s3_configuration"]
    return (
        "AWS::KinesisFirehose::DeliveryStream",
        values["name"],
        {
            "DeliveryStreamName": values["name"],
            "DeliveryStreamType": "KinesisStreamAsSource",
            "KinesisStreamSourceConfiguration": words(
                source, {"kinesis_stream_arn": "KinesisStreamARN", "role_arn": "RoleARN"}
            ),
            "ExtendedS3DestinationConfiguration": _destination(destination),
        },
    )


def _destination(it: Any) -> Properties:
    (partitioning,) = it["dynamic_partitioning_configuration"]
    (processing,) = it["processing_configuration"]
    (logging,) = it["cloudwatch_logging_options"]
    return {
        **words(
            it,
            {
                "bucket_arn": "BucketARN",
                "role_arn": "RoleARN",
                "prefix": "Prefix",
                "error_output_prefix": "ErrorOutputPrefix",
                "compression_format": "CompressionFormat",
            },
        ),
        "BufferingHints": words(
            it, {"buffering_size": "SizeInMBs", "buffering_interval": "IntervalInSeconds"}
        ),
        "DynamicPartitioningConfiguration": {
            "Enabled": partitioning["enabled"],
            "RetryOptions": {"DurationInSeconds": partitioning["retry_duration"]},
        },
        "ProcessingConfiguration": {
            "Enabled": processing["enabled"],
            "Processors": [_processor(one) for one in processing["processors"]],
        },
        "DataFormatConversionConfiguration": _conversion(
            it["data_format_conversion_configuration"][0]
        ),
        "CloudWatchLoggingOptions": words(
            logging,
            {
                "enabled": "Enabled",
                "log_group_name": "LogGroupName",
                "log_stream_name": "LogStreamName",
            },
        ),
    }


def _processor(it: Any) -> Properties:
    names = {"parameter_name": "ParameterName", "parameter_value": "ParameterValue"}
    parameters = [words(one, names) for one in it["parameters"]]
    return {
        "Type": it["type"],
        "Parameters": sorted(parameters, key=lambda one: str(one["ParameterName"])),
    }


def _conversion(it: Any) -> Properties:
    (deserializer,) = it["input_format_configuration"][0]["deserializer"]
    (serializer,) = it["output_format_configuration"][0]["serializer"]
    (schema,) = it["schema_configuration"]
    return {
        "Enabled": it["enabled"],
        "InputFormatConfiguration": {
            "Deserializer": {
                "OpenXJsonSerDe": words(
                    deserializer["open_x_json_ser_de"][0],
                    {
                        "case_insensitive": "CaseInsensitive",
                        "convert_dots_in_json_keys_to_underscores": (
                            "ConvertDotsInJsonKeysToUnderscores"
                        ),
                    },
                )
            }
        },
        "OutputFormatConfiguration": {
            "Serializer": {
                "ParquetSerDe": {"Compression": serializer["parquet_ser_de"][0]["compression"]}
            }
        },
        "SchemaConfiguration": words(
            schema,
            {
                "catalog_id": "CatalogId",
                "database_name": "DatabaseName",
                "table_name": "TableName",
                "region": "Region",
                "role_arn": "RoleARN",
                "version_id": "VersionId",
            },
        ),
    }
