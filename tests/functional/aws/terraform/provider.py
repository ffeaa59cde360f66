"""A stand-in for the provider `hashicorp/aws`: its schema, without AWS.

Terraform itself judges the module by that schema and evaluates every expression: unknown arguments,
missing ones, wrong types, references, conditions and variables' rules are found as they would be
with the real provider. What that one checks beyond its schema, and AWS, is not in here. It speaks
Terraform's plugin protocol, version 5, on the loopback.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from os import getpid
from typing import Any

import grpc
import msgspec

from infra.local.endpoints import ACCOUNT, REGION
from tests.functional.aws.terraform.wire import fields_of, mapped, message, number, some

ADDRESS = "registry.terraform.io/hashicorp/aws"
SERVICE = "tfplugin5.Provider"
_PROTOCOL = 5
_LIST, _SET = 2, 3
Schema = dict[str, Any]
# Of the provider's own arguments only what somebody who uses the module writes.
_CONFIGURATION: Schema = {
    "arguments": {"region": "string"},
    "required": [],
    "computed": {},
    "blocks": {},
}

_HERE = f"{REGION}:{ACCOUNT}"
# What AWS answers when something was created, by type and attribute, from what was asked for.
ANSWERS: dict[tuple[str, str], str] = {
    ("aws_apigatewayv2_api", "api_endpoint"): f"https://api-id.execute-api.{REGION}.amazonaws.com",
    ("aws_apigatewayv2_api", "execution_arn"): f"arn:aws:execute-api:{_HERE}:api-id",
    ("aws_apigatewayv2_api", "id"): "api-id",
    ("aws_apigatewayv2_integration", "id"): "integration-id",
    ("aws_cloudwatch_log_group", "arn"): f"arn:aws:logs:{_HERE}:log-group:{{name}}",
    ("aws_cloudwatch_metric_alarm", "arn"): f"arn:aws:cloudwatch:{_HERE}:alarm:{{alarm_name}}",
    ("aws_dynamodb_table", "arn"): f"arn:aws:dynamodb:{_HERE}:table/{{name}}",
    ("aws_iam_role", "arn"): f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    ("aws_iam_role", "id"): "{name}",
    ("aws_kinesis_stream", "arn"): f"arn:aws:kinesis:{_HERE}:stream/{{name}}",
    ("aws_kms_key", "arn"): f"arn:aws:kms:{_HERE}:key/own",
    ("aws_lambda_function", "arn"): f"arn:aws:lambda:{_HERE}:function:{{function_name}}",
    ("aws_s3_bucket", "arn"): "arn:aws:s3:::{bucket}",
    ("aws_s3_bucket", "id"): "{bucket}",
    ("aws_sns_topic", "arn"): f"arn:aws:sns:{_HERE}:{{name}}",
    ("aws_sqs_queue", "arn"): f"arn:aws:sqs:{_HERE}:{{name}}",
    ("aws_sqs_queue", "url"): f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{{name}}",
    ("aws_caller_identity", "account_id"): ACCOUNT,
    ("aws_partition", "partition"): "aws",
    ("aws_region", "region"): REGION,
}


class Provider(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers Terraform from a schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        nothing = self._nothing
        self._calls: dict[str, Callable[[bytes], bytes]] = {
            "GetSchema": self._get_schema,
            "PrepareProviderConfig": lambda request: some(1, fields_of(request)[1][0]),
            "ValidateResourceTypeConfig": nothing,
            "ValidateDataSourceConfig": nothing,
            "Configure": nothing,
            "Stop": nothing,
            "PlanResourceChange": self._plan,
            "ReadDataSource": self._read,
        }

    def service(self, handler_call_details: Any) -> grpc.RpcMethodHandler | None:
        service, _, name = handler_call_details.method.strip("/").partition("/")
        call = self._calls.get(name) if service == SERVICE else None
        if call is None:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda request, _context: call(request))

    def _nothing(self, _request: bytes) -> bytes:
        return b""

    def _get_schema(self, _request: bytes) -> bytes:
        return message(
            some(1, some(2, _block(_CONFIGURATION))),
            *(
                mapped(field, ((type_, some(2, _block(it))) for type_, it in schemas.items()))
                for field, schemas in ((2, self._schema["resources"]), (3, self._schema["data"]))
            ),
        )

    def _plan(self, request: bytes) -> bytes:
        asked = fields_of(request)
        type_, proposed = asked[1][0].decode(), _decoded(asked[3][0])
        return some(1, _encoded(self._answered(type_, "resources", proposed)))

    def _read(self, request: bytes) -> bytes:
        asked = fields_of(request)
        type_, config = asked[1][0].decode(), _decoded(asked[2][0])
        return some(1, _encoded(self._answered(type_, "data", config)))

    def _answered(self, type_: str, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
        computed = self._schema[kind][type_]["computed"]
        answers = {
            name: ANSWERS.get((type_, name), f"<{type_}.{name}>").format_map(asked)
            for name, its_type in computed.items()
            if its_type == "string" and asked[name] is None
        }
        return {**asked, **answers}


@contextmanager
def serving(schema: Schema) -> Iterator[dict[str, str]]:
    """Serves a schema.

    Yields:
        The environment in which Terraform takes the stand-in for the provider.
    """
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((Provider(schema),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    attached = {
        "Protocol": "grpc",
        "ProtocolVersion": _PROTOCOL,
        "Pid": getpid(),
        "Test": True,
        "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
    }
    try:
        yield {"TF_REATTACH_PROVIDERS": json.dumps({ADDRESS: attached})}
    finally:
        server.stop(None).wait()


def _block(schema: Schema) -> bytes:
    """A block's schema, as the protocol has it."""
    given, computed, required = (schema[name] for name in ("arguments", "computed", "required"))
    attributes = [
        message(
            some(1, name),
            some(2, _type(type_)),
            number(4, name in required),
            number(5, name not in required),
            number(6, name in computed),
        )
        for name, type_ in given.items()
    ]
    attributes += [
        message(some(1, name), some(2, _type(type_)), number(6, 1))
        for name, type_ in computed.items()
        if name not in given
    ]
    blocks = [
        message(
            some(1, name),
            some(2, _block(it["block"])),
            number(3, _SET if it["nesting"] == "set" else _LIST),
            number(4, it["required"]),
            number(5, it["single"]),
        )
        for name, it in schema["blocks"].items()
    ]
    return message(
        *(some(2, attribute) for attribute in attributes), *(some(3, block) for block in blocks)
    )


def _type(text: str) -> str:
    """A type, like `map(string)`, as the protocol has it."""
    collection, _, element = text.rstrip(")").rpartition("(")
    return json.dumps([collection, element] if collection else element)


def _decoded(dynamic: bytes) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.msgpack.decode(fields_of(dynamic)[1][0])
    return value


def _encoded(value: dict[str, Any]) -> bytes:
    return some(1, msgspec.msgpack.encode(value))
