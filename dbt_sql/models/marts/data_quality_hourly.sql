{{ config(materialized='view') }}

with checked as (

    select
        datehour,
        date_parse(datehour, '%Y-%m-%d-%H') as hour_at,
        raw_rows,
        compacted_rows,
        duplicates,
        is_raw_expired,
        is_conserved,
        is_unique,
        realtime_events,
        unexplained_events,
        cast(checked_at as timestamp) as checked_at
    from {{ source('clickstream', 'checked_hours') }}

),

-- A batch that was delivered again with other boundaries may have set a record aside twice.
set_aside as (

    select
        replace(substr(arrived_at, 1, 13), 'T', '-') as datehour,
        count(distinct shard_id || sequence_number) as records
    from {{ source('clickstream', 'quarantine') }}
    group by replace(substr(arrived_at, 1, 13), 'T', '-')

)

select
    coalesce(checked.datehour, set_aside.datehour) as datehour,
    coalesce(checked.hour_at, date_parse(set_aside.datehour, '%Y-%m-%d-%H')) as hour_at,
    coalesce(checked.raw_rows, 0) as raw_rows,
    coalesce(checked.compacted_rows, 0) as compacted_rows,
    coalesce(checked.duplicates, 0) as duplicates,
    {{ rate('checked.duplicates', 'checked.raw_rows') }} as duplicate_rate,
    coalesce(set_aside.records, 0) as quarantined_records,
    checked.realtime_events,
    checked.unexplained_events,
    checked.is_conserved,
    checked.is_unique,
    checked.is_raw_expired,
    checked.checked_at
from checked
full outer join set_aside
    on checked.datehour = set_aside.datehour
