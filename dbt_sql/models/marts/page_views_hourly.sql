{{ config(materialized='daily', meta={'reach': {'before_h': 24, 'after_h': 48}}) }}

with events as (

    select
        session_key,
        visitor_id,
        occurred_at,
        is_page_view,
        page_view_number,
        page,
        is_bot,
        {{ is_counted() }} as is_counted,
        max(occurred_at) over (
            partition by session_key, {{ is_counted() }}
        ) as session_ended_at,
        -- Among page views the next one; other events are not asked, nor are bots.
        lead(occurred_at) over (
            partition by session_key, is_page_view, {{ is_counted() }}
            order by occurred_at, event_number
        ) as next_at,
        day
    from {{ ref('int_events_sessionized') }}
    where {{ in_affected_days('day', days_after=2) }}

),

page_views as (

    select
        *,
        {{ local_hour_start('occurred_at') }} as hour_at,
        -- Of a last page only what happened on it tells how long it was looked at, if anything did.
        {{ seconds_between(
            'occurred_at', 'coalesce(next_at, nullif(session_ended_at, occurred_at))'
        ) }} as time_on_page_s
    from events
    where
        is_page_view
        and {{ in_affected_days('day') }}

),

aggregated as (

    select
        hour_at,
        coalesce(page, '(unknown)') as page,
        count_if(is_counted) as views,
        count(distinct case when is_counted then visitor_id end) as visitors,
        count(distinct case when is_counted then session_key end) as sessions,
        count_if(is_counted and page_view_number = 1) as entries,
        count_if(is_counted and next_at is null) as exits,
        avg(case when is_counted then time_on_page_s end) as avg_time_on_page_s,
        {{ percentile('case when is_counted then time_on_page_s end', 0.75) }}
            as p75_time_on_page_s,
        count_if(is_bot) as bot_views,
        day
    from page_views
    group by hour_at, coalesce(page, '(unknown)'), day

)

select
    date_format(hour_at, '%Y-%m-%d-%H') as datehour,
    hour_at,
    page,
    views,
    visitors,
    sessions,
    entries,
    exits,
    avg_time_on_page_s,
    p75_time_on_page_s,
    bot_views,
    day
from aggregated
