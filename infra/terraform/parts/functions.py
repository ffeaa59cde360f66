"""The functions, each with a role and a log group of its own, and how they read the stream.

Belongs here: how a described function becomes one of Lambda. Its package is built by
`clickstream package`.
"""

from collections.abc import Iterator

from infra.resource_types import Function, Mapping
from infra.terraform.blocks import block, resource, trust
from infra.terraform.hcl import Block, Call, Expression, Value
from infra.terraform.names import Names, label, log_group_of_function
from infra.terraform.parts.roles import Principal, log_group, policies_of, role
from infra.terraform.profiles import Platform, both, only
from infra.topology import Topology

# Thresholds of the one function that has any.
_CHOSEN_ENVIRONMENT = {"anomaly_detector": ("var.detector",)}
_OF_EVERY_FUNCTION = "local.every_function"


def blocks(platform: Platform, names: Names) -> Iterator[Block]:
    """Every function of either profile."""
    for function, delivery in both(platform, lambda one: one.functions, lambda one: one.name):
        who = Principal(
            function.package,
            function.name,
            platform.of(delivery or "lambda"),
            trust("lambda"),
            None if delivery is None else only(delivery),
        )
        yield log_group(label(function.name), log_group_of_function(function.name), who.when)
        yield from role(who, names)
        yield _function(function, who, names)
        if function.mapping is not None:
            yield _mapping(function.mapping, who)


def _function(function: Function, who: Principal, names: Names) -> Block:
    package = f"${{var.code_dir}}/{function.package}.zip"
    reserved: Value = None
    if function.package == who.topology.api.package:
        reserved = Expression("var.collector_concurrency")
    groups = Expression(f"aws_cloudwatch_log_group.{label(function.name)}")
    return resource(
        "aws_lambda_function",
        label(function.name),
        {
            "function_name": function.name,
            "role": who.its("aws_iam_role", "arn"),
            "runtime": function.runtime,
            "architectures": [function.architecture],
            "handler": f"lambdas.{function.package}.handler.handler",
            "filename": package,
            "source_code_hash": Call("filebase64sha256", (package,)),
            "memory_size": function.memory_mb,
            "timeout": function.timeout_s,
            "reserved_concurrent_executions": reserved,
            "depends_on": [groups, *policies_of(who)],
        },
        block("environment", {"variables": _environment(function, names)}),
        block(
            "logging_config",
            {"log_format": "Text", "log_group": who.its("aws_cloudwatch_log_group", "name")},
        ),
        when=who.when,
    )


def _environment(function: Function, names: Names) -> Call:
    own: Value = {name: names.text(value) for name, value in function.environment.items()}
    chosen = (_OF_EVERY_FUNCTION, *_CHOSEN_ENVIRONMENT.get(function.package, ()))
    return Call("merge", (own, *(Expression(one) for one in chosen)))


def _mapping(mapping: Mapping, who: Principal) -> Block:
    """One function on the stream."""
    failed = mapping.on_failure_queue
    window: Value = _whole(mapping.window_s)
    if is_archive(who.principal, who.topology):
        window = Expression("var.archive_window_s")
    told = () if failed is None else (_on_failure(failed),)
    return resource(
        "aws_lambda_event_source_mapping",
        label(who.name),
        {
            "function_name": who.its("aws_lambda_function", "arn"),
            "event_source_arn": Expression(
                f"aws_kinesis_stream.{label(who.topology.stream.name)}.arn"
            ),
            "starting_position": mapping.starting_position,
            "batch_size": mapping.batch_size,
            "maximum_batching_window_in_seconds": window,
            "maximum_retry_attempts": mapping.max_retries,
            "maximum_record_age_in_seconds": mapping.max_record_age_s,
            "bisect_batch_on_function_error": mapping.bisect_on_error,
            "parallelization_factor": mapping.parallelization,
            "function_response_types": (
                ["ReportBatchItemFailures"] if mapping.report_item_failures else []
            ),
        },
        *told,
        when=who.when,
    )


def _on_failure(queue: str) -> Block:
    arn = Expression(f"aws_sqs_queue.{label(queue)}.arn")
    return block("destination_config", {}, block("on_failure", {"destination_arn": arn}))


def is_archive(package: str, topology: Topology) -> bool:
    """Whether a function is the one through which the stream is archived."""
    return topology.stream_functions[0].package == package


def _whole(seconds: float) -> int:
    """Seconds as Lambda takes them.

    Raises:
        ValueError: If they are no whole number.
    """
    if seconds != int(seconds):
        raise ValueError(f"a window of {seconds} s: Lambda takes whole seconds only")
    return int(seconds)
