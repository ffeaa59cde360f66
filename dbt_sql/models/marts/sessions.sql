-- A session is a visitor's events with no pause of more than 30 minutes between two of them,
-- whatever the client calls its session. It may cross hours and midnight, so it is built over all
-- events; event_id breaks ties of time, which makes every rebuild give the same sessions.
with events as (

    select
        event_id,
        visitor_id,
        occurred_at,
        event_type,
        page_path,
        lag(occurred_at) over (
            partition by visitor_id
            order by occurred_at, event_id
        ) as previous_at
    from {{ ref('stg_clickstream__events') }}

),

marked as (

    select
        *,
        case
            when previous_at is null then 1
            when occurred_at > previous_at + interval '30' minute then 1
            else 0
        end as starts_session
    from events

),

numbered as (

    select
        *,
        sum(starts_session) over (
            partition by visitor_id
            order by occurred_at, event_id
            rows between unbounded preceding and current row
        ) as session_number,
        row_number() over (
            partition by visitor_id
            order by occurred_at, event_id
        ) as event_number
    from marked

),

aggregated as (

    select
        visitor_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as events,
        count_if(event_type = 'page_view') as page_views,
        min_by(page_path, event_number) filter (where page_path is not null) as entry_page,
        max_by(page_path, event_number) filter (where page_path is not null) as exit_page
    from numbered
    group by visitor_id, session_number

),

keyed as (

    select
        visitor_id,
        started_at,
        ended_at,
        events,
        page_views,
        entry_page,
        exit_page,
        date_diff('second', started_at, ended_at) as duration_s,
        -- The time is spelled out, because engines differ in how they cast a timestamp to text.
        lower(to_hex(md5(to_utf8(
            visitor_id || '|' || date_format(started_at, '%Y-%m-%d %H:%i:%s.%f')
        )))) as session_key
    from aggregated

)

select
    session_key,
    visitor_id,
    started_at,
    ended_at,
    duration_s,
    events,
    page_views,
    entry_page,
    exit_page
from keyed
