{{ config(
    materialized='daily',
    meta={'reach': {'before_h': 24 * (var('funnel_days') | int), 'after_h': 48}}
) }}

with events as (

    select
        session_key,
        visitor_id,
        occurred_at,
        event_number,
        is_page_view,
        is_click,
        is_error,
        coalesce(page, '(unknown)') as page,
        coalesce(element_clicked, '(page)') as element,
        lead(occurred_at) over (
            partition by session_key
            order by occurred_at, event_number
        ) as next_at,
        session_day as day
    from {{ ref('int_events_sessionized') }}
    where
        {{ in_affected_days('day', days_after=2) }}
        and {{ in_affected_days('session_day') }}
        and {{ is_counted() }}

),

-- Three clicks on one element, the third soon after the first.
close_clicks as (

    select
        *,
        coalesce(
            {{ seconds_between(
                'lag(occurred_at, 2) over (partition by session_key, page, element'
                ~ ' order by occurred_at, event_number)',
                'occurred_at'
            ) }} <= {{ var('rage_click_s') }},
            false
        ) as is_third
    from events
    where
        is_click
        and element <> '(page)'

),

-- A fourth click and a fifth are the same outburst.
outbursts as (

    select
        *,
        is_third and not lag(is_third, 1, false) over (
            partition by session_key, page, element
            order by occurred_at, event_number
        ) as is_outburst
    from close_clicks

),

steps as (

    {{ page_steps() }}

),

entries as (

    select
        session_key,
        visitor_id,
        day,
        min_by(page, (occurred_at, event_number)) filter (where is_page_view) as page,
        min(occurred_at) filter (where is_page_view) as entered_at,
        min(occurred_at) filter (where is_click) as clicked_at
    from events
    group by session_key, visitor_id, day

),

funnels as (

    select
        funnel,
        max(step) as steps
    from {{ ref('funnels') }}
    group by funnel

),

signals as (

    select
        'rage_click' as signal,
        page,
        element,
        visitor_id,
        day
    from outbursts
    where is_outburst

    union all

    select
        'dead_click' as signal,
        page,
        element,
        visitor_id,
        day
    from events
    where
        is_click
        and coalesce(
            {{ seconds_between('occurred_at', 'next_at') }} > {{ var('dead_click_s') }},
            true
        )

    union all

    select
        'quick_back' as signal,
        page,
        '(page)' as element,
        visitor_id,
        day
    from steps
    where
        previous_page = next_page
        and {{ seconds_between('occurred_at', 'next_at') }} <= {{ var('quick_back_s') }}

    union all

    select
        'error' as signal,
        page,
        element,
        visitor_id,
        day
    from events
    where is_error

    union all

    select
        'slow_first_click' as signal,
        page,
        '(page)' as element,
        visitor_id,
        day
    from entries
    where {{ seconds_between('entered_at', 'clicked_at') }} > {{ var('slow_first_click_s') }}

    union all

    select
        'funnel_exit' as signal,
        coalesce(attempts.last_page, '(unknown)') as page,
        coalesce(attempts.last_element, '(page)') as element,
        attempts.visitor_id,
        attempts.day
    from {{ ref('int_funnel_attempts') }} as attempts
    inner join funnels
        on attempts.funnel = funnels.funnel
    where
        {{ in_affected_days('attempts.day') }}
        and attempts.steps_done < funnels.steps

)

select
    page,
    element,
    count_if(signal = 'rage_click') as rage_clicks,
    count_if(signal = 'dead_click') as dead_clicks,
    count_if(signal = 'quick_back') as quick_backs,
    count_if(signal = 'error') as errors,
    count_if(signal = 'funnel_exit') as funnel_exits,
    count_if(signal = 'slow_first_click') as slow_first_clicks,
    count(distinct visitor_id) as visitors,
    day
from signals
group by page, element, day
