{{ config(materialized='daily', meta={'reach': {'before_h': 24, 'after_h': 48}}) }}

with steps as (

    {{ page_steps() }}

),

transitions as (

    select
        day,
        coalesce(previous_page, '(entry)') as from_page,
        page as to_page,
        session_key,
        visitor_id
    from steps

    union all

    select
        day,
        page as from_page,
        '(exit)' as to_page,
        session_key,
        visitor_id
    from steps
    where next_page is null

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
