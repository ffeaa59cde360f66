{{ config(
    materialized='daily',
    meta={'reach': {'before_h': 24 * (var('funnel_days') | int), 'after_h': 48}}
) }}

{#- All signs of the events come from one pass over them: each event gets a list of its signs. -#}
{% set in_session -%}
    partition by session_key
    order by occurred_at, event_number
{%- endset %}
{% set on_element -%}
    partition by session_key, is_element_click, page, element
    order by occurred_at, event_number
{%- endset %}
{% set at_pages -%}
    partition by session_key, is_next_page
    order by occurred_at, event_number
{%- endset %}

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
        is_click and element_clicked is not null as is_element_click,
        is_page_view and page is not null as is_known_page,
        session_day as day
    from {{ ref('int_events_sessionized') }}
    where
        {{ in_affected_days('day', days_after=2) }}
        and {{ in_affected_days('session_day') }}
        and {{ is_counted() }}

),

compared as (

    select
        *,
        is_click and coalesce(
            {{ seconds_between('occurred_at', 'lead(occurred_at) over (' ~ in_session ~ ')') }}
            > {{ var('dead_click_s') }},
            true
        ) as is_dead_click,
        -- Three clicks on one element, the third soon after the first.
        is_element_click and coalesce(
            {{ seconds_between('lag(occurred_at, 2) over (' ~ on_element ~ ')', 'occurred_at') }}
            <= {{ var('rage_click_s') }},
            false
        ) as is_third_click,
        -- The same page again and again is one.
        is_known_page and coalesce(
            page <> lag(page) over (
                partition by session_key, is_known_page
                order by occurred_at, event_number
            ),
            true
        ) as is_next_page,
        is_page_view and 1 = row_number() over (
            partition by session_key, visitor_id, is_page_view
            order by occurred_at, event_number
        ) as is_first_page,
        min(case when is_page_view then occurred_at end)
            over (partition by session_key, visitor_id) as entered_at,
        min(case when is_click then occurred_at end)
            over (partition by session_key, visitor_id) as clicked_at
    from events

),

found as (

    select
        page,
        element,
        visitor_id,
        array[
            case when is_dead_click then 'dead_click' end,
            -- A fourth click and a fifth are the same outburst.
            case
                when is_third_click and not lag(is_third_click, 1, false) over ({{ on_element }})
                    then 'rage_click'
            end,
            case when is_error then 'error' end,
            case
                when
                    is_next_page
                    and lag(page) over ({{ at_pages }}) = lead(page) over ({{ at_pages }})
                    and {{ seconds_between(
                        'occurred_at',
                        'lead(occurred_at) over (' ~ at_pages ~ ')'
                    ) }} <= {{ var('quick_back_s') }}
                    then 'quick_back'
            end,
            case
                when
                    is_first_page
                    and {{ seconds_between('entered_at', 'clicked_at') }}
                    > {{ var('slow_first_click_s') }}
                    then 'slow_first_click'
            end
        ] as signals,
        day
    from compared

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
        signals.signal,
        found.page,
        case
            when signals.signal in ('quick_back', 'slow_first_click') then '(page)'
            else found.element
        end as element,
        found.visitor_id,
        found.day
    from found
    cross join unnest(found.signals) as signals (signal)
    where signals.signal is not null

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
