# What is asked first.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

resource "aws_cloudwatch_dashboard" "platform" {
  dashboard_name = var.stack
  dashboard_body = jsonencode({
    start = "-PT12H"
    widgets = [
      {
        type   = "alarm"
        width  = 24
        height = 6
        x      = 0
        y      = 0
        properties = {
          title = "Alarms"
          alarms = concat(
            [
              aws_cloudwatch_metric_alarm.collector_errors.arn,
              aws_cloudwatch_metric_alarm.collector_throttles.arn,
            ],
            var.delivery == "lambda" ? [
              aws_cloudwatch_metric_alarm.event_processor_errors[0].arn,
              aws_cloudwatch_metric_alarm.event_processor_throttles[0].arn,
              aws_cloudwatch_metric_alarm.event_processor_iterator_age[0].arn,
            ] : [],
            var.delivery == "firehose" ? [
              aws_cloudwatch_metric_alarm.firehose_transform_errors[0].arn,
              aws_cloudwatch_metric_alarm.firehose_transform_throttles[0].arn,
            ] : [],
            [
              aws_cloudwatch_metric_alarm.aggregator_errors.arn,
              aws_cloudwatch_metric_alarm.aggregator_throttles.arn,
              aws_cloudwatch_metric_alarm.aggregator_iterator_age.arn,
              aws_cloudwatch_metric_alarm.anomaly_detector_errors.arn,
              aws_cloudwatch_metric_alarm.anomaly_detector_throttles.arn,
              aws_cloudwatch_metric_alarm.anomaly_detector_iterator_age.arn,
            ],
            var.delivery == "firehose" ? [
              aws_cloudwatch_metric_alarm.archive_freshness[0].arn,
              aws_cloudwatch_metric_alarm.archive_partitions[0].arn,
              aws_cloudwatch_metric_alarm.archive_conversion[0].arn,
              aws_cloudwatch_metric_alarm.archive_undelivered[0].arn,
            ] : [],
            [
              aws_cloudwatch_metric_alarm.no_data.arn,
              aws_cloudwatch_metric_alarm.stream_full.arn,
              aws_cloudwatch_metric_alarm.raw_objects_dead_not_empty.arn,
              aws_cloudwatch_metric_alarm.freshness.arn,
              aws_cloudwatch_metric_alarm.failed_batches_not_empty.arn,
              aws_cloudwatch_metric_alarm.quarantine.arn,
            ],
          )
        }
      },
      {
        type   = "metric"
        width  = 12
        height = 6
        x      = 0
        y      = 6
        properties = {
          view   = "timeSeries"
          title  = "Requests"
          region = local.region
          metrics = [
            [
              "AWS/ApiGateway",
              "Count",
              "ApiId",
              aws_apigatewayv2_api.collector.id,
              { label = "Count", stat = "Sum" },
            ],
            [
              "AWS/ApiGateway",
              "4xx",
              "ApiId",
              aws_apigatewayv2_api.collector.id,
              { label = "4xx", stat = "Sum" },
            ],
            [
              "AWS/ApiGateway",
              "5xx",
              "ApiId",
              aws_apigatewayv2_api.collector.id,
              { label = "5xx", stat = "Sum" },
            ],
            [
              "Clickstream",
              "AcceptedEvents",
              "service",
              "collector",
              { label = "collector AcceptedEvents", stat = "Sum" },
            ],
            [
              "Clickstream",
              "RejectedEvents",
              "service",
              "collector",
              { label = "collector RejectedEvents", stat = "Sum" },
            ],
          ]
          yAxis = {}
        }
      },
      {
        type   = "metric"
        width  = 12
        height = 6
        x      = 12
        y      = 6
        properties = {
          view   = "timeSeries"
          title  = "Stream"
          region = local.region
          metrics = [
            [
              "AWS/Kinesis",
              "IncomingRecords",
              "StreamName",
              "${var.stack}-events",
              { label = "IncomingRecords", stat = "Sum" },
            ],
            [
              "AWS/Kinesis",
              "WriteProvisionedThroughputExceeded",
              "StreamName",
              "${var.stack}-events",
              { label = "WriteProvisionedThroughputExceeded", stat = "Sum" },
            ],
            [
              "Clickstream",
              "ThrottledEvents",
              "service",
              "collector",
              { label = "collector ThrottledEvents", stat = "Sum" },
            ],
          ]
          yAxis = {}
        }
      },
      {
        type   = "metric"
        width  = 12
        height = 6
        x      = 0
        y      = 12
        properties = {
          view   = "timeSeries"
          title  = "Counted and archived"
          region = local.region
          metrics = concat(
            [
              [
                "Clickstream",
                "CountedEvents",
                "service",
                "aggregator",
                { label = "aggregator CountedEvents", stat = "Sum" },
              ],
              [
                "Clickstream",
                "DuplicateEvents",
                "service",
                "aggregator",
                { label = "aggregator DuplicateEvents", stat = "Sum" },
              ],
              [
                "Clickstream",
                "UncountableRecords",
                "service",
                "aggregator",
                { label = "aggregator UncountableRecords", stat = "Sum" },
              ],
              [
                "Clickstream",
                "FencedItems",
                "service",
                "aggregator",
                { label = "aggregator FencedItems", stat = "Sum" },
              ],
            ],
            var.delivery == "lambda" ? [
              [
                "Clickstream",
                "ArchivedEvents",
                "service",
                "event_processor",
                { label = "event_processor ArchivedEvents", stat = "Sum" },
              ],
            ] : [],
            var.delivery == "firehose" ? [
              [
                "Clickstream",
                "TransformedEvents",
                "service",
                "firehose_transform",
                { label = "firehose_transform TransformedEvents", stat = "Sum" },
              ],
            ] : [],
          )
          yAxis = {}
        }
      },
      {
        type   = "metric"
        width  = 12
        height = 6
        x      = 12
        y      = 12
        properties = {
          view   = "timeSeries"
          title  = "Alerts"
          region = local.region
          metrics = [
            [
              "Clickstream",
              "AlertsRaised",
              "service",
              "anomaly_detector",
              { label = "anomaly_detector AlertsRaised", stat = "Sum" },
            ],
          ]
          yAxis = {}
        }
      },
      {
        type   = "metric"
        width  = 12
        height = 6
        x      = 0
        y      = 18
        properties = {
          view   = "timeSeries"
          title  = "Lag, milliseconds"
          region = local.region
          metrics = concat(
            var.delivery == "lambda" ? [
              [
                "Clickstream",
                "Lag",
                "service",
                "event_processor",
                { label = "event_processor Lag", stat = "Maximum" },
              ],
            ] : [],
            var.delivery == "firehose" ? [
              [
                "Clickstream",
                "Lag",
                "service",
                "firehose_transform",
                { label = "firehose_transform Lag", stat = "Maximum" },
              ],
            ] : [],
            [
              [
                "Clickstream",
                "Lag",
                "service",
                "aggregator",
                { label = "aggregator Lag", stat = "Maximum" },
              ],
              [
                "Clickstream",
                "Lag",
                "service",
                "anomaly_detector",
                { label = "anomaly_detector Lag", stat = "Maximum" },
              ],
            ],
            var.delivery == "lambda" ? [
              [
                "AWS/Lambda",
                "IteratorAge",
                "FunctionName",
                "${var.stack}-event-processor",
                { label = "${var.stack}-event-processor IteratorAge", stat = "Maximum" },
              ],
            ] : [],
            [
              [
                "AWS/Lambda",
                "IteratorAge",
                "FunctionName",
                "${var.stack}-aggregator",
                { label = "${var.stack}-aggregator IteratorAge", stat = "Maximum" },
              ],
              [
                "AWS/Lambda",
                "IteratorAge",
                "FunctionName",
                "${var.stack}-anomaly-detector",
                { label = "${var.stack}-anomaly-detector IteratorAge", stat = "Maximum" },
              ],
            ],
            var.delivery == "firehose" ? [
              [
                "AWS/Firehose",
                "DeliveryToS3.DataFreshness",
                "DeliveryStreamName",
                "${var.stack}-archive",
                { label = "${var.stack}-archive DataFreshness, seconds", stat = "Maximum", yAxis = "right" },
              ],
            ] : [],
          )
          yAxis = {}
        }
      },
      {
        type   = "metric"
        width  = 12
        height = 6
        x      = 12
        y      = 18
        properties = {
          view   = "timeSeries"
          title  = "Functions"
          region = local.region
          metrics = concat(
            [
              [
                "AWS/Lambda",
                "Errors",
                "FunctionName",
                "${var.stack}-collector",
                { label = "${var.stack}-collector Errors", stat = "Sum" },
              ],
              [
                "AWS/Lambda",
                "Throttles",
                "FunctionName",
                "${var.stack}-collector",
                { label = "${var.stack}-collector Throttles", stat = "Sum" },
              ],
            ],
            var.delivery == "lambda" ? [
              [
                "AWS/Lambda",
                "Errors",
                "FunctionName",
                "${var.stack}-event-processor",
                { label = "${var.stack}-event-processor Errors", stat = "Sum" },
              ],
              [
                "AWS/Lambda",
                "Throttles",
                "FunctionName",
                "${var.stack}-event-processor",
                { label = "${var.stack}-event-processor Throttles", stat = "Sum" },
              ],
            ] : [],
            var.delivery == "firehose" ? [
              [
                "AWS/Lambda",
                "Errors",
                "FunctionName",
                "${var.stack}-firehose-transform",
                { label = "${var.stack}-firehose-transform Errors", stat = "Sum" },
              ],
              [
                "AWS/Lambda",
                "Throttles",
                "FunctionName",
                "${var.stack}-firehose-transform",
                { label = "${var.stack}-firehose-transform Throttles", stat = "Sum" },
              ],
            ] : [],
            [
              [
                "AWS/Lambda",
                "Errors",
                "FunctionName",
                "${var.stack}-aggregator",
                { label = "${var.stack}-aggregator Errors", stat = "Sum" },
              ],
              [
                "AWS/Lambda",
                "Throttles",
                "FunctionName",
                "${var.stack}-aggregator",
                { label = "${var.stack}-aggregator Throttles", stat = "Sum" },
              ],
              [
                "AWS/Lambda",
                "Errors",
                "FunctionName",
                "${var.stack}-anomaly-detector",
                { label = "${var.stack}-anomaly-detector Errors", stat = "Sum" },
              ],
              [
                "AWS/Lambda",
                "Throttles",
                "FunctionName",
                "${var.stack}-anomaly-detector",
                { label = "${var.stack}-anomaly-detector Throttles", stat = "Sum" },
              ],
              [
                "AWS/Lambda",
                "Duration",
                "FunctionName",
                "${var.stack}-collector",
                { label = "${var.stack}-collector Duration", stat = "p95", yAxis = "right" },
              ],
            ],
            var.delivery == "lambda" ? [
              [
                "AWS/Lambda",
                "Duration",
                "FunctionName",
                "${var.stack}-event-processor",
                { label = "${var.stack}-event-processor Duration", stat = "p95", yAxis = "right" },
              ],
            ] : [],
            var.delivery == "firehose" ? [
              [
                "AWS/Lambda",
                "Duration",
                "FunctionName",
                "${var.stack}-firehose-transform",
                { label = "${var.stack}-firehose-transform Duration", stat = "p95", yAxis = "right" },
              ],
            ] : [],
            [
              [
                "AWS/Lambda",
                "Duration",
                "FunctionName",
                "${var.stack}-aggregator",
                { label = "${var.stack}-aggregator Duration", stat = "p95", yAxis = "right" },
              ],
              [
                "AWS/Lambda",
                "Duration",
                "FunctionName",
                "${var.stack}-anomaly-detector",
                { label = "${var.stack}-anomaly-detector Duration", stat = "p95", yAxis = "right" },
              ],
            ],
          )
          yAxis = {}
        }
      },
      {
        type   = "metric"
        width  = 12
        height = 6
        x      = 0
        y      = 24
        properties = {
          view   = "timeSeries"
          title  = "Queues"
          region = local.region
          metrics = [
            [
              "AWS/SQS",
              "ApproximateNumberOfMessagesVisible",
              "QueueName",
              "${var.stack}-raw-objects-dead",
              { label = "${var.stack}-raw-objects-dead", stat = "Maximum" },
            ],
            [
              "AWS/SQS",
              "ApproximateNumberOfMessagesVisible",
              "QueueName",
              "${var.stack}-raw-objects",
              { label = "${var.stack}-raw-objects", stat = "Maximum" },
            ],
            [
              "AWS/SQS",
              "ApproximateNumberOfMessagesVisible",
              "QueueName",
              "${var.stack}-failed-batches",
              { label = "${var.stack}-failed-batches", stat = "Maximum" },
            ],
          ]
          yAxis = {}
        }
      },
      {
        type   = "metric"
        width  = 12
        height = 6
        x      = 12
        y      = 24
        properties = {
          view   = "timeSeries"
          title  = "Write units of the tables"
          region = local.region
          metrics = [
            [
              "AWS/DynamoDB",
              "ConsumedWriteCapacityUnits",
              "TableName",
              "${var.stack}-page-metrics",
              { label = "${var.stack}-page-metrics", stat = "Sum" },
            ],
            [
              "AWS/DynamoDB",
              "ConsumedWriteCapacityUnits",
              "TableName",
              "${var.stack}-session-metrics",
              { label = "${var.stack}-session-metrics", stat = "Sum" },
            ],
            [
              "AWS/DynamoDB",
              "ConsumedWriteCapacityUnits",
              "TableName",
              "${var.stack}-counters",
              { label = "${var.stack}-counters", stat = "Sum" },
            ],
            [
              "AWS/DynamoDB",
              "ConsumedWriteCapacityUnits",
              "TableName",
              "${var.stack}-alerts",
              { label = "${var.stack}-alerts", stat = "Sum" },
            ],
            [
              "AWS/DynamoDB",
              "ConsumedWriteCapacityUnits",
              "TableName",
              "${var.stack}-aggregator-log",
              { label = "${var.stack}-aggregator-log", stat = "Sum" },
            ],
            [
              "AWS/DynamoDB",
              "ConsumedWriteCapacityUnits",
              "TableName",
              "${var.stack}-detector-log",
              { label = "${var.stack}-detector-log", stat = "Sum" },
            ],
          ]
          yAxis = {}
        }
      },
    ]
  })
}
