# Where it is used, and what follows from that.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account        = data.aws_caller_identity.current.account_id
  partition      = data.aws_partition.current.partition
  region         = data.aws_region.current.region
  own_key        = var.kms == "own"
  key_arn        = one(aws_kms_key.own[*].arn)
  every_function = var.lateness_limit_s == null ? {} : { LATENESS_LIMIT_S = tostring(var.lateness_limit_s) }
  tags           = merge(var.tags, { "clickstream:stack" = var.stack })
}
