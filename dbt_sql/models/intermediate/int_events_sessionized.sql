{{ config(materialized='daily', meta={'reach': {'before_h': 0, 'after_h': 48}}) }}

{#- A session is what the client calls one, else a visitor's events without a pause of more than 30
    minutes. It is cut after 24 hours: what follows without an end is one session per day of UTC.

    So nobody needs to look back further than three days: whether an event lies more than 24 hours
    behind the begin of its unbroken run shows within 48, and where its day of UTC began takes 24
    more. Of these days only what tells sessions apart is read. -#}
{% set look_back_h = 72 %}
{% set days = affected_days() %}

with affected as (

    select
        event_id,
        event_type,
        occurred_at,
        session_id,
        has_client_session,
        visitor_id,
        user_id,
        page,
        page_title,
        referrer_url,
        element_clicked,
        time_spent_s,
        source_menu,
        channel,
        utm_source,
        utm_medium,
        utm_campaign,
        device,
        country,
        properties,
        is_bot,
        {{ app_day('occurred_at') }} as day
    from {{ ref('stg_clickstream__events') }}
    where {{ in_affected_hours() }}

),

events as (

    select
        *,
        true as is_affected
    from affected
    where {{ in_affected_days() }}

    {% if days is not none %}

        union all

        select
            null as event_id,
            event_type,
            occurred_at,
            session_id,
            has_client_session,
            visitor_id,
            null as user_id,
            null as page,
            null as page_title,
            null as referrer_url,
            null as element_clicked,
            null as time_spent_s,
            null as source_menu,
            null as channel,
            null as utm_source,
            null as utm_medium,
            null as utm_campaign,
            null as device,
            null as country,
            null as properties,
            is_bot,
            {{ app_day('occurred_at') }} as day,
            false as is_affected
        from {{ ref('stg_clickstream__events') }}
        where
            {{ in_affected_hours(hours_before=look_back_h) }}
            and {{ app_day('occurred_at') }} < date '{{ days.first }}'

    {% endif %}

),

-- Whose events belong together, as long as they do not pause.
streams as (

    select
        *,
        event_type = '{{ var("page_view_type") }}' as is_page_view,
        case
            when has_client_session then 'session:' || session_id
            else 'visitor:' || visitor_id
        end as stream_key
    from events

),

timed as (

    select
        *,
        lag(occurred_at) over (
            partition by stream_key
            order by occurred_at
        ) as previous_at
    from streams

),

runs as (

    select
        *,
        max(
            case
                when previous_at is null then occurred_at
                when has_client_session and occurred_at >= previous_at + interval '24' hour
                    then occurred_at
                when not has_client_session and occurred_at > previous_at + interval '30' minute
                    then occurred_at
            end
        ) over (
            partition by stream_key
            order by occurred_at
        ) as run_started_at
    from timed

),

cut as (

    select
        *,
        case
            when occurred_at < run_started_at + interval '24' hour then run_started_at
            else date_trunc('day', occurred_at)
        end as cut_at,
        occurred_at >= run_started_at + interval '24' hour as is_cut
    from runs

),

begun as (

    select
        *,
        min(occurred_at) over (partition by stream_key, is_cut, cut_at) as session_started_at
    from cut

),

numbered as (

    select
        *,
        -- The time is spelled out, because engines differ in how they cast a timestamp to text.
        lower(to_hex(md5(to_utf8(
            stream_key || '|' || date_format(session_started_at, '%Y-%m-%d %H:%i:%s.%f')
        )))) as session_key,
        sum(case when is_page_view and {{ is_counted() }} then 1 else 0 end) over (
            partition by stream_key, session_started_at
            order by occurred_at, event_id
            rows between unbounded preceding and current row
        ) as page_views_so_far,
        -- Breaks ties of time; smaller to store and to read than an event's id.
        row_number() over (
            partition by stream_key, session_started_at, day
            order by occurred_at, event_id
        ) as event_number
    from begun

)

select
    session_key,
    session_started_at,
    case when has_client_session then session_id end as session_id,
    visitor_id,
    user_id,
    occurred_at,
    event_number,
    event_type,
    is_page_view,
    case when is_page_view and {{ is_counted() }} then page_views_so_far end as page_view_number,
    {{ is_click('event_type', 'element_clicked', 'is_page_view') }} as is_click,
    {{ is_conversion('event_type', 'page', 'is_page_view') }} as is_conversion,
    case
        when {{ is_conversion('event_type', 'page', 'is_page_view') }} then event_id
    end as conversion_id,
    {{ is_error('event_type', 'page_title', 'properties') }} as is_error,
    page,
    referrer_url,
    element_clicked,
    source_menu,
    time_spent_s,
    channel,
    utm_source,
    utm_medium,
    utm_campaign,
    device,
    country,
    is_bot,
    {{ app_day('session_started_at') }} as session_day,
    day
from numbered
where is_affected
