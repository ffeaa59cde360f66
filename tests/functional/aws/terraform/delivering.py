"""The delivery stream in CloudFormation's words."""

from typing import Any

from tests.functional.aws.terraform.terraform import Plan, Planned
from tests.functional.aws.terraform.words import One, Properties, words


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
