# The queues.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

resource "aws_sqs_queue" "raw_objects_dead" {
  name                       = "${var.stack}-raw-objects-dead"
  visibility_timeout_seconds = 300
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = local.own_key ? null : true
  kms_master_key_id          = local.key_arn
  tags                       = local.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_sqs_queue_policy" "raw_objects_dead" {
  queue_url = aws_sqs_queue.raw_objects_dead.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Deny"
      Principal = {
        AWS = "*"
      }
      Action   = "sqs:*"
      Resource = aws_sqs_queue.raw_objects_dead.arn
      Condition = {
        Bool = {
          "aws:SecureTransport" = "false"
        }
      }
    }]
  })
}

resource "aws_sqs_queue" "raw_objects" {
  name                       = "${var.stack}-raw-objects"
  visibility_timeout_seconds = 300
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = local.own_key ? null : true
  kms_master_key_id          = local.key_arn
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.raw_objects_dead.arn
    maxReceiveCount     = 20
  })
  tags = local.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_sqs_queue_policy" "raw_objects" {
  queue_url = aws_sqs_queue.raw_objects.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Deny"
        Principal = {
          AWS = "*"
        }
        Action   = "sqs:*"
        Resource = aws_sqs_queue.raw_objects.arn
        Condition = {
          Bool = {
            "aws:SecureTransport" = "false"
          }
        }
      },
      {
        Effect = "Allow"
        Principal = {
          Service = "s3.amazonaws.com"
        }
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.raw_objects.arn
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = aws_s3_bucket.lake.arn
          }
          StringEquals = {
            "aws:SourceAccount" = local.account
          }
        }
      },
    ]
  })
}

resource "aws_sqs_queue" "failed_batches" {
  name                       = "${var.stack}-failed-batches"
  visibility_timeout_seconds = 300
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = local.own_key ? null : true
  kms_master_key_id          = local.key_arn
  tags                       = local.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_sqs_queue_policy" "failed_batches" {
  queue_url = aws_sqs_queue.failed_batches.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Deny"
      Principal = {
        AWS = "*"
      }
      Action   = "sqs:*"
      Resource = aws_sqs_queue.failed_batches.arn
      Condition = {
        Bool = {
          "aws:SecureTransport" = "false"
        }
      }
    }]
  })
}
