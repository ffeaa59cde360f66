"""The delivery stream of the profile `firehose`.

Belongs here: how a described delivery stream becomes one of Firehose. Which profile there is
belongs in `infra.delivery_profiles`, what its role may do is handed in.
"""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk.aws_kinesisfirehose import CfnDeliveryStream as Cfn
from constructs import Construct

from infra.aws.acknowledgements import acknowledge
from infra.aws.arns import arn, bucket_arn, filled, stream_arn
from infra.aws.constructs.functions import Surroundings, log_group
from infra.aws.policies.delivery_streams import LOG_STREAM, log_group_of, newest_of
from infra.aws.policies.statements import Statement
from infra.aws.statements import acknowledge_prefixes, policy_of
from infra.resource_types import DeliveryStream


class Delivery(Construct):
    """A delivery stream with a role and a log of its own.

    Raises:
        ValueError: If a time is no whole number of seconds, which Firehose does not have.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        stream: DeliveryStream,
        database: str,
        statements: Sequence[Statement],
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, id_)
        self._stream = stream
        self._database = database
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "firehose.amazonaws.com",
                conditions={"StringEquals": {"sts:ExternalId": Aws.ACCOUNT_ID}},
            ),
            inline_policies={"Delivery": policy_of(statements)},
        )
        acknowledge_prefixes(role, statements)
        self._role_arn = role.role_arn
        group = log_group(self, log_group_of(stream), surroundings)
        log = logs.CfnLogStream(
            self, "LogStream", log_group_name=group.ref, log_stream_name=LOG_STREAM
        )
        created = Cfn(
            self,
            "Stream",
            delivery_stream_name=stream.name,
            delivery_stream_type="KinesisStreamAsSource",
            kinesis_stream_source_configuration=Cfn.KinesisStreamSourceConfigurationProperty(
                kinesis_stream_arn=stream_arn(stream.stream), role_arn=role.role_arn
            ),
            extended_s3_destination_configuration=self._destination(group.ref),
        )
        created.node.add_dependency(role, log)
        acknowledge(
            created,
            "KDF1",
            "Firehose takes that setting only where records are put to it. It reads ours from the "
            "Kinesis stream, by whose key they are encrypted on their way as well.",
        )

    def _destination(self, log: str) -> Cfn.ExtendedS3DestinationConfigurationProperty:
        stream = self._stream
        retry = Cfn.RetryOptionsProperty(duration_in_seconds=stream.partition_retry_s)
        return Cfn.ExtendedS3DestinationConfigurationProperty(
            bucket_arn=bucket_arn(stream.bucket),
            role_arn=self._role_arn,
            prefix=stream.prefix,
            error_output_prefix=stream.error_prefix,
            compression_format="UNCOMPRESSED",  # the Parquet pages are compressed
            buffering_hints=Cfn.BufferingHintsProperty(
                size_in_m_bs=stream.buffer_mb, interval_in_seconds=whole(stream.buffer_s)
            ),
            dynamic_partitioning_configuration=Cfn.DynamicPartitioningConfigurationProperty(
                enabled=True, retry_options=retry
            ),
            processing_configuration=self._transformation(),
            data_format_conversion_configuration=self._conversion(),
            cloud_watch_logging_options=Cfn.CloudWatchLoggingOptionsProperty(
                enabled=True, log_group_name=log, log_stream_name=LOG_STREAM
            ),
        )

    def _transformation(self) -> Cfn.ProcessingConfigurationProperty:
        stream = self._stream
        parameters = {
            "LambdaArn": arn("lambda", newest_of(stream.transform)),
            "NumberOfRetries": str(stream.transform_retries),
            "BufferSizeInMBs": str(stream.transform_buffer_mb),
            "BufferIntervalInSeconds": str(whole(stream.transform_buffer_s)),
            "RoleArn": self._role_arn,
        }
        return Cfn.ProcessingConfigurationProperty(
            enabled=True,
            processors=[
                Cfn.ProcessorProperty(
                    type="Lambda",
                    parameters=[
                        Cfn.ProcessorParameterProperty(parameter_name=name, parameter_value=value)
                        for name, value in parameters.items()
                    ],
                )
            ],
        )

    def _conversion(self) -> Cfn.DataFormatConversionConfigurationProperty:
        stream = self._stream
        json = Cfn.OpenXJsonSerDeProperty(
            case_insensitive=stream.lowercase_keys, convert_dots_in_json_keys_to_underscores=False
        )
        parquet = Cfn.ParquetSerDeProperty(compression=stream.compression)
        return Cfn.DataFormatConversionConfigurationProperty(
            enabled=True,
            input_format_configuration=Cfn.InputFormatConfigurationProperty(
                deserializer=Cfn.DeserializerProperty(open_x_json_ser_de=json)
            ),
            output_format_configuration=Cfn.OutputFormatConfigurationProperty(
                serializer=Cfn.SerializerProperty(parquet_ser_de=parquet)
            ),
            schema_configuration=Cfn.SchemaConfigurationProperty(
                catalog_id=Aws.ACCOUNT_ID,
                database_name=filled(self._database),
                table_name=stream.schema_table,
                region=Aws.REGION,
                role_arn=self._role_arn,
                version_id="LATEST",
            ),
        )


def whole(seconds: float) -> int:
    """Seconds as AWS takes them.

    Raises:
        ValueError: If they are no whole number.
    """
    if seconds != int(seconds):
        raise ValueError(f"{seconds} s: AWS takes whole seconds only")
    return int(seconds)
