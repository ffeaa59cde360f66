{{ config(
    materialized='daily',
    meta={'reach': {'before_h': 24 * (var('funnel_days') | int), 'after_h': 48}}
) }}

{#- An attempt begins with every event at the first step (at any, where the order is free). It goes
    on with the first event at the next step after it, which reaches as far as any choice would. Of
    a visitor's attempts of a day the one that got furthest counts, of these the earliest.

    From the last step to the first, a window over the visitor's events finds what an event reaches:
    itself, and what the next event at the next step reaches. A join for each step would read all
    events again for each, because Athena computes a CTE wherever it is named. -#}
{% set steps = var('funnel_steps') | int %}
{% set type_of_reached -%}
    row(event_order bigint, step integer, reached_at timestamp, page varchar, element varchar)
{%- endset %}
{% set seen_backwards -%}
    partition by funnel, visitor_id
    order by event_order desc
    rows between unbounded preceding
{%- endset %}
{% set seen_forwards -%}
    partition by funnel, visitor_id
    order by event_order
{%- endset %}

with events as (

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

-- A pattern is matched once with each page, not with each event on it.
places as (

    select distinct
        event_type,
        coalesce(page, '') as page
    from {{ ref('int_events_sessionized') }}
    where
        {{ in_affected_days('day', days_after=var('funnel_days') | int + 1) }}
        and {{ is_counted() }}

),

steps_of_places as (

    select
        steps.funnel,
        steps.step_order,
        steps.within_s,
        places.event_type,
        places.page,
        array_agg(cast(
            row(steps.step, nullif(steps.element_pattern, ''))
            as row (step integer, element_pattern varchar)
        )) as steps
    from places
    inner join {{ ref('funnels') }} as steps
        on
            places.event_type = steps.event_type
            and (
                coalesce(steps.page_pattern, '') = ''
                or regexp_like(nullif(places.page, ''), steps.page_pattern)
            )
    group by
        steps.funnel,
        steps.step_order,
        steps.within_s,
        places.event_type,
        places.page

),

placed as ( -- noqa: ST03

    select
        here.funnel,
        here.step_order,
        here.within_s,
        events.visitor_id,
        events.event_order,
        events.occurred_at,
        events.page,
        events.element_clicked,
        transform(
            filter(
                here.steps,
                at_step -> at_step.element_pattern is null
                or coalesce(regexp_like(events.element_clicked, at_step.element_pattern), false)
            ),
            at_step -> at_step.step
        ) as steps,
        events.day
    from events
    inner join steps_of_places as here
        on
            events.event_type = here.event_type
            and coalesce(events.page, '') = here.page

),

{% for step in range(steps, 0, -1) %}

    from_{{ step }} as (

        select
            funnel,
            step_order,
            within_s,
            visitor_id,
            event_order,
            occurred_at,
            page,
            element_clicked,
            steps,
            day,
            case
                when contains(steps, {{ step }}) then
                    array[cast(
                        row(event_order, {{ step }}, occurred_at, page, element_clicked)
                        as {{ type_of_reached }}
                    )]
                    {% if not loop.first -%}
                        || coalesce(
                            case
                                when step_order <> 'strict' then
                                    min_by(reached, case when reached is not null then event_order end)
                                        over ({{ seen_backwards }} and 1 preceding)
                                when lead(event_order) over ({{ seen_forwards }}) = event_order + 1
                                    then lead(reached) over ({{ seen_forwards }})
                            end,
                            cast(array[] as array({{ type_of_reached }}))
                        )
                    {%- endif %}
            end as reached
        from {{ 'placed' if loop.first else 'from_' ~ (step + 1) }}
        {% if loop.first -%} where cardinality(steps) > 0 {%- endif %}

    ),

{% endfor %}

-- Where the order is free, the first event at each of the steps; the earliest makes one step done.
attempts as (

    select
        funnel,
        visitor_id,
        within_s,
        occurred_at as entered_at,
        event_order,
        case
            when step_order = 'any'
                then
                    array_sort(filter(
                        array[
                            {% for step in range(1, steps + 1) %}
                                min_by(
                                    cast(
                                        row(event_order, {{ step }}, occurred_at, page, element_clicked)
                                        as {{ type_of_reached }}
                                    ),
                                    case when contains(steps, {{ step }}) then event_order end
                                ) over ({{ seen_backwards }} and current row)
                                {{- "," if not loop.last }}
                            {% endfor %}
                        ],
                        first_at_step -> first_at_step is not null
                    ))
            else reached
        end as reached,
        day
    from from_1

),

in_time as (

    select
        funnel,
        visitor_id,
        entered_at,
        event_order,
        filter(
            reached,
            event -> event.reached_at <= date_add('second', within_s, entered_at)
        ) as reached,
        day
    from attempts
    where
        {{ in_affected_days('day') }}
        and reached is not null

),

ranked as (

    select
        *,
        row_number() over (
            partition by funnel, visitor_id, day
            order by cardinality(reached) desc, event_order asc
        ) as attempt_rank
    from in_time

)

select
    funnel,
    visitor_id,
    entered_at,
    cardinality(reached) as steps_done,
    transform(
        reached,
        event -> {{ seconds_between('entered_at', 'event.reached_at') }}
    ) as reached_after_s,
    element_at(reached, -1).page as last_page,
    element_at(reached, -1).element as last_element,
    day
from ranked
where attempt_rank = 1
