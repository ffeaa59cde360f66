{{ config(
    materialized='daily',
    meta={'reach': {'before_h': 24, 'after_h': 24 * (var('attribution_days') | int + 3)}}
) }}

{#- A touch is a session of the visitor that began up to so many days before the conversion; the
    session of the conversion is always one. -#}
{% set half_life_s = var('attribution_half_life_days') | int * 86400 %}

with conversions as (

    select
        conversion_id,
        event_type as conversion_type,
        occurred_at as converted_at,
        session_key,
        page,
        day
    from {{ ref('int_events_sessionized') }}
    where
        {{ in_affected_days('day') }}
        and is_conversion
        and {{ is_counted() }}

),

sessions as (

    select
        session_key,
        visitor_id,
        started_at,
        channel,
        utm_source,
        utm_medium,
        utm_campaign,
        referrer_url,
        entry_page
    from {{ ref('sessions') }}
    where {{ in_affected_days('day', days_before=var('attribution_days') | int + 2) }}

),

touches as (

    select
        conversions.conversion_id,
        conversions.conversion_type,
        conversions.converted_at,
        conversions.page as conversion_page,
        conversions.day,
        touched.*,
        row_number() over (
            partition by conversions.conversion_id, conversions.converted_at
            order by touched.started_at, touched.session_key
        ) as touch_number,
        count(*) over (
            partition by conversions.conversion_id, conversions.converted_at
        ) as touches,
        power(
            2e0,
            -{{ seconds_between('touched.started_at', 'conversions.converted_at') }}
            / {{ half_life_s }}
        ) as weight
    from conversions
    inner join sessions as converting
        on conversions.session_key = converting.session_key
    inner join sessions as touched
        on converting.visitor_id = touched.visitor_id
    where
        touched.session_key = conversions.session_key
        or (
            touched.started_at <= conversions.converted_at
            and touched.started_at
            >= conversions.converted_at - interval '{{ var("attribution_days") }}' day
        )

)

select
    conversion_id,
    conversion_type,
    converted_at,
    conversion_page,
    visitor_id,
    touch_number,
    touches,
    session_key,
    started_at as touched_at,
    channel,
    utm_source,
    utm_medium,
    utm_campaign,
    referrer_url,
    entry_page,
    case when touch_number = 1 then 1e0 else 0e0 end as first_touch,
    case when touch_number = touches then 1e0 else 0e0 end as last_touch,
    1e0 / touches as linear,
    -- 40 % each to the first and the last touch, the rest to those between them.
    case
        when touches = 1 then 1e0
        when touches = 2 then 0.5e0
        when touch_number in (1, touches) then 0.4e0
        else 0.2e0 / (touches - 2)
    end as position_based,
    weight / sum(weight) over (partition by conversion_id, converted_at) as time_decay,
    day
from touches
