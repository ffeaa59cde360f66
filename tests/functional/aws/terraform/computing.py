"""Functions, their roles and logs, and queries, in CloudFormation's words."""

import json

from tests.functional.aws.terraform.terraform import Plan, Planned
from tests.functional.aws.terraform.words import One, words


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
