{# Days whose sessions hold more or fewer events than began with them: some session was built from
   days that have changed since. A run that rebuilds days reads these days alone, and those after. #}
{% set since = "date '" ~ (first_tested_day() or '1970-01-01') ~ "'" %}

with expected as (

    select
        session_day as day,
        count(*) as events
    from {{ ref('int_events_sessionized') }}
    where
        day >= {{ since }}
        and session_day >= {{ since }}
        and {{ is_counted() }}
    group by session_day

),

held as (

    select
        day,
        sum(events) as events
    from {{ ref('sessions') }}
    where day >= {{ since }}
    group by day

)

select
    coalesce(expected.day, held.day) as day,
    expected.events as expected_events,
    held.events as held_events
from expected
full outer join held
    on expected.day = held.day
where coalesce(expected.events, 0) <> coalesce(held.events, 0)
