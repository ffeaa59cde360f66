with source as (

    select * from {{ source('clickstream', 'events') }}

),

renamed as (

    select
        event_id,
        event_type,
        event_time as occurred_at,
        received_at,
        session_id,
        user_id,
        anonymous_id,
        page_url,
        page_host,
        page_path,
        page_title,
        referrer as referrer_url,
        element_clicked,
        time_spent as time_spent_s,
        source_menu,
        experiments,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_term,
        utm_content,
        properties,
        app_id,
        source as source_protocol,
        is_bot,
        browser,
        os,
        device,
        country,
        channel,
        datehour,
        coalesce(user_id, anonymous_id, session_id) as visitor_id
    from source

)

select * from renamed
