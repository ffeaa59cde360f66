{# A small table that is built whole: beside the one that is read, whose location is then moved there
   in one step. dbt-athena's `table` with `ha` does the same with a statement more, and without telling
   what the query has scanned. #}
{% materialization swapped, adapter='athena' -%}
  {%- set target_table = this.incorporate(type='table') -%}
  {%- set build = named_beside(target_table, '__build') -%}
  {%- set is_there = load_relation(target_table) is not none -%}

  {{ run_hooks(pre_hooks) }}
  {%- if load_relation(build) is not none -%}
    {%- do adapter.delete_from_glue_catalog(build) -%}
  {%- endif -%}
  {%- call statement('main') -%}
    {{ create_table_as(false, build if is_there else target_table, compiled_code, 'sql', true) }}
  {%- endcall -%}
  {%- if is_there -%}
    {%- do adapter.swap_table(build, target_table) -%}
    {%- do adapter.delete_from_glue_catalog(build) -%}
    {# A build makes three versions of the table; the files of a version go with it. Those of the last
       three builds stay, for queries that still read them. #}
    {%- do adapter.expire_glue_table_versions(target_table, 9, true) -%}
  {%- endif -%}

  {{ run_hooks(post_hooks) }}
  {%- do persist_docs(target_table, model) -%}
  {{ return({'relations': [target_table]}) }}
{%- endmaterialization %}
