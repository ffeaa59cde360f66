{{ config(materialized='daily', meta={'reach': {'before_h': 0, 'after_h': 48}}) }}

with clicks as (

    select
        {{ local_hour_start('occurred_at') }} as hour_at,
        coalesce(source_menu, '(none)') as source_menu,
        element_clicked,
        visitor_id,
        time_spent_s,
        day
    from {{ ref('int_events_sessionized') }}
    where
        {{ in_affected_days('day') }}
        and is_click
        and element_clicked is not null
        and {{ is_counted() }}

)

select
    date_format(hour_at, '%Y-%m-%d-%H') as datehour,
    hour_at,
    source_menu,
    element_clicked,
    count(*) as clicks,
    count(distinct visitor_id) as visitors,
    sum(time_spent_s) as time_spent_s,
    avg(time_spent_s) as avg_time_spent_s,
    {{ percentile('time_spent_s', 0.5) }} as p50_time_spent_s,
    {{ percentile('time_spent_s', 0.95) }} as p95_time_spent_s,
    day
from clicks
group by hour_at, source_menu, element_clicked, day
