# The delivery stream of firehose.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

resource "aws_cloudwatch_log_group" "archive" {
  count = var.delivery == "firehose" ? 1 : 0

  name              = "/aws/kinesisfirehose/${var.stack}-archive"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.key_arn
  tags              = local.tags
}

resource "aws_cloudwatch_log_stream" "archive" {
  count = var.delivery == "firehose" ? 1 : 0

  name           = "delivery"
  log_group_name = aws_cloudwatch_log_group.archive[0].name
}

resource "aws_iam_role" "archive" {
  count = var.delivery == "firehose" ? 1 : 0

  name = "${var.stack}-archive"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Service = "firehose.amazonaws.com"
      }
      Action = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "sts:ExternalId" = local.account
        }
      }
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "archive" {
  count = var.delivery == "firehose" ? 1 : 0

  name = "work"
  role = aws_iam_role.archive[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "ReadStream"
        Effect = "Allow"
        Action = [
          "kinesis:DescribeStream",
          "kinesis:GetRecords",
          "kinesis:GetShardIterator",
          "kinesis:ListShards",
        ]
        Resource = [aws_kinesis_stream.events.arn]
      },
      {
        Sid      = "Transform"
        Effect   = "Allow"
        Action   = ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"]
        Resource = ["${aws_lambda_function.firehose_transform[0].arn}:$LATEST"]
      },
      {
        Sid    = "ReadSchema"
        Effect = "Allow"
        Action = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
        Resource = [
          "arn:${local.partition}:glue:${local.region}:${local.account}:catalog",
          "arn:${local.partition}:glue:${local.region}:${local.account}:database/${var.stack}_db",
          "arn:${local.partition}:glue:${local.region}:${local.account}:table/${var.stack}_db/raw_events",
        ]
      },
      {
        Sid      = "FindLake"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = [aws_s3_bucket.lake.arn]
      },
      {
        Sid      = "Deliver"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = ["${aws_s3_bucket.lake.arn}/raw/*", "${aws_s3_bucket.lake.arn}/undelivered/*"]
      },
      {
        Sid    = "LogErrors"
        Effect = "Allow"
        Action = ["logs:PutLogEvents"]
        Resource = [
          "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/kinesisfirehose/${var.stack}-archive:log-stream:delivery",
        ]
      },
    ]
  })
}

resource "aws_iam_role_policy" "archive_own_key" {
  count = local.own_key && var.delivery == "firehose" ? 1 : 0

  name = "own-key"
  role = aws_iam_role.archive[0].id
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
            "kms:ViaService" = ["s3.${local.region}.amazonaws.com"]
          }
        }
      },
    ]
  })
}

resource "aws_kinesis_firehose_delivery_stream" "archive" {
  count = var.delivery == "firehose" ? 1 : 0

  name        = "${var.stack}-archive"
  destination = "extended_s3"
  tags        = local.tags

  kinesis_source_configuration {
    kinesis_stream_arn = aws_kinesis_stream.events.arn
    role_arn           = aws_iam_role.archive[0].arn
  }

  extended_s3_configuration {
    bucket_arn          = aws_s3_bucket.lake.arn
    role_arn            = aws_iam_role.archive[0].arn
    prefix              = "raw/datehour=!{partitionKeyFromLambda:datehour}/"
    error_output_prefix = "undelivered/day=!{timestamp:yyyy-MM-dd}/!{firehose:error-output-type}/"
    buffering_size      = 64
    buffering_interval  = var.archive_window_s
    compression_format  = "UNCOMPRESSED"

    dynamic_partitioning_configuration {
      enabled        = true
      retry_duration = 7200
    }

    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = "${aws_lambda_function.firehose_transform[0].arn}:$LATEST"
        }

        dynamic "parameters" {
          for_each = min(var.archive_window_s, 60) == 60 ? [] : [min(var.archive_window_s, 60)]

          content {
            parameter_name  = "BufferIntervalInSeconds"
            parameter_value = tostring(parameters.value)
          }
        }
      }
    }

    data_format_conversion_configuration {
      enabled = true

      input_format_configuration {
        deserializer {
          open_x_json_ser_de {
            case_insensitive                         = false
            convert_dots_in_json_keys_to_underscores = false
          }
        }
      }

      output_format_configuration {
        serializer {
          parquet_ser_de {
            compression = "SNAPPY"
          }
        }
      }

      schema_configuration {
        catalog_id    = local.account
        database_name = aws_glue_catalog_table.raw_events.database_name
        table_name    = aws_glue_catalog_table.raw_events.name
        region        = local.region
        role_arn      = aws_iam_role.archive[0].arn
        version_id    = "LATEST"
      }
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.archive[0].name
      log_stream_name = aws_cloudwatch_log_stream.archive[0].name
    }
  }

  depends_on = [
    aws_cloudwatch_log_stream.archive,
    aws_iam_role_policy.archive,
    aws_iam_role_policy.archive_own_key,
  ]
}
