# What the module tells.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

output "collector_url" {
  description = "Where events are sent"
  value       = aws_apigatewayv2_api.collector.api_endpoint
}

output "stream" {
  description = "The stream of events"
  value       = aws_kinesis_stream.events.name
}

output "lake_bucket" {
  description = "The lake"
  value       = aws_s3_bucket.lake.bucket
}

output "athena_results_bucket" {
  description = "Where Athena's answers are kept"
  value       = aws_s3_bucket.athena_results.bucket
}

output "database" {
  description = "The Glue database"
  value       = aws_glue_catalog_database.lake.name
}

output "workgroup" {
  description = "The Athena work group"
  value       = aws_athena_workgroup.queries.name
}

output "raw_objects_queue" {
  description = "URL of the queue that announces raw objects"
  value       = aws_sqs_queue.raw_objects.url
}

output "alerts_topic_arn" {
  description = "Where the detector tells people"
  value       = aws_sns_topic.alerts.arn
}

output "ops_topic_arn" {
  description = "Where alarms tell operators"
  value       = aws_sns_topic.ops.arn
}

output "key_arn" {
  description = "The own key; null without one"
  value       = local.key_arn
}

output "batch_side_policy" {
  description = "What the role of Dagster's tasks must be allowed, as JSON"
  value = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "DrainNotifications"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
        Resource = [aws_sqs_queue.raw_objects.arn]
      },
      {
        Sid    = "AuditStream"
        Effect = "Allow"
        Action = [
          "kinesis:DescribeStreamSummary",
          "kinesis:GetRecords",
          "kinesis:GetShardIterator",
          "kinesis:ListShards",
        ]
        Resource = [aws_kinesis_stream.events.arn]
      },
      {
        Sid      = "ReadCounters"
        Effect   = "Allow"
        Action   = ["dynamodb:Query", "dynamodb:Scan"]
        Resource = [aws_dynamodb_table.counters.arn]
      },
      {
        Sid      = "ReadAlerts"
        Effect   = "Allow"
        Action   = ["dynamodb:Scan"]
        Resource = [aws_dynamodb_table.alerts.arn]
      },
      {
        Sid      = "TellOfFailedRuns"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.alerts.arn]
      },
      {
        Sid    = "RefreshSpice"
        Effect = "Allow"
        Action = ["quicksight:CreateIngestion", "quicksight:DescribeIngestion"]
        Resource = [
          "arn:${local.partition}:quicksight:${local.region}:${local.account}:dataset/${var.stack}-page-views-hourly/ingestion/*",
          "arn:${local.partition}:quicksight:${local.region}:${local.account}:dataset/${var.stack}-sessions/ingestion/*",
        ]
      },
      {
        Sid      = "ListLake"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = [aws_s3_bucket.lake.arn]
      },
      {
        Sid    = "ReadAndExpireWhatCame"
        Effect = "Allow"
        Action = ["s3:DeleteObject", "s3:GetObject"]
        Resource = [
          "${aws_s3_bucket.lake.arn}/raw/*",
          "${aws_s3_bucket.lake.arn}/quarantine/*",
          "${aws_s3_bucket.lake.arn}/quarantine-replayed/*",
          "${aws_s3_bucket.lake.arn}/erased/*",
        ]
      },
      {
        Sid      = "ExpireUndelivered"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = ["${aws_s3_bucket.lake.arn}/undelivered/*"]
      },
      {
        Sid    = "WriteTables"
        Effect = "Allow"
        Action = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = [
          "${aws_s3_bucket.lake.arn}/events/*",
          "${aws_s3_bucket.lake.arn}/marts/*",
          "${aws_s3_bucket.lake.arn}/checked_hours/*",
          "${aws_s3_bucket.lake.arn}/alert_counts/*",
        ]
      },
      {
        Sid    = "ReadCatalog"
        Effect = "Allow"
        Action = [
          "glue:BatchGetPartition",
          "glue:GetDatabase",
          "glue:GetDatabases",
          "glue:GetPartition",
          "glue:GetPartitions",
          "glue:GetTable",
          "glue:GetTableVersions",
          "glue:GetTables",
        ]
        Resource = [
          "arn:${local.partition}:glue:${local.region}:${local.account}:catalog",
          "arn:${local.partition}:glue:${local.region}:${local.account}:database/${var.stack}_db",
          "arn:${local.partition}:glue:${local.region}:${local.account}:table/${var.stack}_db/*",
        ]
      },
      {
        Sid    = "WriteCatalog"
        Effect = "Allow"
        Action = [
          "glue:BatchCreatePartition",
          "glue:BatchDeletePartition",
          "glue:BatchUpdatePartition",
          "glue:CreateTable",
          "glue:DeleteTable",
          "glue:DeleteTableVersion",
          "glue:UpdatePartition",
          "glue:UpdateTable",
        ]
        Resource = [
          "arn:${local.partition}:glue:${local.region}:${local.account}:catalog",
          "arn:${local.partition}:glue:${local.region}:${local.account}:database/${var.stack}_db",
          "arn:${local.partition}:glue:${local.region}:${local.account}:table/${var.stack}_db/*",
        ]
      },
      {
        Sid      = "AthenaLooksAtDefault"
        Effect   = "Allow"
        Action   = ["glue:GetDatabase"]
        Resource = ["arn:${local.partition}:glue:${local.region}:${local.account}:database/default"]
      },
      {
        Sid    = "Query"
        Effect = "Allow"
        Action = [
          "athena:GetQueryExecution",
          "athena:GetQueryResults",
          "athena:GetWorkGroup",
          "athena:StartQueryExecution",
          "athena:StopQueryExecution",
        ]
        Resource = ["arn:${local.partition}:athena:${local.region}:${local.account}:workgroup/${var.stack}"]
      },
      {
        Sid      = "FindResultsBucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = [aws_s3_bucket.athena_results.arn]
      },
      {
        Sid    = "KeepResults"
        Effect = "Allow"
        Action = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource = [
          "${aws_s3_bucket.athena_results.arn}/checks/*",
          "${aws_s3_bucket.athena_results.arn}/dbt/*",
        ]
      },
    ]
  })
}

output "batch_side_own_key_policy" {
  description = "The same for the own key; null without one"
  value = one(local.own_key ? [
    jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "ReadWithOwnKey"
          Effect   = "Allow"
          Action   = ["kms:Decrypt"]
          Resource = [local.key_arn]
          Condition = {
            StringEquals = {
              "kms:ViaService" = ["kinesis.${local.region}.amazonaws.com", "sqs.${local.region}.amazonaws.com"]
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
              "kms:ViaService" = ["s3.${local.region}.amazonaws.com", "sns.${local.region}.amazonaws.com"]
            }
          }
        },
        {
          Sid      = "UseTablesWithOwnKey"
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:DescribeKey"]
          Resource = [local.key_arn]
          Condition = {
            StringEquals = {
              "kms:ViaService" = ["dynamodb.${local.region}.amazonaws.com"]
            }
          }
        },
      ]
    }),
  ] : [])
}
