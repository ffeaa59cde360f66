"""The collector's front door.

Belongs here: the HTTP API, its routes, limits and access log. What the answers are, CORS included,
belongs to the collector.
"""

from collections.abc import Iterator

from infra.access_log import ACCESS_LOG, LONGEST_WAIT_MS
from infra.terraform.blocks import block, resource
from infra.terraform.hcl import Block, Call, Expression, Value
from infra.terraform.names import label, reference
from infra.terraform.parts.roles import log_group
from infra.terraform.profiles import Platform
from infra.topology import ON_DEMAND_RECORDS_S, SHARD_RECORDS_S

_API: dict[str, Value] = {"api_id": Expression("aws_apigatewayv2_api.collector.id")}
_ANYBODY = """\
Browsers of anybody send events: there is no secret that a page could keep. The stage limits
requests, and the collector judges every event."""
_ONE_EVENT_EACH = "As many requests as the stream takes if each brings one event."


def blocks(platform: Platform) -> Iterator[Block]:
    """An HTTP API before the collector."""
    api = platform.topology.api
    collector = platform.topology.function(api.package).name
    yield resource("aws_apigatewayv2_api", "collector", {"name": api.name, "protocol_type": "HTTP"})
    yield resource(
        "aws_apigatewayv2_integration",
        "collector",
        {
            **_API,
            "integration_type": "AWS_PROXY",
            "integration_uri": Expression(reference("aws_lambda_function", collector, "arn")),
            "payload_format_version": "2.0",
            "timeout_milliseconds": LONGEST_WAIT_MS,
        },
    )
    for index, route in enumerate(api.routes):
        yield _route(route, _ANYBODY if index == 0 else None)
    yield log_group("collector_api", f"/aws/vendedlogs/{api.name}")
    yield from _stage()
    yield resource(
        "aws_lambda_permission",
        "collector_api",
        {
            "action": "lambda:InvokeFunction",
            "function_name": Expression(
                reference("aws_lambda_function", collector, "function_name")
            ),
            "principal": "apigateway.amazonaws.com",
            "source_arn": "${aws_apigatewayv2_api.collector.execution_arn}/*",
        },
    )


def _route(route: str, comment: str | None) -> Block:
    return resource(
        "aws_apigatewayv2_route",
        label(route),
        {
            **_API,
            "route_key": route,
            "authorization_type": "NONE",
            "target": "integrations/${aws_apigatewayv2_integration.collector.id}",
        },
        comment=comment,
    )


def _stage() -> Iterator[Block]:
    rate = f"var.on_demand ? {ON_DEMAND_RECORDS_S} : {SHARD_RECORDS_S} * var.shards"
    requests: dict[str, Value] = {"requests_s": Expression(rate)}
    yield Block("locals", (), requests, comment=_ONE_EVENT_EACH)
    limit = Expression("local.requests_s")
    logged: Value = dict(ACCESS_LOG)
    yield resource(
        "aws_apigatewayv2_stage",
        "collector",
        {**_API, "name": "$default", "auto_deploy": True},
        block(
            "default_route_settings",
            {"throttling_rate_limit": limit, "throttling_burst_limit": limit},
        ),
        block(
            "access_log_settings",
            {
                "destination_arn": Expression("aws_cloudwatch_log_group.collector_api.arn"),
                "format": Call("jsonencode", (logged,)),
            },
        ),
    )
