# The tables of the real-time side.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

resource "aws_dynamodb_table" "page_metrics" {
  name                        = "${var.stack}-page-metrics"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "page_url"
  range_key                   = "timestamp_hour"
  deletion_protection_enabled = true
  tags                        = local.tags

  attribute {
    name = "page_url"
    type = "S"
  }

  attribute {
    name = "timestamp_hour"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  dynamic "server_side_encryption" {
    for_each = local.own_key ? [local.key_arn] : []

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_dynamodb_table" "session_metrics" {
  name                        = "${var.stack}-session-metrics"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "session_id"
  deletion_protection_enabled = true
  tags                        = local.tags

  attribute {
    name = "session_id"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  dynamic "server_side_encryption" {
    for_each = local.own_key ? [local.key_arn] : []

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_dynamodb_table" "counters" {
  name                        = "${var.stack}-counters"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "metric_name"
  range_key                   = "time_window"
  deletion_protection_enabled = true
  tags                        = local.tags

  attribute {
    name = "metric_name"
    type = "S"
  }

  attribute {
    name = "time_window"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  dynamic "server_side_encryption" {
    for_each = local.own_key ? [local.key_arn] : []

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_dynamodb_table" "alerts" {
  name                        = "${var.stack}-alerts"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "alert_id"
  deletion_protection_enabled = true
  tags                        = local.tags

  attribute {
    name = "alert_id"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  dynamic "server_side_encryption" {
    for_each = local.own_key ? [local.key_arn] : []

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_dynamodb_table" "aggregator_log" {
  name                        = "${var.stack}-aggregator-log"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "shard_id"
  range_key                   = "position"
  deletion_protection_enabled = true
  tags                        = local.tags

  attribute {
    name = "shard_id"
    type = "S"
  }

  attribute {
    name = "position"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  dynamic "server_side_encryption" {
    for_each = local.own_key ? [local.key_arn] : []

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_dynamodb_table" "detector_log" {
  name                        = "${var.stack}-detector-log"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "shard_id"
  range_key                   = "after"
  deletion_protection_enabled = true
  tags                        = local.tags

  attribute {
    name = "shard_id"
    type = "S"
  }

  attribute {
    name = "after"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  dynamic "server_side_encryption" {
    for_each = local.own_key ? [local.key_arn] : []

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
