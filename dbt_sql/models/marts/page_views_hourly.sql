with page_views as (

    select
        datehour,
        visitor_id,
        session_id,
        coalesce(page_path, '(unknown)') as page_path
    from {{ ref('stg_clickstream__events') }}
    where event_type = 'page_view'

),

aggregated as (

    select
        datehour,
        page_path,
        count(*) as views, -- noqa: RF04
        count(distinct visitor_id) as visitors,
        count(distinct session_id) as sessions
    from page_views
    group by datehour, page_path

)

select * from aggregated
