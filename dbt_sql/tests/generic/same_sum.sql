{# Two columns that must add up to the same over the whole table. #}
{% test same_sum(model, columns) %}

select
    sum({{ columns[0] }}) as one,
    sum({{ columns[1] }}) as other
from {{ model }}
having sum({{ columns[0] }}) <> sum({{ columns[1] }})

{% endtest %}
