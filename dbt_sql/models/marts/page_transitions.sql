{{ config(materialized='daily', meta={'reach': {'before_h': 24, 'after_h': 48}}) }}

with steps as (

    {{ page_steps() }}

),

-- The last page of a session has a second one: to the exit.
transitions as (

    select
        steps.day,
        transition.from_page,
        transition.to_page,
        steps.session_key,
        steps.visitor_id
    from steps
    cross join
        unnest(
            array[coalesce(steps.previous_page, '(entry)'), steps.page],
            array[steps.page, case when steps.next_page is null then '(exit)' end]
        ) as transition (from_page, to_page)
    where transition.to_page is not null

)

select
    from_page,
    to_page,
    count(*) as transitions,
    count(distinct session_key) as sessions,
    count(distinct visitor_id) as visitors,
    day
from transitions
group by from_page, to_page, day
