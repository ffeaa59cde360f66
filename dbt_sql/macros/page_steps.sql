{# The pages of each session in their order; the same page again and again is one step. The days are
   those of the sessions' begin, those that the model which asks has to rebuild. A macro, because an
   ephemeral model would not know which these are. #}
{% macro page_steps() -%}
  with page_views as (

      select
          session_key,
          visitor_id,
          occurred_at,
          event_number,
          page,
          lag(page) over (
              partition by session_key
              order by occurred_at, event_number
          ) as page_before,
          session_day as day
      from {{ ref('int_events_sessionized') }}
      where
          {{ in_affected_days('day', days_after=2) }}
          and {{ in_affected_days('session_day') }}
          and is_page_view
          and page is not null
          and {{ is_counted() }}

  )

  select
      session_key,
      visitor_id,
      page,
      occurred_at,
      row_number() over (
          partition by session_key
          order by occurred_at, event_number
      ) as step,
      lag(page) over (
          partition by session_key
          order by occurred_at, event_number
      ) as previous_page,
      lead(page) over (
          partition by session_key
          order by occurred_at, event_number
      ) as next_page,
      lead(occurred_at) over (
          partition by session_key
          order by occurred_at, event_number
      ) as next_at,
      day
  from page_views
  where page_before is null or page_before <> page
{%- endmacro %}
