{# Expressions that several models share. #}

{# Texts as a list of literals. #}
{% macro quoted(texts) -%}
  {%- for text in texts -%}
    '{{ text | replace("'", "''") }}'{{ ", " if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{# Whether an event counts: bots do not, unless the var include_bots says so. #}
{% macro is_counted() -%}
  {%- if var('include_bots') -%} true {%- else -%} not is_bot {%- endif -%}
{%- endmacro %}

{# The smallest of some numbers that so large a share of them does not exceed (nearest rank). It is
   exact, so a rebuild gives the same; approx_percentile may not. NULLs do not count. #}
{% macro percentile(expression, share) -%}
  element_at(
    array_sort(array_agg({{ expression }}) filter (where {{ expression }} is not null)),
    nullif(cast(ceil({{ share }} * count({{ expression }})) as integer), 0)
  )
{%- endmacro %}

{# A share of two counts; NULL of nothing. #}
{% macro rate(part, whole) -%}
  cast({{ part }} as double) / nullif({{ whole }}, 0)
{%- endmacro %}

{# Seconds between two moments, with their fraction. #}
{% macro seconds_between(first, second) -%}
  date_diff('millisecond', {{ first }}, {{ second }}) / 1000e0
{%- endmacro %}
