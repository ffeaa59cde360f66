{# What a data test looks at: of a table with a partition for every day those that a run may have
   changed, the day before its first hour and all that follow; else everything. #}
{% macro athena__get_where_subquery(relation) -%}
  {%- set first = first_tested_day() -%}
  {%- if execute and first is not none -%}
    {%- set tested = graph.nodes.values() | selectattr('name', 'equalto', relation.identifier) -%}
    {%- for model in tested if model.config.materialized == 'daily' -%}
      {{ return('(select * from ' ~ relation ~ " where day >= date '" ~ first ~ "') as tested") }}
    {%- endfor -%}
  {%- endif -%}
  {{ return(default__get_where_subquery(relation)) }}
{%- endmacro %}
