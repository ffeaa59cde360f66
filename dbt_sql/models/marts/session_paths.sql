{{ config(materialized='daily', meta={'reach': {'before_h': 24, 'after_h': 48}}) }}

with steps as (

    {{ page_steps() }}

),

sequences as (

    select
        session_key,
        day,
        array_agg(page order by step) as pages
    from steps
    group by session_key, day

),

named as (

    select
        array_join(slice(pages, 1, {{ var('path_pages') }}), ' > ')
        || case when cardinality(pages) > {{ var('path_pages') }} then ' > ...' else '' end as path,
        day
    from sequences

),

paths as (

    select
        path,
        day,
        count(*) as sessions
    from named
    group by path, day

),

ranked as (

    select
        path,
        sessions,
        row_number() over (
            partition by day
            order by sessions desc, path asc
        ) as path_rank,
        sum(sessions) over (partition by day) as all_sessions,
        day
    from paths

)

select
    path_rank,
    path,
    sessions,
    {{ rate('sessions', 'all_sessions') }} as share,
    day
from ranked
where path_rank <= {{ var('paths_per_day') }}
