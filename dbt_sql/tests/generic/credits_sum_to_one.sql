{# Conversions whose touches share more or less than one conversion in any of the attribution models. #}
{% test credits_sum_to_one(model, columns) %}

select
    conversion_id,
    converted_at
from {{ model }}
group by conversion_id, converted_at
having
    {% for column in columns %}
        abs(sum({{ column }}) - 1) > 1e-9 {{ "or" if not loop.last }}
    {% endfor %}

{% endtest %}
