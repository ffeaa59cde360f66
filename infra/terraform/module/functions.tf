# The functions and how they read.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

resource "aws_cloudwatch_log_group" "collector" {
  name              = "/aws/lambda/${var.stack}-collector"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.key_arn
  tags              = local.tags
}

resource "aws_iam_role" "collector" {
  name = "${var.stack}-collector"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Service = "lambda.amazonaws.com"
      }
      Action = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "collector" {
  name = "work"
  role = aws_iam_role.collector.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "PutEvents"
        Effect   = "Allow"
        Action   = ["kinesis:PutRecords"]
        Resource = [aws_kinesis_stream.events.arn]
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.collector.arn}:log-stream:*"]
      },
    ]
  })
}

resource "aws_iam_role_policy" "collector_own_key" {
  count = local.own_key ? 1 : 0

  name = "own-key"
  role = aws_iam_role.collector.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteWithOwnKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = [local.key_arn]
      Condition = {
        StringEquals = {
          "kms:ViaService" = ["kinesis.${local.region}.amazonaws.com"]
        }
      }
    }]
  })
}

resource "aws_lambda_function" "collector" {
  function_name                  = "${var.stack}-collector"
  role                           = aws_iam_role.collector.arn
  runtime                        = "python3.13"
  architectures                  = ["arm64"]
  handler                        = "lambdas.collector.handler.handler"
  filename                       = "${var.code_dir}/collector.zip"
  source_code_hash               = filebase64sha256("${var.code_dir}/collector.zip")
  memory_size                    = 256
  timeout                        = 29
  reserved_concurrent_executions = var.collector_concurrency
  tags                           = local.tags

  environment {
    variables = merge({
      STREAM_NAME = aws_kinesis_stream.events.name
    }, local.every_function)
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.collector.name
  }

  depends_on = [
    aws_cloudwatch_log_group.collector,
    aws_iam_role_policy.collector,
    aws_iam_role_policy.collector_own_key,
  ]
}

resource "aws_cloudwatch_log_group" "event_processor" {
  count = var.delivery == "lambda" ? 1 : 0

  name              = "/aws/lambda/${var.stack}-event-processor"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.key_arn
  tags              = local.tags
}

resource "aws_iam_role" "event_processor" {
  count = var.delivery == "lambda" ? 1 : 0

  name = "${var.stack}-event-processor"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Service = "lambda.amazonaws.com"
      }
      Action = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "event_processor" {
  count = var.delivery == "lambda" ? 1 : 0

  name = "work"
  role = aws_iam_role.event_processor[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "ReadStream"
        Effect = "Allow"
        Action = [
          "kinesis:DescribeStream",
          "kinesis:DescribeStreamSummary",
          "kinesis:GetRecords",
          "kinesis:GetShardIterator",
          "kinesis:ListShards",
        ]
        Resource = [aws_kinesis_stream.events.arn]
      },
      {
        Sid      = "SetFailedBatchesAside"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.failed_batches.arn]
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.event_processor[0].arn}:log-stream:*"]
      },
      {
        Sid      = "Archive"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["${aws_s3_bucket.lake.arn}/raw/*", "${aws_s3_bucket.lake.arn}/quarantine/*"]
      },
    ]
  })
}

resource "aws_iam_role_policy" "event_processor_own_key" {
  count = local.own_key && var.delivery == "lambda" ? 1 : 0

  name = "own-key"
  role = aws_iam_role.event_processor[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadWithOwnKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [local.key_arn]
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["kinesis.${local.region}.amazonaws.com"]
          }
        }
      },
      {
        Sid      = "WriteWithOwnKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [local.key_arn]
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["s3.${local.region}.amazonaws.com", "sqs.${local.region}.amazonaws.com"]
          }
        }
      },
    ]
  })
}

resource "aws_lambda_function" "event_processor" {
  count = var.delivery == "lambda" ? 1 : 0

  function_name    = "${var.stack}-event-processor"
  role             = aws_iam_role.event_processor[0].arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "lambdas.event_processor.handler.handler"
  filename         = "${var.code_dir}/event_processor.zip"
  source_code_hash = filebase64sha256("${var.code_dir}/event_processor.zip")
  memory_size      = 512
  timeout          = 300
  tags             = local.tags

  environment {
    variables = merge({
      LAKE_BUCKET = aws_s3_bucket.lake.bucket
    }, local.every_function)
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.event_processor[0].name
  }

  depends_on = [
    aws_cloudwatch_log_group.event_processor,
    aws_iam_role_policy.event_processor,
    aws_iam_role_policy.event_processor_own_key,
  ]
}

