"""The delivery stream of the profile `firehose`.

Belongs here: how a described delivery stream becomes one of Firehose.
"""

from collections.abc import Iterator

from infra.aws.policies.delivery_streams import LOG_STREAM, log_group_of
from infra.aws.policies.principals import FIREHOSE
from infra.resource_types import DeliveryStream
from infra.terraform.blocks import block, policy_document, resource
from infra.terraform.hcl import Block, Call, Expression, Value
from infra.terraform.names import Names, function_arn, label, reference
from infra.terraform.parts.roles import Principal, log_group, policies_of, role
from infra.terraform.profiles import Platform, only

_WHEN = only("firehose")
_WINDOW = Expression("var.archive_window_s")
_EACH = Expression("tostring(parameters.value)")
_LONGEST_S = 60
# Firehose's; the role is the delivery stream's own.
DEFAULTS = {"NumberOfRetries": "3", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}


def blocks(platform: Platform, names: Names) -> Iterator[Block]:
    """Delivery streams, each with a role and a log of its own."""
    topology = platform.of("firehose")
    for stream in topology.delivery_streams:
        who = Principal(FIREHOSE, stream.name, topology, _trust(), _WHEN)
        yield log_group(label(stream.name), log_group_of(stream), _WHEN)
        yield resource(
            "aws_cloudwatch_log_stream",
            label(stream.name),
            {"name": LOG_STREAM, "log_group_name": who.its("aws_cloudwatch_log_group", "name")},
            when=_WHEN,
        )
        yield from role(who, names)
        yield _delivery_stream(stream, who, names)


def _trust() -> Call:
    """Firehose, where it works for this account."""
    statement: dict[str, Value] = {
        "Effect": "Allow",
        "Principal": {"Service": "firehose.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": Expression("local.account")}},
    }
    return policy_document([statement])


def _delivery_stream(stream: DeliveryStream, who: Principal, names: Names) -> Block:
    role_arn = who.its("aws_iam_role", "arn")
    return resource(
        "aws_kinesis_firehose_delivery_stream",
        label(stream.name),
        {
            "name": stream.name,
            "destination": "extended_s3",
            "depends_on": [Expression("aws_cloudwatch_log_stream.archive"), *policies_of(who)],
        },
        block(
            "kinesis_source_configuration",
            {
                "kinesis_stream_arn": Expression(
                    reference("aws_kinesis_stream", stream.stream, "arn")
                ),
                "role_arn": role_arn,
            },
        ),
        block(
            "extended_s3_configuration",
            {
                "bucket_arn": Expression(reference("aws_s3_bucket", stream.bucket, "arn")),
                "role_arn": role_arn,
                "prefix": stream.prefix,
                "error_output_prefix": stream.error_prefix,
                "buffering_size": stream.buffer_mb,
                "buffering_interval": _WINDOW,
                "compression_format": "UNCOMPRESSED",  # the Parquet pages are compressed
            },
            *_destination(stream, who, names),
        ),
        when=_WHEN,
    )


def _destination(stream: DeliveryStream, who: Principal, names: Names) -> Iterator[Block]:
    yield block(
        "dynamic_partitioning_configuration",
        {"enabled": True, "retry_duration": stream.partition_retry_s},
    )
    yield _transformation(stream, names)
    yield _conversion(stream, who)
    yield block(
        "cloudwatch_logging_options",
        {
            "enabled": True,
            "log_group_name": who.its("aws_cloudwatch_log_group", "name"),
            "log_stream_name": who.its("aws_cloudwatch_log_stream", "name"),
        },
    )


def _transformation(stream: DeliveryStream, names: Names) -> Block:
    """The call of the function.

    The provider does not keep parameters that have Firehose's defaults, and would want to set them
    again at every plan.
    """
    given = {
        "NumberOfRetries": str(stream.transform_retries),
        "BufferSizeInMBs": str(stream.transform_buffer_mb),
    }
    called: dict[str, Value] = {
        "LambdaArn": f"{names.text(function_arn(stream.transform))}:$LATEST",
        **{name: value for name, value in given.items() if value != DEFAULTS[name]},
    }
    window = f"min({_WINDOW.text}, {_LONGEST_S})"
    differs = f"{window} == {DEFAULTS['BufferIntervalInSeconds']} ? [] : [{window}]"
    return block(
        "processing_configuration",
        {"enabled": True},
        block(
            "processors",
            {"type": "Lambda"},
            *(block("parameters", _parameter(name, value)) for name, value in called.items()),
            Block(
                "dynamic",
                ("parameters",),
                {"for_each": Expression(differs)},
                (block("content", _parameter("BufferIntervalInSeconds", _EACH)),),
            ),
        ),
    )


def _parameter(name: str, value: Value) -> dict[str, Value]:
    return {"parameter_name": name, "parameter_value": value}


def _conversion(stream: DeliveryStream, who: Principal) -> Block:
    reading: dict[str, Value] = {
        "case_insensitive": stream.lowercase_keys,
        "convert_dots_in_json_keys_to_underscores": False,
    }
    return block(
        "data_format_conversion_configuration",
        {"enabled": True},
        block(
            "input_format_configuration",
            {},
            block("deserializer", {}, block("open_x_json_ser_de", reading)),
        ),
        block(
            "output_format_configuration",
            {},
            block("serializer", {}, block("parquet_ser_de", {"compression": stream.compression})),
        ),
        block(
            "schema_configuration",
            {
                "catalog_id": Expression("local.account"),
                "database_name": Expression(
                    f"aws_glue_catalog_table.{stream.schema_table}.database_name"
                ),
                "table_name": Expression(f"aws_glue_catalog_table.{stream.schema_table}.name"),
                "region": Expression("local.region"),
                "role_arn": who.its("aws_iam_role", "arn"),
                "version_id": "LATEST",
            },
        ),
    )
