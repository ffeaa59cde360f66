# Athena.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

# Its settings are not enforced on clients: an enforced location would put each table that dbt makes
# among the answers, where they expire. The limit holds all the same.
resource "aws_athena_workgroup" "queries" {
  name          = var.stack
  force_destroy = true
  tags          = local.tags

  configuration {
    enforce_workgroup_configuration    = false
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit_bytes

    result_configuration {
      output_location = "s3://${aws_s3_bucket.athena_results.bucket}/"

      encryption_configuration {
        encryption_option = local.own_key ? "SSE_KMS" : "SSE_S3"
        kms_key_arn       = local.key_arn
      }
    }
  }
}
