{# Funnels of the seed that the models would count wrongly without a word: their time is longer than
   the days that a run reads, they have more steps than the models look for, their rows disagree, or
   their steps do not go from 1 up without a hole. #}
select
    funnel,
    count(*) as steps,
    max(within_s) as within_s
from {{ ref('funnels') }}
group by funnel
having
    funnel is null
    or count(event_type) <> count(*)
    or max(within_s) > {{ var('funnel_days') * 86400 }}
    or min(within_s) <> max(within_s)
    or coalesce(min(within_s) <= 0, true)
    or count(within_s) <> count(*)
    or min(step_order) <> max(step_order)
    or count(step_order) <> count(*)
    or coalesce(min(step) <> 1, true)
    or max(step) <> count(*)
    or count(distinct step) <> count(*)
    or max(step) > {{ var('funnel_steps') }}
