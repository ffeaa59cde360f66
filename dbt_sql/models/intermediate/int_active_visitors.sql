{{ config(materialized='daily', meta={'reach': {'before_h': 0, 'after_h': 'all'}}) }}

select
    first_day,
    previous_day,
    count(*) as visitors,
    day
from {{ ref('int_visitor_days') }}
where {{ in_affected_days('day') }}
group by first_day, previous_day, day
