# What somebody must be told of.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

resource "aws_cloudwatch_metric_alarm" "collector_errors" {
  alarm_name        = "${var.stack}-collector-errors"
  alarm_description = "${var.stack}-collector has failed for a quarter of an hour. Its log group says why."
  namespace         = "AWS/Lambda"
  metric_name       = "Errors"
  dimensions = {
    FunctionName = "${var.stack}-collector"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "collector_throttles" {
  alarm_name        = "${var.stack}-collector-throttles"
  alarm_description = "${var.stack}-collector was not let run for a quarter of an hour. The account's Lambda concurrency is used up."
  namespace         = "AWS/Lambda"
  metric_name       = "Throttles"
  dimensions = {
    FunctionName = "${var.stack}-collector"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "event_processor_errors" {
  count = var.delivery == "lambda" ? 1 : 0

  alarm_name        = "${var.stack}-event-processor-errors"
  alarm_description = "${var.stack}-event-processor has failed for a quarter of an hour. Its log group says why."
  namespace         = "AWS/Lambda"
  metric_name       = "Errors"
  dimensions = {
    FunctionName = "${var.stack}-event-processor"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "event_processor_throttles" {
  count = var.delivery == "lambda" ? 1 : 0

  alarm_name        = "${var.stack}-event-processor-throttles"
  alarm_description = "${var.stack}-event-processor was not let run for a quarter of an hour. The account's Lambda concurrency is used up."
  namespace         = "AWS/Lambda"
  metric_name       = "Throttles"
  dimensions = {
    FunctionName = "${var.stack}-event-processor"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "event_processor_iterator_age" {
  count = var.delivery == "lambda" ? 1 : 0

  alarm_name        = "${var.stack}-event-processor-iterator-age"
  alarm_description = "${var.stack}-event-processor reads what came ten minutes ago or more. It fails, or the stream needs more shards."
  namespace         = "AWS/Lambda"
  metric_name       = "IteratorAge"
  dimensions = {
    FunctionName = "${var.stack}-event-processor"
  }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 600000
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "firehose_transform_errors" {
  count = var.delivery == "firehose" ? 1 : 0

  alarm_name        = "${var.stack}-firehose-transform-errors"
  alarm_description = "${var.stack}-firehose-transform has failed for a quarter of an hour. Its log group says why."
  namespace         = "AWS/Lambda"
  metric_name       = "Errors"
  dimensions = {
    FunctionName = "${var.stack}-firehose-transform"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "firehose_transform_throttles" {
  count = var.delivery == "firehose" ? 1 : 0

  alarm_name        = "${var.stack}-firehose-transform-throttles"
  alarm_description = "${var.stack}-firehose-transform was not let run for a quarter of an hour. The account's Lambda concurrency is used up."
  namespace         = "AWS/Lambda"
  metric_name       = "Throttles"
  dimensions = {
    FunctionName = "${var.stack}-firehose-transform"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "aggregator_errors" {
  alarm_name        = "${var.stack}-aggregator-errors"
  alarm_description = "${var.stack}-aggregator has failed for a quarter of an hour. Its log group says why."
  namespace         = "AWS/Lambda"
  metric_name       = "Errors"
  dimensions = {
    FunctionName = "${var.stack}-aggregator"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "aggregator_throttles" {
  alarm_name        = "${var.stack}-aggregator-throttles"
  alarm_description = "${var.stack}-aggregator was not let run for a quarter of an hour. The account's Lambda concurrency is used up."
  namespace         = "AWS/Lambda"
  metric_name       = "Throttles"
  dimensions = {
    FunctionName = "${var.stack}-aggregator"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "aggregator_iterator_age" {
  alarm_name        = "${var.stack}-aggregator-iterator-age"
  alarm_description = "${var.stack}-aggregator reads what came ten minutes ago or more. It fails, or the stream needs more shards."
  namespace         = "AWS/Lambda"
  metric_name       = "IteratorAge"
  dimensions = {
    FunctionName = "${var.stack}-aggregator"
  }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 600000
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "anomaly_detector_errors" {
  alarm_name        = "${var.stack}-anomaly-detector-errors"
  alarm_description = "${var.stack}-anomaly-detector has failed for a quarter of an hour. Its log group says why."
  namespace         = "AWS/Lambda"
  metric_name       = "Errors"
  dimensions = {
    FunctionName = "${var.stack}-anomaly-detector"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "anomaly_detector_throttles" {
  alarm_name        = "${var.stack}-anomaly-detector-throttles"
  alarm_description = "${var.stack}-anomaly-detector was not let run for a quarter of an hour. The account's Lambda concurrency is used up."
  namespace         = "AWS/Lambda"
  metric_name       = "Throttles"
  dimensions = {
    FunctionName = "${var.stack}-anomaly-detector"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "anomaly_detector_iterator_age" {
  alarm_name        = "${var.stack}-anomaly-detector-iterator-age"
  alarm_description = "${var.stack}-anomaly-detector reads what came ten minutes ago or more. It fails, or the stream needs more shards."
  namespace         = "AWS/Lambda"
  metric_name       = "IteratorAge"
  dimensions = {
    FunctionName = "${var.stack}-anomaly-detector"
  }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 600000
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "archive_freshness" {
  count = var.delivery == "firehose" ? 1 : 0

  alarm_name        = "${var.stack}-archive-freshness"
  alarm_description = "${var.stack}-archive has had a record for a quarter of an hour that is not in the lake. Its log group says why."
  namespace         = "AWS/Firehose"
  metric_name       = "DeliveryToS3.DataFreshness"
  dimensions = {
    DeliveryStreamName = "${var.stack}-archive"
  }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 900
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "archive_partitions" {
  count = var.delivery == "firehose" ? 1 : 0

  alarm_name        = "${var.stack}-archive-partitions"
  alarm_description = "${var.stack}-archive had events of more hours than it may gather. `clickstream redrive` takes in what lies below `undelivered/`."
  namespace         = "AWS/Firehose"
  metric_name       = "PartitionCountExceeded"
  dimensions = {
    DeliveryStreamName = "${var.stack}-archive"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "archive_conversion" {
  count = var.delivery == "firehose" ? 1 : 0

  alarm_name        = "${var.stack}-archive-conversion"
  alarm_description = "${var.stack}-archive could not convert records to the table. `clickstream redrive` takes in what lies below `undelivered/`."
  namespace         = "AWS/Firehose"
  metric_name       = "FailedConversion.Records"
  dimensions = {
    DeliveryStreamName = "${var.stack}-archive"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "archive_undelivered" {
  count = var.delivery == "firehose" ? 1 : 0

  alarm_name        = "${var.stack}-archive-undelivered"
  alarm_description = "${var.stack}-firehose-transform has left records to Firehose: the quarantine could not be written, or an answer was full. `clickstream redrive` takes in what lies below `undelivered/`."
  namespace         = "Clickstream"
  metric_name       = "UndeliveredRecords"
  dimensions = {
    service = "firehose_transform"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "no_data" {
  alarm_name        = "${var.stack}-no-data"
  alarm_description = "No event has come for an hour. Either nobody visits, or the collector or the sites that send to it are down."
  namespace         = "AWS/Kinesis"
  metric_name       = "IncomingRecords"
  dimensions = {
    StreamName = "${var.stack}-events"
  }
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 3600
  evaluation_periods  = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "stream_full" {
  alarm_name        = "${var.stack}-stream-full"
  alarm_description = "The stream has refused events for a quarter of an hour: clients are told to send them again. Add shards."
  namespace         = "AWS/Kinesis"
  metric_name       = "WriteProvisionedThroughputExceeded"
  dimensions = {
    StreamName = "${var.stack}-events"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "raw_objects_dead_not_empty" {
  alarm_name        = "${var.stack}-raw-objects-dead-not-empty"
  alarm_description = "${var.stack}-raw-objects-dead holds what was given up. For batches of a function: `clickstream redrive`. For announcements of raw objects: the daily reconciliation finds the objects."
  namespace         = "AWS/SQS"
  metric_name       = "ApproximateNumberOfMessagesVisible"
  dimensions = {
    QueueName = "${var.stack}-raw-objects-dead"
  }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "freshness" {
  alarm_name        = "${var.stack}-freshness"
  alarm_description = "The lake is not fresh: nobody has taken in new raw objects for half an hour. Look whether Dagster runs and its sensor `raw_objects` is on."
  namespace         = "AWS/SQS"
  metric_name       = "ApproximateAgeOfOldestMessage"
  dimensions = {
    QueueName = "${var.stack}-raw-objects"
  }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1800
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "failed_batches_not_empty" {
  alarm_name        = "${var.stack}-failed-batches-not-empty"
  alarm_description = "${var.stack}-failed-batches holds what was given up. For batches of a function: `clickstream redrive`. For announcements of raw objects: the daily reconciliation finds the objects."
  namespace         = "AWS/SQS"
  metric_name       = "ApproximateNumberOfMessagesVisible"
  dimensions = {
    QueueName = "${var.stack}-failed-batches"
  }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "quarantine" {
  alarm_name        = "${var.stack}-quarantine"
  alarm_description = "More than a hundred records an hour are set aside. `clickstream quarantine list` says what is wrong with them."
  namespace         = "Clickstream"
  metric_name       = "UncountableRecords"
  dimensions = {
    service = "aggregator"
  }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 100
  period              = 3600
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.ops.arn]
  ok_actions          = [aws_sns_topic.ops.arn]
  tags                = local.tags
}
