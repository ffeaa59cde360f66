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
        browser,
        os,
        device,
        country,
        channel,
        datehour,
        coalesce(is_bot, false) as is_bot,
        coalesce(user_id, anonymous_id, session_id) as visitor_id,
        -- As the real-time side counts pages: without query and fragment.
        coalesce(
            coalesce(page_host, '') || nullif(page_path, ''),
            nullif(page_url, '')
        ) as page,
        -- The collector gives events that have none a session of its own, one a day.
        not coalesce(session_id like 'anon-%', true) as has_client_session
    from source

)

select * from renamed
