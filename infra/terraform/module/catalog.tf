# The Glue database and tables.
# Written by `make terraform` from infra/topology.py; changes by hand are lost.

locals {
  raw_events_columns = [
    { name = "event_id", type = "string", comment = "Unique id of the event; a retry carries the same one" },
    { name = "event_type", type = "string", comment = "What happened: page_view, click, ..." },
    { name = "event_time", type = "timestamp", comment = "When it happened (UTC)" },
    { name = "received_at", type = "timestamp", comment = "When the collector accepted it (UTC)" },
    { name = "session_id", type = "string", comment = "The client's session; the stream's partition key" },
    { name = "user_id", type = "string", comment = "Known user, when signed in" },
    { name = "anonymous_id", type = "string", comment = "Device or browser, when not signed in" },
    { name = "page_url", type = "string", comment = "Address of the page as the client sent it" },
    { name = "page_host", type = "string", comment = "Host of page_url" },
    { name = "page_path", type = "string", comment = "Path of page_url, without query and fragment" },
    { name = "page_title", type = "string", comment = "Title of the page" },
    { name = "referrer", type = "string", comment = "Address the visitor came from" },
    { name = "user_agent", type = "string", comment = "The client's User-Agent" },
    { name = "ip", type = "string", comment = "Client address, truncated to its network (/24 or /48)" },
    { name = "element_clicked", type = "string", comment = "Element that was clicked" },
    { name = "time_spent", type = "double", comment = "Time spent before this event, in seconds" },
    { name = "source_menu", type = "string", comment = "Menu the click came from" },
    { name = "experiments", type = "map<string,string>", comment = "Experiment name to variant" },
    { name = "utm_source", type = "string", comment = "Campaign source" },
    { name = "utm_medium", type = "string", comment = "Campaign medium" },
    { name = "utm_campaign", type = "string", comment = "Campaign name" },
    { name = "utm_term", type = "string", comment = "Campaign term" },
    { name = "utm_content", type = "string", comment = "Campaign content" },
    { name = "properties", type = "string", comment = "Everything else the client sent, as JSON text" },
    { name = "app_id", type = "string", comment = "Application the event belongs to" },
    { name = "source", type = "string", comment = "Protocol the event arrived by" },
    { name = "is_bot", type = "boolean", comment = "Whether the user agent declares itself a bot" },
    { name = "browser", type = "string", comment = "Browser family" },
    { name = "os", type = "string", comment = "Operating system family" },
    { name = "device", type = "string", comment = "desktop, mobile, tablet or bot" },
    { name = "country", type = "string", comment = "Country of the client, when the edge told it" },
    { name = "channel", type = "string", comment = "direct, search, social, campaign, referral or internal" },
    { name = "shard_id", type = "string", comment = "Shard the event arrived on" },
    { name = "sequence_number", type = "string", comment = "Its sequence number on the shard" },
  ]
  checked_hours_columns = [
    { name = "datehour", type = "string", comment = "Hour of event time in UTC, yyyy-MM-dd-HH" },
    { name = "raw_rows", type = "bigint", comment = "Rows as archived, duplicates included" },
    { name = "compacted_rows", type = "bigint", comment = "Rows as compacted" },
    { name = "duplicates", type = "bigint", comment = "Archived rows that repeat an event_id" },
    { name = "is_raw_expired", type = "boolean", comment = "Whether raw objects of the hour have begun to expire" },
    { name = "is_conserved", type = "boolean", comment = "Whether nothing was lost between the two" },
    { name = "is_unique", type = "boolean", comment = "Whether every compacted row has an event_id of its own" },
    { name = "realtime_events", type = "bigint", comment = "Events as counted in real time, where comparable" },
    { name = "unexplained_events", type = "bigint", comment = "Difference to real time without an explanation" },
    { name = "checked_at", type = "string", comment = "When this was found (UTC)" },
  ]
  alert_counts_columns = [
    { name = "day", type = "string", comment = "Day the alerts are about, UTC, yyyy-MM-dd" },
    { name = "rule", type = "string", comment = "The rule that found them" },
    { name = "alerts", type = "bigint", comment = "Alerts" },
    { name = "sessions", type = "bigint", comment = "Distinct sessions they are about; 0 if about the traffic" },
    { name = "first_detected_at", type = "string", comment = "Time of the first (UTC)" },
    { name = "last_detected_at", type = "string", comment = "Time of the last (UTC)" },
  ]
  quarantine_columns = [
    { name = "reason", type = "string", comment = "Why the record was set aside, a stable code" },
    { name = "detail", type = "string", comment = "What was wrong, for a person" },
    { name = "payload", type = "string", comment = "The record as it came, base64" },
    { name = "shard_id", type = "string", comment = "Shard it arrived on" },
    { name = "sequence_number", type = "string", comment = "Its sequence number on the shard" },
    { name = "arrived_at", type = "string", comment = "When it arrived (UTC, ISO 8601)" },
  ]
}

