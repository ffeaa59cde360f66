# The collector's front door.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

resource "aws_apigatewayv2_api" "collector" {
  name          = "${var.stack}-collector"
  protocol_type = "HTTP"
  tags          = local.tags
}

resource "aws_apigatewayv2_integration" "collector" {
  api_id                 = aws_apigatewayv2_api.collector.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.collector.arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

# Browsers of anybody send events: there is no secret that a page could keep. The stage limits
# requests, and the collector judges every event.
resource "aws_apigatewayv2_route" "get_health" {
  api_id             = aws_apigatewayv2_api.collector.id
  route_key          = "GET /health"
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.collector.id}"
}

resource "aws_apigatewayv2_route" "post_v1_events" {
  api_id             = aws_apigatewayv2_api.collector.id
  route_key          = "POST /v1/events"
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.collector.id}"
}

resource "aws_apigatewayv2_route" "options_proxy" {
  api_id             = aws_apigatewayv2_api.collector.id
  route_key          = "OPTIONS /{proxy+}"
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.collector.id}"
}

resource "aws_cloudwatch_log_group" "collector_api" {
  name              = "/aws/vendedlogs/${var.stack}-collector"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.key_arn
  tags              = local.tags
}

# As many requests as the stream takes if each brings one event.
locals {
  requests_s = var.on_demand ? 4000 : 1000 * var.shards
}

resource "aws_apigatewayv2_stage" "collector" {
  api_id      = aws_apigatewayv2_api.collector.id
  name        = "$default"
  auto_deploy = true
  tags        = local.tags

  default_route_settings {
    throttling_rate_limit  = local.requests_s
    throttling_burst_limit = local.requests_s
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.collector_api.arn
    format = jsonencode({
      at             = "$context.requestTime"
      request        = "$context.requestId"
      route          = "$context.routeKey"
      status         = "$context.status"
      received_bytes = "$context.requestLength"
      answered_bytes = "$context.responseLength"
      function_ms    = "$context.integrationLatency"
      error          = "$context.error.message"
      function_error = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_lambda_permission" "collector_api" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.collector.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.collector.execution_arn}/*"
}
