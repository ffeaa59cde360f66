{{ config(materialized='swapped') }}

with activity as (

    select
        cast(date_trunc('week', day) as date) as week,
        cast(date_trunc('week', previous_day) as date) as previous_week,
        day,
        sum(visitors) as visitors
    from {{ ref('int_active_visitors') }}
    group by
        cast(date_trunc('week', day) as date),
        cast(date_trunc('week', previous_day) as date),
        day

),

-- A visitor counts in a week on the first day of it that they are there.
active as (

    select
        week,
        sum(visitors) as active_visitors,
        sum(visitors) filter (where previous_week is null) as new_visitors,
        sum(visitors) filter (
            where previous_week = week - interval '7' day
        ) as retained_visitors,
        sum(visitors) filter (
            where previous_week < week - interval '7' day
        ) as returning_visitors
    from activity
    where coalesce(previous_week < week, true)
    group by week

),

bounds as (

    select
        min(week) as first_week,
        max(week) as last_week,
        max(day) as last_day
    from activity

),

weeks as (

    select
        cast(spine.week as date) as week,
        bounds.last_day >= cast(spine.week as date) + interval '6' day as is_complete
    from bounds
    cross join unnest(
        sequence(bounds.first_week, bounds.last_week, interval '7' day)
    ) as spine (week)

),

filled as (

    select
        weeks.week,
        weeks.is_complete,
        coalesce(active.active_visitors, 0) as active_visitors,
        coalesce(active.new_visitors, 0) as new_visitors,
        coalesce(active.retained_visitors, 0) as retained_visitors,
        coalesce(active.returning_visitors, 0) as returning_visitors
    from weeks
    left join active
        on weeks.week = active.week

)

select
    week,
    active_visitors,
    new_visitors,
    retained_visitors,
    returning_visitors,
    coalesce(lag(active_visitors) over (order by week), 0) - retained_visitors as churned_visitors,
    is_complete
from filled
