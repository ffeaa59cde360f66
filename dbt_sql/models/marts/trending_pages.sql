{{ config(
    materialized='daily',
    meta={'reach': {'before_h': 24, 'after_h': 24 * (var('trend_days') | int + 2)}}
) }}

{#- The same hour is the one with the same number on the site's clock, so a change to summer time
    does not compare lunch with breakfast. Where a day has that number twice, both make one. -#}
with views_by_hour as (

    select
        day,
        datehour,
        page,
        views,
        {{ local_hour('hour_at') }} as hour_of_day
    from {{ ref('page_views_hourly') }}
    where {{ in_affected_days('day', days_before=var('trend_days')) }}

),

days as (

    select distinct day
    from views_by_hour

),

-- A day on which nobody saw the page counts as none, one without any data not at all.
history as (

    select
        day,
        page,
        hour_of_day,
        sum(views) as views
    from views_by_hour
    group by day, page, hour_of_day

),

baseline_days as (

    select
        days.day,
        count(before.day) as days_before
    from days
    left join days as before
        on
            days.day > before.day
            and days.day <= before.day + interval '{{ var("trend_days") }}' day
    group by days.day

),

sums as (

    select
        now.day,
        now.datehour,
        now.page,
        now.views,
        baseline_days.days_before,
        coalesce(sum(history.views), 0) as views_before,
        coalesce(sum(history.views * history.views), 0) as squares_before
    from views_by_hour as now
    inner join baseline_days
        on now.day = baseline_days.day
    left join history
        on
            now.page = history.page
            and now.hour_of_day = history.hour_of_day
            and now.day > history.day
            and now.day <= history.day + interval '{{ var("trend_days") }}' day
    where {{ in_affected_days('now.day') }}
    group by now.day, now.datehour, now.page, now.views, baseline_days.days_before

),

expected as (

    select
        *,
        {{ rate('views_before', 'days_before') }} as expected_views,
        sqrt(greatest(
            {{ rate('squares_before', 'days_before') }}
            - power({{ rate('views_before', 'days_before') }}, 2),
            0e0
        )) as stddev_views
    from sums

),

scored as (

    select
        *,
        -- Counts of rare things vary by their square root; a page that was never seen by one.
        (views - expected_views)
        / greatest(stddev_views, sqrt(expected_views), 1e0) as z_score
    from expected

)

select
    datehour,
    page,
    views,
    days_before as baseline_days,
    expected_views,
    stddev_views,
    z_score,
    coalesce(
        views >= {{ var('trend_min_views') }}
        and days_before >= {{ var('trend_min_days') }}
        and z_score >= {{ var('trend_z_score') }},
        false
    ) as is_trending,
    day
from scored
