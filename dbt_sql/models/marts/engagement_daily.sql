{{ config(materialized='daily', meta={'reach': {'before_h': 24, 'after_h': 'all'}}) }}

with all_events as (

    select
        day,
        count_if({{ is_counted() }}) as events,
        count_if({{ is_counted() }} and is_page_view) as page_views,
        count_if(is_bot) as bot_events,
        count_if(is_bot and is_page_view) as bot_page_views
    from {{ ref('int_events_sessionized') }}
    where {{ in_affected_days('day') }}
    group by day

),

sessions as (

    select
        day,
        count(*) as sessions,
        count_if(is_engaged) as engaged_sessions,
        count_if(is_bounce) as bounces,
        avg(engaged_s) as avg_engaged_s
    from {{ ref('sessions') }}
    where {{ in_affected_days('day') }}
    group by day

),

-- Visitors of a day by the day they were there before: all that any rolling window needs.
activity as (

    select
        day,
        previous_day,
        sum(visitors) as visitors
    from {{ ref('int_active_visitors') }}
    where {{ in_affected_days('day', days_before=29) }}
    group by day, previous_day

),

-- A visitor counts in a window on the first day of it that they are there.
rolling as (

    select
        all_events.day,
        sum(activity.visitors) filter (where activity.day = all_events.day) as visitors,
        sum(activity.visitors) filter (
            where activity.day = all_events.day and activity.previous_day is null
        ) as new_visitors,
        sum(activity.visitors) filter (
            where
            activity.day >= all_events.day - interval '6' day
            and coalesce(activity.previous_day < all_events.day - interval '6' day, true)
        ) as weekly_visitors,
        sum(activity.visitors) filter (
            where coalesce(activity.previous_day < all_events.day - interval '29' day, true)
        ) as monthly_visitors
    from all_events
    inner join activity
        on
            all_events.day >= activity.day
            and all_events.day <= activity.day + interval '29' day
    group by all_events.day

)

select
    all_events.events,
    all_events.page_views,
    coalesce(sessions.sessions, 0) as sessions,
    coalesce(rolling.visitors, 0) as visitors,
    coalesce(rolling.new_visitors, 0) as new_visitors,
    coalesce(rolling.visitors, 0) - coalesce(rolling.new_visitors, 0) as returning_visitors,
    coalesce(rolling.weekly_visitors, 0) as weekly_visitors,
    coalesce(rolling.monthly_visitors, 0) as monthly_visitors,
    {{ rate('coalesce(rolling.visitors, 0)', 'rolling.monthly_visitors') }} as stickiness,
    {{ rate('sessions.engaged_sessions', 'sessions.sessions') }} as engaged_rate,
    {{ rate('sessions.bounces', 'sessions.sessions') }} as bounce_rate,
    sessions.avg_engaged_s,
    all_events.bot_events,
    all_events.bot_page_views,
    all_events.day
from all_events
left join sessions
    on all_events.day = sessions.day
left join rolling
    on all_events.day = rolling.day
