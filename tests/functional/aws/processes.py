"""Functions and their mappings as the processes that stand in for them are started."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.local.endpoints import ACCOUNT, REGION, Ports
from infra.local.mappings.delivery import Policy
from infra.local.mappings.invocation import Context, load_handler
from infra.local.mappings.shards import STARTING_POSITION
from infra.local.processes import Spec
from infra.local.specs import Options, Specs
from infra.local.state import State
from infra.resource_types import DeliveryStream, Function
from infra.topology import Topology

Properties = dict[str, Any]

_LAMBDAS_OWN = {"AWS_LAMBDA_FUNCTION_NAME"}  # Lambda sets it itself


def described_functions(topology: Topology, folder: Path) -> Iterator[tuple[str, str, Properties]]:
    state = State(folder)
    specs = Specs(state, Ports(1, 2, 3, 4, 5), topology, Options(60, {}))
    for function in topology.functions:
        yield "AWS::Lambda::Function", function.name, _function(function, specs)
        if function.mapping is not None:
            yield "AWS::Lambda::EventSourceMapping", function.name, _mapping(function, topology)
    for stream in topology.delivery_streams:
        yield (
            "AWS::KinesisFirehose::DeliveryStream",
            stream.name,
            _delivery(stream, topology),
        )


def _spec(function: Function, specs: Specs) -> Spec:
    for stream in specs.topology.delivery_streams:
        if stream.transform == function.name:
            return specs.delivery(stream)
    return specs.ingress() if function.mapping is None else specs.mapping(function)


def _function(function: Function, specs: Specs) -> Properties:
    """What a process that stands in for the function is given beyond what all processes are."""
    spec = _spec(function, specs)
    ours = {name: it for name, it in spec.environment.items() if name not in specs.environment}
    context = Context.of(function)
    handler = load_handler(function.package)
    return {
        "FunctionName": context.function_name,
        "MemorySize": context.memory_limit_in_mb,
        "Timeout": context.get_remaining_time_in_millis() // 1000,
        "Handler": f"{handler.__module__}.{handler.__name__}",
        "Environment": {"Variables": {k: v for k, v in ours.items() if k not in _LAMBDAS_OWN}},
    }


def _mapping(function: Function, topology: Topology) -> Properties:
    mapping = function.mapping
    assert mapping is not None
    policy = Policy.of(mapping)
    failed = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{mapping.on_failure_queue}"
    return {
        "FunctionName": function.name,
        "EventSourceArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{topology.stream.name}",
        "BatchSize": mapping.batch_size,
        "MaximumBatchingWindowInSeconds": mapping.window_s,
        "MaximumRetryAttempts": policy.max_retries,
        "MaximumRecordAgeInSeconds": policy.max_record_age_s,
        "BisectBatchOnFunctionError": policy.bisect_on_error,
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if policy.report_item_failures else [],
        "ParallelizationFactor": 1,  # the runner has one thread for a shard
        "StartingPosition": STARTING_POSITION,
        "DestinationConfig": {"OnFailure": {"Destination": failed}},
    }


def _delivery(stream: DeliveryStream, topology: Topology) -> Properties:
    """The settings the embedded Firehose works by; it reads a stream and writes Parquet only."""
    root = f"{REGION}:{ACCOUNT}"
    calls = {
        "LambdaArn": f"arn:aws:lambda:{root}:function:{stream.transform}:$LATEST",
        "NumberOfRetries": str(stream.transform_retries),
        "BufferSizeInMBs": str(stream.transform_buffer_mb),
        "BufferIntervalInSeconds": str(int(stream.transform_buffer_s)),
    }
    called = [{"ParameterName": name, "ParameterValue": value} for name, value in calls.items()]
    conversion = {
        "InputFormatConfiguration": {
            "Deserializer": {
                "OpenXJsonSerDe": {
                    "CaseInsensitive": stream.lowercase_keys,
                    "ConvertDotsInJsonKeysToUnderscores": False,
                }
            }
        },
        "OutputFormatConfiguration": {
            "Serializer": {"ParquetSerDe": {"Compression": stream.compression}}
        },
        "SchemaConfiguration": {
            "CatalogId": ACCOUNT,
            "DatabaseName": topology.database,
            "Region": REGION,
            "TableName": stream.schema_table,
            "VersionId": "LATEST",
        },
    }
    return {
        "DeliveryStreamName": stream.name,
        "DeliveryStreamType": "KinesisStreamAsSource",
        "KinesisStreamSourceConfiguration": {
            "KinesisStreamARN": f"arn:aws:kinesis:{root}:stream/{stream.stream}"
        },
        "ExtendedS3DestinationConfiguration": {
            "BucketARN": f"arn:aws:s3:::{stream.bucket}",
            "Prefix": stream.prefix,
            "ErrorOutputPrefix": stream.error_prefix,
            "BufferingHints": {
                "SizeInMBs": stream.buffer_mb,
                "IntervalInSeconds": stream.buffer_s,
            },
            "CompressionFormat": "UNCOMPRESSED",
            "DynamicPartitioningConfiguration": {
                "RetryOptions": {"DurationInSeconds": stream.partition_retry_s}
            },
            "ProcessingConfiguration": {"Processors": [{"Type": "Lambda", "Parameters": called}]},
            "DataFormatConversionConfiguration": conversion,
        },
    }