resource "aws_lambda_event_source_mapping" "event_processor" {
  count = var.delivery == "lambda" ? 1 : 0

  function_name                      = aws_lambda_function.event_processor[0].arn
  event_source_arn                   = aws_kinesis_stream.events.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = 10000
  maximum_batching_window_in_seconds = var.archive_window_s
  maximum_retry_attempts             = 5
  maximum_record_age_in_seconds      = 86400
  bisect_batch_on_function_error     = true
  parallelization_factor             = 1
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = local.tags

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failed_batches.arn
    }
  }
}

resource "aws_cloudwatch_log_group" "firehose_transform" {
  count = var.delivery == "firehose" ? 1 : 0

  name              = "/aws/lambda/${var.stack}-firehose-transform"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.key_arn
  tags              = local.tags
}

resource "aws_iam_role" "firehose_transform" {
  count = var.delivery == "firehose" ? 1 : 0

  name = "${var.stack}-firehose-transform"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Service = "lambda.amazonaws.com"
      }
      Action = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "firehose_transform" {
  count = var.delivery == "firehose" ? 1 : 0

  name = "work"
  role = aws_iam_role.firehose_transform[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.firehose_transform[0].arn}:log-stream:*"]
      },
      {
        Sid      = "SetBadRecordsAside"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["${aws_s3_bucket.lake.arn}/quarantine/*"]
      },
    ]
  })
}

resource "aws_iam_role_policy" "firehose_transform_own_key" {
  count = local.own_key && var.delivery == "firehose" ? 1 : 0

  name = "own-key"
  role = aws_iam_role.firehose_transform[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteWithOwnKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = [local.key_arn]
      Condition = {
        StringEquals = {
          "kms:ViaService" = ["s3.${local.region}.amazonaws.com"]
        }
      }
    }]
  })
}

resource "aws_lambda_function" "firehose_transform" {
  count = var.delivery == "firehose" ? 1 : 0

  function_name    = "${var.stack}-firehose-transform"
  role             = aws_iam_role.firehose_transform[0].arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "lambdas.firehose_transform.handler.handler"
  filename         = "${var.code_dir}/firehose_transform.zip"
  source_code_hash = filebase64sha256("${var.code_dir}/firehose_transform.zip")
  memory_size      = 512
  timeout          = 60
  tags             = local.tags

  environment {
    variables = merge({
      LAKE_BUCKET = aws_s3_bucket.lake.bucket
    }, local.every_function)
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.firehose_transform[0].name
  }

  depends_on = [
    aws_cloudwatch_log_group.firehose_transform,
    aws_iam_role_policy.firehose_transform,
    aws_iam_role_policy.firehose_transform_own_key,
  ]
}

resource "aws_cloudwatch_log_group" "aggregator" {
  name              = "/aws/lambda/${var.stack}-aggregator"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.key_arn
  tags              = local.tags
}

resource "aws_iam_role" "aggregator" {
  name = "${var.stack}-aggregator"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Service = "lambda.amazonaws.com"
      }
      Action = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "aggregator" {
  name = "work"
  role = aws_iam_role.aggregator.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "ReadStream"
        Effect = "Allow"
        Action = [
          "kinesis:DescribeStream",
          "kinesis:DescribeStreamSummary",
          "kinesis:GetRecords",
          "kinesis:GetShardIterator",
          "kinesis:ListShards",
        ]
        Resource = [aws_kinesis_stream.events.arn]
      },
      {
        Sid      = "SetFailedBatchesAside"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.failed_batches.arn]
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.aggregator.arn}:log-stream:*"]
      },
      {
        Sid    = "Count"
        Effect = "Allow"
        Action = ["dynamodb:BatchGetItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"]
        Resource = [
          aws_dynamodb_table.page_metrics.arn,
          aws_dynamodb_table.session_metrics.arn,
          aws_dynamodb_table.counters.arn,
          aws_dynamodb_table.aggregator_log.arn,
        ]
      },
    ]
  })
}

resource "aws_iam_role_policy" "aggregator_own_key" {
  count = local.own_key ? 1 : 0

  name = "own-key"
  role = aws_iam_role.aggregator.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadWithOwnKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [local.key_arn]
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["kinesis.${local.region}.amazonaws.com"]
          }
        }
      },
      {
        Sid      = "WriteWithOwnKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [local.key_arn]
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["sqs.${local.region}.amazonaws.com"]
          }
        }
      },
      {
        Sid    = "UseTablesWithOwnKey"
        Effect = "Allow"
        Action = [
          "kms:Decrypt",
          "kms:DescribeKey",
          "kms:Encrypt",
          "kms:GenerateDataKey",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ]
        Resource = [local.key_arn]
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["dynamodb.${local.region}.amazonaws.com"]
          }
        }
      },
    ]
  })
}

