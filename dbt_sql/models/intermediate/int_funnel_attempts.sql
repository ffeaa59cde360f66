{{ config(
    materialized='daily',
    meta={'reach': {'before_h': 24 * (var('funnel_days') | int), 'after_h': 48}}
) }}

{#- An attempt begins with every event at the first step (at any, where the order is free). It goes
    on with the first event at the next step after it, which reaches as far as any choice would. Of
    a visitor's attempts of a day the one that got furthest counts, of these the earliest. -#}
{% set steps = range(2, var('funnel_steps') | int + 1) %}

with steps as (

    select
        funnel,
        step,
        event_type,
        nullif(page_pattern, '') as page_pattern,
        nullif(element_pattern, '') as element_pattern,
        within_s,
        step_order
    from {{ ref('funnels') }}

),

events as (

    select
        visitor_id,
        occurred_at,
        event_type,
        page,
        element_clicked,
        row_number() over (
            partition by visitor_id
            order by occurred_at, session_key, event_number
        ) as event_order,
        day
    from {{ ref('int_events_sessionized') }}
    where
        {{ in_affected_days('day', days_after=var('funnel_days') | int + 1) }}
        and {{ is_counted() }}

),

at_step as (

    select
        steps.funnel,
        steps.step,
        steps.within_s,
        steps.step_order,
        events.visitor_id,
        events.occurred_at,
        events.event_order,
        events.page,
        events.element_clicked,
        events.day
    from events
    inner join steps
        on
            events.event_type = steps.event_type
            and (steps.page_pattern is null or regexp_like(events.page, steps.page_pattern))
            and (
                steps.element_pattern is null
                or regexp_like(events.element_clicked, steps.element_pattern)
            )

),

begun as (

    select distinct
        funnel,
        step_order,
        within_s,
        visitor_id,
        occurred_at as entered_at,
        event_order as entry_order,
        page,
        element_clicked,
        day
    from at_step
    where
        {{ in_affected_days('day') }}
        and (step = 1 or step_order = 'any')

),

reached_1 as ( -- noqa: ST03

    select
        funnel,
        step_order,
        within_s,
        visitor_id,
        entered_at,
        entry_order,
        day,
        entry_order as event_order,
        entered_at as reached_at,
        page,
        element_clicked
    from begun
    where step_order <> 'any'

),

{% for step in steps %}

    reached_{{ step }} as (

        select
            before.funnel,
            before.step_order,
            before.within_s,
            before.visitor_id,
            before.entered_at,
            before.entry_order,
            before.day,
            min(at_step.event_order) as event_order,
            min_by(at_step.occurred_at, at_step.event_order) as reached_at,
            min_by(at_step.page, at_step.event_order) as page,
            min_by(at_step.element_clicked, at_step.event_order) as element_clicked
        from reached_{{ step - 1 }} as before
        inner join at_step
            on
                before.funnel = at_step.funnel
                and before.visitor_id = at_step.visitor_id
                and at_step.step = {{ step }}
                and at_step.event_order > before.event_order
                and at_step.occurred_at
                <= date_add('second', before.within_s, before.entered_at)
                and (
                    before.step_order <> 'strict'
                    or at_step.event_order = before.event_order + 1
                )
        group by
            before.funnel,
            before.step_order,
            before.within_s,
            before.visitor_id,
            before.entered_at,
            before.entry_order,
            before.day

    ),

{% endfor %}

-- Where the order is free, the first event at each of the steps; the earliest makes one step done.
free_firsts as (

    select
        begun.funnel,
        begun.visitor_id,
        begun.entered_at,
        begun.entry_order,
        begun.day,
        at_step.step,
        min(at_step.event_order) as event_order,
        min_by(at_step.occurred_at, at_step.event_order) as reached_at,
        min_by(at_step.page, at_step.event_order) as page,
        min_by(at_step.element_clicked, at_step.event_order) as element_clicked
    from begun
    inner join at_step
        on
            begun.funnel = at_step.funnel
            and begun.visitor_id = at_step.visitor_id
            and begun.entry_order <= at_step.event_order
            and at_step.occurred_at <= date_add('second', begun.within_s, begun.entered_at)
    where begun.step_order = 'any'
    group by
        begun.funnel,
        begun.visitor_id,
        begun.entered_at,
        begun.entry_order,
        begun.day,
        at_step.step

),

reached as (

    {% for step in range(1, var('funnel_steps') | int + 1) %}
        select
            funnel,
            visitor_id,
            entered_at,
            entry_order,
            day,
            {{ step }} as steps_done,
            reached_at,
            page,
            element_clicked
        from reached_{{ step }}
        union all
    {% endfor %}
    select
        funnel,
        visitor_id,
        entered_at,
        entry_order,
        day,
        row_number() over (
            partition by funnel, visitor_id, entry_order
            order by event_order, step
        ) as steps_done,
        reached_at,
        page,
        element_clicked
    from free_firsts

),

attempts as (

    select
        funnel,
        visitor_id,
        entered_at,
        entry_order,
        max(steps_done) as steps_done,
        array_agg(
            {{ seconds_between('entered_at', 'reached_at') }} order by steps_done
        ) as reached_after_s,
        max_by(page, steps_done) as last_page,
        max_by(element_clicked, steps_done) as last_element,
        day
    from reached
    group by funnel, visitor_id, entered_at, entry_order, day

),

ranked as (

    select
        *,
        row_number() over (
            partition by funnel, visitor_id, day
            order by steps_done desc, entry_order asc
        ) as attempt_rank
    from attempts

)

select
    funnel,
    visitor_id,
    entered_at,
    steps_done,
    reached_after_s,
    last_page,
    last_element,
    day
from ranked
where attempt_rank = 1
