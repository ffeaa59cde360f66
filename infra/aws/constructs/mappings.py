"""How functions read the stream.

Belongs here: event source mappings, exactly as described. What Lambda needs to poll for them is
part of the function's role.
"""

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.aws.arns import queue_arn, stream_arn
from infra.resource_types import Mapping


class StreamMapping(lambda_.CfnEventSourceMapping):
    """One function on the stream.

    Raises:
        ValueError: If the window is no whole number of seconds, which Lambda does not have.
    """

    def __init__(
        self, scope: Construct, id_: str, mapping: Mapping, stream: str, function: lambda_.IFunction
    ) -> None:
        if mapping.window_s != int(mapping.window_s):
            raise ValueError(f"a window of {mapping.window_s} s: Lambda takes whole seconds only")
        failed = mapping.on_failure_queue
        on_failure = lambda_.CfnEventSourceMapping.OnFailureProperty
        destination = lambda_.CfnEventSourceMapping.DestinationConfigProperty
        super().__init__(
            scope,
            id_,
            function_name=function.function_name,
            event_source_arn=stream_arn(stream),
            starting_position=mapping.starting_position,
            batch_size=mapping.batch_size,
            maximum_batching_window_in_seconds=int(mapping.window_s),
            maximum_retry_attempts=mapping.max_retries,
            maximum_record_age_in_seconds=mapping.max_record_age_s,
            bisect_batch_on_function_error=mapping.bisect_on_error,
            parallelization_factor=mapping.parallelization,
            function_response_types=(
                ["ReportBatchItemFailures"] if mapping.report_item_failures else []
            ),
            destination_config=(
                None
                if failed is None
                else destination(on_failure=on_failure(destination=queue_arn(failed)))
            ),
        )
