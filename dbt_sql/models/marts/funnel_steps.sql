{{ config(
    materialized='daily',
    meta={'reach': {'before_h': 24 * (var('funnel_days') | int), 'after_h': 48}}
) }}

with attempts as (

    select
        funnel,
        steps_done,
        reached_after_s,
        day
    from {{ ref('int_funnel_attempts') }}
    where {{ in_affected_days('day') }}

),

entered as (

    select
        funnel,
        day,
        count(*) as entered
    from attempts
    group by funnel, day

),

reached as (

    select
        attempts.funnel,
        attempts.day,
        done.step,
        count(*) as visitors,
        {{ percentile(
            'attempts.reached_after_s[done.step]'
            ~ ' - element_at(attempts.reached_after_s, nullif(done.step - 1, 0))',
            0.5
        ) }} as median_s_from_previous
    from attempts
    cross join unnest(sequence(1, attempts.steps_done)) as done (step)
    group by attempts.funnel, attempts.day, done.step

),

-- Steps that nobody reached are part of the funnel too.
filled as (

    select
        funnels.funnel,
        funnels.step,
        funnels.step_name,
        entered.entered,
        coalesce(reached.visitors, 0) as visitors,
        reached.median_s_from_previous,
        entered.day
    from entered
    inner join {{ ref('funnels') }} as funnels
        on entered.funnel = funnels.funnel
    left join reached
        on
            entered.funnel = reached.funnel
            and entered.day = reached.day
            and funnels.step = reached.step

)

select
    funnel,
    step,
    step_name,
    visitors,
    {{ rate('visitors', 'entered') }} as conversion,
    case
        when step > 1 then
            {{ rate(
                'visitors',
                'lag(visitors) over (partition by funnel, day order by step)'
            ) }}
    end as step_conversion,
    median_s_from_previous,
    day
from filled