resource "aws_lambda_function" "aggregator" {
  function_name    = "${var.stack}-aggregator"
  role             = aws_iam_role.aggregator.arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "lambdas.aggregator.handler.handler"
  filename         = "${var.code_dir}/aggregator.zip"
  source_code_hash = filebase64sha256("${var.code_dir}/aggregator.zip")
  memory_size      = 1024
  timeout          = 60
  tags             = local.tags

  environment {
    variables = merge({
      TABLE_PREFIX = var.stack
      STREAM_NAME  = aws_kinesis_stream.events.name
    }, local.every_function)
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.aggregator.name
  }

  depends_on = [
    aws_cloudwatch_log_group.aggregator,
    aws_iam_role_policy.aggregator,
    aws_iam_role_policy.aggregator_own_key,
  ]
}

resource "aws_lambda_event_source_mapping" "aggregator" {
  function_name                      = aws_lambda_function.aggregator.arn
  event_source_arn                   = aws_kinesis_stream.events.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = 5000
  maximum_batching_window_in_seconds = 1
  maximum_retry_attempts             = 5
  maximum_record_age_in_seconds      = 86400
  bisect_batch_on_function_error     = true
  parallelization_factor             = 1
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = local.tags

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failed_batches.arn
    }
  }
}

resource "aws_cloudwatch_log_group" "anomaly_detector" {
  name              = "/aws/lambda/${var.stack}-anomaly-detector"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.key_arn
  tags              = local.tags
}

resource "aws_iam_role" "anomaly_detector" {
  name = "${var.stack}-anomaly-detector"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Service = "lambda.amazonaws.com"
      }
      Action = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "anomaly_detector" {
  name = "work"
  role = aws_iam_role.anomaly_detector.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "ReadStream"
        Effect = "Allow"
        Action = [
          "kinesis:DescribeStream",
          "kinesis:DescribeStreamSummary",
          "kinesis:GetRecords",
          "kinesis:GetShardIterator",
          "kinesis:ListShards",
        ]
        Resource = [aws_kinesis_stream.events.arn]
      },
      {
        Sid      = "SetFailedBatchesAside"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.failed_batches.arn]
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.anomaly_detector.arn}:log-stream:*"]
      },
      {
        Sid      = "KeepState"
        Effect   = "Allow"
        Action   = ["dynamodb:PartiQLInsert", "dynamodb:Query"]
        Resource = [aws_dynamodb_table.detector_log.arn]
      },
      {
        Sid      = "KeepAlerts"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"]
        Resource = [aws_dynamodb_table.alerts.arn]
      },
      {
        Sid      = "PublishAlerts"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.alerts.arn]
      },
    ]
  })
}

resource "aws_iam_role_policy" "anomaly_detector_own_key" {
  count = local.own_key ? 1 : 0

  name = "own-key"
  role = aws_iam_role.anomaly_detector.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadWithOwnKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [local.key_arn]
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["kinesis.${local.region}.amazonaws.com"]
          }
        }
      },
      {
        Sid      = "WriteWithOwnKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [local.key_arn]
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["sns.${local.region}.amazonaws.com", "sqs.${local.region}.amazonaws.com"]
          }
        }
      },
      {
        Sid    = "UseTablesWithOwnKey"
        Effect = "Allow"
        Action = [
          "kms:Decrypt",
          "kms:DescribeKey",
          "kms:Encrypt",
          "kms:GenerateDataKey",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ]
        Resource = [local.key_arn]
        Condition = {
          StringEquals = {
            "kms:ViaService" = ["dynamodb.${local.region}.amazonaws.com"]
          }
        }
      },
    ]
  })
}

resource "aws_lambda_function" "anomaly_detector" {
  function_name    = "${var.stack}-anomaly-detector"
  role             = aws_iam_role.anomaly_detector.arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "lambdas.anomaly_detector.handler.handler"
  filename         = "${var.code_dir}/anomaly_detector.zip"
  source_code_hash = filebase64sha256("${var.code_dir}/anomaly_detector.zip")
  memory_size      = 1024
  timeout          = 60
  tags             = local.tags

  environment {
    variables = merge({
      TABLE_PREFIX    = var.stack
      STREAM_NAME     = aws_kinesis_stream.events.name
      ALERT_TOPIC_ARN = aws_sns_topic.alerts.arn
    }, local.every_function, var.detector)
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.anomaly_detector.name
  }

  depends_on = [
    aws_cloudwatch_log_group.anomaly_detector,
    aws_iam_role_policy.anomaly_detector,
    aws_iam_role_policy.anomaly_detector_own_key,
  ]
}

resource "aws_lambda_event_source_mapping" "anomaly_detector" {
  function_name                      = aws_lambda_function.anomaly_detector.arn
  event_source_arn                   = aws_kinesis_stream.events.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = 5000
  maximum_batching_window_in_seconds = 1
  maximum_retry_attempts             = 5
  maximum_record_age_in_seconds      = 86400
  bisect_batch_on_function_error     = true
  parallelization_factor             = 1
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = local.tags

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failed_batches.arn
    }
  }
}
