{# Conversions whose touches share more or less than one conversion in any of the attribution models.
   A run that rebuilds days reads these days alone, and those after them. #}
{% test credits_sum_to_one(model, columns) %}

select
    conversion_id,
    converted_at
from {{ model }}
{%- if var('first_hour', none) is not none %}
where day >= date '{{ local_day(parsed_hour(var('first_hour'))) }}' - interval '1' day
{%- endif %}
group by conversion_id, converted_at
having
    {% for column in columns %}
        abs(sum({{ column }}) - 1) > 1e-9 {{ "or" if not loop.last }}
    {% endfor %}

{% endtest %}
