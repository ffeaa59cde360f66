"""A function as Lambda would call it.

Belongs here: loading a handler, the invocation payload and the context object.
"""

import base64
import importlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from infra.local.mappings.batching import Record
from infra.resource_types import Function

Handler = Callable[[dict[str, Any], Any], dict[str, Any] | None]


@dataclass(frozen=True)
class Context:
    """The context Lambda gives to a handler, as far as anybody reads it."""

    function_name: str
    memory_limit_in_mb: int
    timeout_s: int
    invoked_function_arn: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"

    @classmethod
    def of(cls, function: Function) -> "Context":
        """The context of one invocation of a function."""
        return cls(function.name, function.memory_mb, function.timeout_s, function.name)

    def get_remaining_time_in_millis(self) -> int:
        """Time left; locally nothing is cut off."""
        return self.timeout_s * 1000


def load_handler(package: str) -> Handler:
    """The handler of a function below `lambdas`.

    Raises:
        ModuleNotFoundError: If there is none.
    """
    return cast("Handler", importlib.import_module(f"lambdas.{package}.handler").handler)


def kinesis_event(records: list[Record], shard_id: str, stream_arn: str) -> dict[str, Any]:
    """The payload of a Kinesis invocation, passed through JSON as it would be on the wire."""
    event = {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record.partition_key,
                    "sequenceNumber": record.sequence_number,
                    "data": base64.b64encode(record.data).decode(),
                    "approximateArrivalTimestamp": record.arrived_at,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard_id}:{record.sequence_number}",
                "eventName": "aws:kinesis:record",
                "eventSourceARN": stream_arn,
            }
            for record in records
        ]
    }
    return dict(json.loads(json.dumps(event)))
