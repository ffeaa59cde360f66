{{ config(materialized='daily', meta={'reach': {'before_h': 24, 'after_h': 48}}) }}

with events as (

    select
        *,
        row_number() over (
            partition by session_key
            order by occurred_at, event_number
        ) as event_order,
        lag(occurred_at) over (
            partition by session_key
            order by occurred_at, event_number
        ) as previous_at
    from {{ ref('int_events_sessionized') }}
    where
        {{ in_affected_days('day', days_after=2) }}
        and {{ in_affected_days('session_day') }}
        and {{ is_counted() }}

),

aggregated as (

    select
        session_key,
        session_day,
        max(session_id) as session_id,
        -- Who signed in on the way is who it was.
        coalesce(
            max_by(user_id, event_order) filter (where user_id is not null),
            min_by(visitor_id, event_order)
        ) as visitor_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as events,
        count_if(is_page_view) as page_views,
        count_if(is_conversion) as conversions,
        -- A pause says little about attention: of each at most so many seconds count.
        sum(least(
            coalesce({{ seconds_between('previous_at', 'occurred_at') }}, 0),
            {{ var('engaged_pause_s') }}
        )) as engaged_s,
        min_by(page, event_order) filter (where page is not null) as entry_page,
        max_by(page, event_order) filter (where page is not null) as exit_page,
        min_by(referrer_url, event_order) filter (where referrer_url is not null) as referrer_url,
        min_by(channel, event_order) filter (where channel is not null) as channel,
        {% for name in ['utm_source', 'utm_medium', 'utm_campaign'] %}
            min_by({{ name }}, event_order) filter (
                where coalesce(utm_source, utm_medium, utm_campaign) is not null
            ) as {{ name }},
        {% endfor %}
        min_by(device, event_order) as device,
        min_by(country, event_order) as country
    from events
    group by session_key, session_day

),

judged as (

    select
        *,
        page_views >= 2 or engaged_s >= {{ var('engaged_s') }} or conversions > 0 as is_engaged
    from aggregated

)

select
    session_key,
    session_id,
    visitor_id,
    started_at,
    ended_at,
    {{ seconds_between('started_at', 'ended_at') }} as duration_s,
    engaged_s,
    events,
    page_views,
    conversions,
    is_engaged,
    page_views = 1 and not is_engaged as is_bounce,
    entry_page,
    exit_page,
    referrer_url,
    channel,
    utm_source,
    utm_medium,
    utm_campaign,
    device,
    country,
    session_day as day
from judged
