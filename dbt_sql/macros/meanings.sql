{# What a site's events mean. The vars of dbt_project.yml say it; a site sets its own. #}

{% macro is_click(event_type, element, is_page_view) -%}
  ({{ event_type }} = '{{ var("click_type") }}' or ({{ element }} is not null and not {{ is_page_view }}))
{%- endmacro %}

{% macro is_conversion(event_type, page, is_page_view) -%}
  (
    {{ event_type }} in ({{ quoted(var('conversion_types')) }})
    or ({{ is_page_view }} and coalesce(regexp_like({{ page }}, '{{ var("conversion_pages") }}'), false))
  )
{%- endmacro %}

{# An event of an error, a page that was answered with a status of 400 and more, or one whose title
   says so. #}
{% macro is_error(event_type, title, properties) -%}
  (
    {{ event_type }} in ({{ quoted(var('error_types')) }})
    or coalesce(try_cast(json_extract_scalar({{ properties }}, '$.status') as integer) >= 400, false)
    or coalesce(regexp_like({{ title }}, '{{ var("error_titles") }}'), false)
  )
{%- endmacro %}
