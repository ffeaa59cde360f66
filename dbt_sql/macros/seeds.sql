{# Loads a seed anew only when its file has changed. dbt drops a seed's table before it writes the
   next, and would do so every hour. #}
{% macro athena__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
  {%- set loaded = adapter.get_glue_table(old_relation).Table.Parameters.get('seed_checksum') -%}
  {%- if full_refresh or loaded != model.checksum.checksum -%}
    {%- do default__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {%- do run_query(
      'alter table ' ~ this.render_hive() ~ " set tblproperties ('seed_checksum' = '"
      ~ model.checksum.checksum ~ "')"
    ) -%}
  {%- endif -%}
  {{ return('') }}
{% endmacro %}