resource "aws_glue_catalog_database" "lake" {
  name = "${var.stack}_db"
  tags = local.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_glue_catalog_table" "raw_events" {
  database_name = aws_glue_catalog_database.lake.name
  name          = "raw_events"
  description   = "Events as archived from the stream, duplicates included, by hour of event time."
  table_type    = "EXTERNAL_TABLE"
  parameters = {
    EXTERNAL       = "TRUE"
    classification = "parquet"
  }

  partition_keys {
    name    = "datehour"
    type    = "string"
    comment = "Hour of event_time in UTC, yyyy-MM-dd-HH"
  }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.lake.bucket}/raw/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    dynamic "columns" {
      for_each = local.raw_events_columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters = {
        "serialization.format" = "1"
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_glue_catalog_table" "events" {
  database_name = aws_glue_catalog_database.lake.name
  name          = "events"
  description   = "Compacted events: one row per event_id, by hour of event time."
  table_type    = "EXTERNAL_TABLE"
  parameters = {
    EXTERNAL       = "TRUE"
    classification = "parquet"
  }

  partition_keys {
    name    = "datehour"
    type    = "string"
    comment = "Hour of event_time in UTC, yyyy-MM-dd-HH"
  }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.lake.bucket}/events/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    dynamic "columns" {
      for_each = local.raw_events_columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters = {
        "serialization.format" = "1"
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_glue_catalog_table" "checked_hours" {
  database_name = aws_glue_catalog_database.lake.name
  name          = "checked_hours"
  description   = "What the checks found in each hour last: rows, duplicates, real time."
  table_type    = "EXTERNAL_TABLE"
  parameters = {
    EXTERNAL       = "TRUE"
    classification = "json"
  }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.lake.bucket}/checked_hours/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    dynamic "columns" {
      for_each = local.checked_hours_columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
      parameters = {
        "serialization.format" = "1"
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_glue_catalog_table" "alert_counts" {
  database_name = aws_glue_catalog_database.lake.name
  name          = "alert_counts"
  description   = "Alerts by day and rule, as counted from those that are stored for 30 days."
  table_type    = "EXTERNAL_TABLE"
  parameters = {
    EXTERNAL       = "TRUE"
    classification = "json"
  }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.lake.bucket}/alert_counts/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    dynamic "columns" {
      for_each = local.alert_counts_columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
      parameters = {
        "serialization.format" = "1"
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_glue_catalog_table" "quarantine" {
  database_name = aws_glue_catalog_database.lake.name
  name          = "quarantine"
  description   = "Records that could not be accepted, with the reason."
  table_type    = "EXTERNAL_TABLE"
  parameters = {
    EXTERNAL       = "TRUE"
    classification = "json"
  }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.lake.bucket}/quarantine/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    dynamic "columns" {
      for_each = local.quarantine_columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
      parameters = {
        "serialization.format" = "1"
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
