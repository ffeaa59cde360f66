# The stream of accepted events.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

resource "aws_kinesis_stream" "events" {
  name             = "${var.stack}-events"
  shard_count      = var.on_demand ? null : var.shards
  retention_period = 24
  encryption_type  = "KMS"
  kms_key_id       = local.own_key ? local.key_arn : "alias/aws/kinesis"
  tags             = local.tags

  stream_mode_details {
    stream_mode = var.on_demand ? "ON_DEMAND" : "PROVISIONED"
  }

  lifecycle {
    prevent_destroy = true
  }
}
