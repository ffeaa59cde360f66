{# Rows whose key is not there or is there twice: one query tells what `unique` and `not_null` of
   every column would. A run that rebuilds days reads these days alone, and those after them; a table
   that is built whole and has no days says `by_day: false`. #}
{% test grain(model, columns, by_day=true) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
{%- if by_day and var('first_hour', none) is not none %}
where day >= date '{{ local_day(parsed_hour(var('first_hour'))) }}' - interval '1' day
{%- endif %}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {% for column in columns %}
        or {{ column }} is null
    {% endfor %}

{% endtest %}
