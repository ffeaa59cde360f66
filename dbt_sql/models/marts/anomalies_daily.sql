{{ config(materialized='view') }}

with counts as (

    select
        cast(day as date) as day,
        rule,
        alerts,
        sessions,
        cast(from_iso8601_timestamp(first_detected_at) as timestamp) as first_detected_at,
        cast(from_iso8601_timestamp(last_detected_at) as timestamp) as last_detected_at
    from {{ source('clickstream', 'alert_counts') }}

),

compared as (

    select
        now.day,
        now.rule,
        now.alerts,
        now.sessions,
        now.first_detected_at,
        now.last_detected_at,
        cast(coalesce(sum(before.alerts), 0) as double)
        / {{ var('anomaly_days') }} as expected_alerts
    from counts as now
    left join counts as before
        on
            now.rule = before.rule
            and now.day > before.day
            and now.day <= before.day + interval '{{ var("anomaly_days") }}' day
    group by
        now.day,
        now.rule,
        now.alerts,
        now.sessions,
        now.first_detected_at,
        now.last_detected_at

)

select
    rule,
    alerts,
    sessions,
    expected_alerts,
    first_detected_at,
    last_detected_at,
    day
from compared
