{{ config(materialized='swapped') }}

with activity as (

    select
        first_day,
        day,
        previous_day,
        visitors
    from {{ ref('int_active_visitors') }}

),

-- Whoever was there on a day and is not counted again as having been there on it, never came back.
returned as (

    select
        first_day,
        previous_day as day,
        sum(visitors) as visitors
    from activity
    where previous_day is not null
    group by first_day, previous_day

),

by_day as (

    select
        first_day,
        day,
        sum(visitors) as active
    from activity
    group by first_day, day

),

last_seen as (

    select
        by_day.first_day,
        by_day.day,
        by_day.active,
        by_day.active - coalesce(returned.visitors, 0) as left_after
    from by_day
    left join returned
        on
            by_day.first_day = returned.first_day
            and by_day.day = returned.day

),

bounds as (

    select max(day) as last_day
    from activity

),

cohorts as (

    select
        first_day,
        max(case when day = first_day then active end) as visitors
    from by_day
    group by first_day

),

ages as (

    select
        cohorts.first_day,
        cohorts.visitors,
        age.days_since,
        cohorts.first_day + age.days_since * interval '1' day as day
    from cohorts
    cross join bounds
    cross join unnest(
        sequence(
            0,
            least(
                date_diff('day', cohorts.first_day, bounds.last_day),
                {{ var('retention_days') }}
            )
        )
    ) as age (days_since)

),

-- Rolling retention: who was there on that day or any later one.
seen_later as (

    select
        ages.first_day,
        ages.days_since,
        sum(last_seen.left_after) as visitors
    from ages
    inner join last_seen
        on
            ages.first_day = last_seen.first_day
            and ages.day <= last_seen.day
    group by ages.first_day, ages.days_since

)

select
    ages.first_day,
    ages.days_since,
    ages.visitors,
    coalesce(by_day.active, 0) as active,
    coalesce(seen_later.visitors, 0) as active_or_later,
    {{ rate('coalesce(by_day.active, 0)', 'ages.visitors') }} as retention,
    {{ rate('coalesce(seen_later.visitors, 0)', 'ages.visitors') }} as rolling_retention
from ages
left join by_day
    on
        ages.first_day = by_day.first_day
        and ages.day = by_day.day
left join seen_later
    on
        ages.first_day = seen_later.first_day
        and ages.days_since = seen_later.days_since
