"""The collector's front door.

Belongs here: the HTTP API, its routes, limits and access log. What the answers are, CORS included,
belongs to the collector.
"""

import json

from aws_cdk import Aws
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.access_log import ACCESS_LOG, LONGEST_WAIT_MS
from infra.aws.acknowledgements import acknowledge
from infra.aws.arns import arn
from infra.aws.constructs.functions import Surroundings, log_group
from infra.resource_types import Api


class CollectorApi(Construct):
    """An HTTP API before the collector.

    Attributes:
        api_id: Its id, a dimension of its metrics.
        host: Where it answers.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        api: Api,
        function: lambda_.IFunction,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, id_)
        created = apigateway.CfnApi(self, "Api", name=api.name, protocol_type="HTTP")
        self.api_id = created.ref
        integration = apigateway.CfnIntegration(
            self,
            "Integration",
            api_id=created.ref,
            integration_type="AWS_PROXY",
            integration_uri=function.function_arn,
            payload_format_version="2.0",
            timeout_in_millis=LONGEST_WAIT_MS,
        )
        for route in api.routes:
            self._route(route, integration)
        self._stage(api, surroundings)
        lambda_.CfnPermission(
            self,
            "Invocation",
            action="lambda:InvokeFunction",
            function_name=function.function_name,
            principal="apigateway.amazonaws.com",
            source_arn=arn("execute-api", f"{created.ref}/*"),
        )
        self.host = f"{created.ref}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"

    def _route(self, route: str, integration: apigateway.CfnIntegration) -> None:
        created = apigateway.CfnRoute(
            self,
            route,
            api_id=self.api_id,
            route_key=route,
            authorization_type="NONE",
            target=f"integrations/{integration.ref}",
        )
        acknowledge(
            created,
            "APIG4",
            "Browsers of anybody send events: there is no secret that a page could keep. The stage "
            "limits requests, and the collector judges every event.",
        )

    def _stage(self, api: Api, surroundings: Surroundings) -> None:
        group = log_group(self, f"/aws/vendedlogs/{api.name}", surroundings)
        stage = apigateway.CfnStage
        stage(
            self,
            "Stage",
            api_id=self.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=stage.RouteSettingsProperty(
                throttling_rate_limit=api.requests_s, throttling_burst_limit=api.burst
            ),
            access_log_settings=stage.AccessLogSettingsProperty(
                destination_arn=group.attr_arn, format=json.dumps(ACCESS_LOG)
            ),
        )
