{{ config(materialized='daily', meta={'reach': {'before_h': 0, 'after_h': 'all'}}) }}

{#- Every row says when its visitor was there before, so that new and returning visitors, any
    rolling window and any cohort are counted by adding rows up, without looking at a visitor twice.
    A row depends on earlier days only; a late event rebuilds its day and all days since. -#}
{% set days = affected_days() %}

with active as (

    select
        visitor_id,
        day,
        count(*) as events,
        count_if(is_page_view) as page_views
    from {{ ref('int_events_sessionized') }}
    where
        {{ in_affected_days('day') }}
        and {{ is_counted() }}
    group by visitor_id, day

),

known as (

    {% if days is none or not has_history() %}
        select
            cast(null as varchar) as visitor_id,
            cast(null as date) as first_day,
            cast(null as date) as last_day
    {% else %}
        select
            visitor_id,
            min(first_day) as first_day,
            max(day) as last_day
        from {{ this }}
        where day < date '{{ days.first }}'
        group by visitor_id
    {% endif %}

)

select
    active.visitor_id,
    coalesce(
        known.first_day,
        min(active.day) over (partition by active.visitor_id)
    ) as first_day,
    coalesce(
        lag(active.day) over (
            partition by active.visitor_id
            order by active.day
        ),
        known.last_day
    ) as previous_day,
    active.events,
    active.page_views,
    active.day
from active
left join known
    on active.visitor_id = known.visitor_id
