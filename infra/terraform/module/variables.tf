# What whoever uses the module decides.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

variable "stack" {
  type        = string
  description = "Prefix of every name, so that two platforms fit in one account."
  default     = "clickstream"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,33}[a-z0-9])?$", var.stack))
    error_message = "Must be up to 35 lower-case letters, digits and dashes, a letter first."
  }
}

variable "code_dir" {
  type        = string
  description = "Folder with the functions' packages, as `clickstream package` writes them."
  nullable    = false
}

variable "delivery" {
  type        = string
  description = "How events get into the lake: lambda (by our function) or firehose."
  default     = "lambda"
  nullable    = false

  validation {
    condition     = contains(["lambda", "firehose"], var.delivery)
    error_message = "Must be lambda or firehose."
  }
}

variable "shards" {
  type        = number
  description = "Shards of the stream; one takes 1,000 events or 1 MB a second."
  default     = 1
  nullable    = false

  validation {
    condition     = var.shards >= 1 && floor(var.shards) == var.shards
    error_message = "Must be a whole number of at least 1."
  }
}

variable "on_demand" {
  type        = bool
  description = "Whether AWS sizes the stream instead."
  default     = false
  nullable    = false
}

variable "archive_window_s" {
  type        = number
  description = "How long the archive gathers events into one object, in whole seconds."
  default     = 60
  nullable    = false

  validation {
    condition     = var.archive_window_s >= 0 && var.archive_window_s <= 300 && floor(var.archive_window_s) == var.archive_window_s
    error_message = "Must be a whole number of seconds, 300 at most."
  }
}

variable "lateness_limit_s" {
  type        = number
  description = "Oldest event accepted, in seconds before arrival; null for any age."
  default     = null
}

variable "detector" {
  type        = map(string)
  description = "The anomaly detector's thresholds by their variables' names, where they differ."
  default = {
  }
  nullable = false
}

variable "kms" {
  type        = string
  description = "Whose key encrypts: aws (free) or own (the account's, billed by use)."
  default     = "aws"
  nullable    = false

  validation {
    condition     = contains(["aws", "own"], var.kms)
    error_message = "Must be aws or own."
  }
}

variable "scan_limit_bytes" {
  type        = number
  description = "What one statement of Athena may scan before it is cancelled."
  default     = 1099511627776
  nullable    = false

  validation {
    condition     = var.scan_limit_bytes >= 10000000 && floor(var.scan_limit_bytes) == var.scan_limit_bytes
    error_message = "Must be a whole number of at least 10000000."
  }
}

variable "log_retention_days" {
  type        = number
  description = "How long logs are kept, one of the numbers CloudWatch offers."
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "Must be a number CloudWatch offers."
  }
}

variable "collector_concurrency" {
  type        = number
  description = "The most collectors at a time; null while the API's own limit does."
  default     = null
}

variable "alarm_email" {
  type        = string
  description = "Who is told of alarms; null for nobody yet."
  default     = null
}

variable "monthly_budget_usd" {
  type        = number
  description = "What the account may cost a month, in dollars, before that rings too."
  default     = 50
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything, beside `clickstream:stack`."
  default = {
  }
  nullable = false
}
