# What the account may cost a month.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

# Of the whole account: what this platform's tag costs AWS knows only once the tag is switched on in
# the billing console.
resource "aws_budgets_budget" "monthly" {
  name         = var.stack
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  tags         = local.tags

  notification {
    notification_type         = "ACTUAL"
    comparison_operator       = "GREATER_THAN"
    threshold                 = 80
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [aws_sns_topic.ops.arn]
  }

  notification {
    notification_type         = "FORECASTED"
    comparison_operator       = "GREATER_THAN"
    threshold                 = 100
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [aws_sns_topic.ops.arn]
  }
}
