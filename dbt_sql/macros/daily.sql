{# A table with a partition for every day, of which a run replaces some.

   The days are built beside the table, in a folder of their own; then the partition of each is moved
   there. A reader sees a day as it was or as it is, never half of it, never twice. dbt-athena's own
   ways to replace partitions delete what readers read before they write (docs/adr/0012).

   Old folders stay for queries that still read them; the job `retention` deletes them.
#}
{% materialization daily, adapter='athena' -%}
  {%- set target_table = this.incorporate(type='table') -%}
  {%- set build = named_beside(target_table, '__build') -%}
  {%- set staging = named_beside(target_table, '__staging') -%}
  {%- set days = affected_days() -%}
  {%- set is_few = few_days(days) -%}

  {{ run_hooks(pre_hooks) }}
  {# What a run has left that died. The files belong to nobody and go with the next retention. #}
  {%- for relation in [build, staging] if load_relation(relation) is not none -%}
    {%- do adapter.delete_from_glue_catalog(relation) -%}
  {%- endfor -%}

  {%- if is_few and load_relation(target_table) is none -%}
    {# Nobody reads it yet. #}
    {%- call statement('main') -%}
      {{ create_table_as(false, target_table, compiled_code) }}
    {%- endcall -%}
    {%- set known, built = [], [] -%}
  {%- elif is_few -%}
    {%- call statement('main') -%}
      {{ create_table_as(false, build, compiled_code) }}
    {%- endcall -%}
    {%- set known = make_ready(target_table, build) -%}
    {%- set built = publish(target_table, build, known) -%}
    {%- do adapter.delete_from_glue_catalog(build) -%}
  {%- else -%}
    {# Athena writes at most 100 partitions in one statement: all rows first, then 100 days at once. #}
    {%- call statement('main') -%}
      {{ create_table_as(false, staging, compiled_code, 'sql', true) }}
    {%- endcall -%}
    {%- set known = make_ready(target_table, staging) -%}
    {%- set built = [] -%}
    {%- for batch in first_column('select distinct day from ' ~ staging) | batch(100) -%}
      {%- set rows -%}
        select * from {{ staging }} where day in (date '{{ batch | join("', date '") }}')
      {%- endset -%}
      {%- do run_query(create_table_as(false, build, rows)) -%}
      {%- do built.extend(publish(target_table, build, known)) -%}
      {%- do adapter.delete_from_glue_catalog(build) -%}
    {%- endfor -%}
    {%- do adapter.clean_up_table(staging) -%}
    {%- do adapter.delete_from_glue_catalog(staging) -%}
  {%- endif -%}
  {%- do drop_days(target_table, days, known, built) -%}

  {{ run_hooks(post_hooks) }}
  {%- do persist_docs(target_table, model) -%}
  {{ return({'relations': [target_table]}) }}
{%- endmaterialization %}

{# A table beside another, whose files lie in the same folder of folders. #}
{% macro named_beside(relation, suffix) -%}
  {{ return(api.Relation.create(
    database=relation.database, schema=relation.schema, identifier=relation.identifier ~ suffix,
    s3_path_table_part=relation.identifier, type='table'
  )) }}
{%- endmacro %}

{# Whether these are so few days that one statement may write them; all days are those of the lake,
   and one more where the site's days are not those of UTC. #}
{% macro few_days(days) -%}
  {%- if days is none -%}
    {%- set events = source('clickstream', 'events') -%}
    {%- set found = first_column(
      'select count(distinct substr(datehour, 1, 10)) from "' ~ events.schema ~ '"."'
      ~ events.identifier ~ '$partitions"'
    ) -%}
    {{ return(found[0] | int < 99) }}
  {%- endif -%}
  {%- set last = days.last or modules.datetime.datetime.now(modules.pytz.utc).date() -%}
  {{ return((last - days.first).days < 98) }}
{%- endmacro %}

{# Creates the table if need be, and gives it the columns that the model has got since; returns the
   days that it has.

   Raises an error when a column has gone or has changed its type: that needs --full-refresh, for
   which the table is made anew and is empty until its days are there. #}
{% macro make_ready(relation, build) -%}
  {%- set is_there = load_relation(relation) is not none -%}
  {%- if is_there -%}
    {%- set table = adapter.get_glue_table(relation).Table -%}
    {%- set old = column_types(table) -%}
    {%- set new = column_types(adapter.get_glue_table(build).Table) -%}
    {%- set added = [] -%}
    {%- set changed = [] -%}
    {%- for name, type in new.items() if name not in old -%}
      {%- do added.append('`' ~ name ~ '` ' ~ type) -%}
    {%- endfor -%}
    {%- if table.PartitionKeys | map(attribute='Name') | list != ['day'] -%}
      {%- do changed.append('it has no partition for each day') -%}
    {%- endif -%}
    {%- for name, type in old.items() if new.get(name) != type -%}
      {%- do changed.append(name ~ ' (' ~ type ~ ' -> ' ~ new.get(name, 'gone') ~ ')') -%}
    {%- endfor -%}
    {%- if changed and not flags.FULL_REFRESH -%}
      {{ exceptions.raise_compiler_error(
        relation.identifier ~ ' has other columns than its table: ' ~ changed | join(', ')
        ~ '. Build it whole: dbt build --full-refresh --select ' ~ model.name
      ) }}
    {%- elif changed -%}
      {%- do adapter.delete_from_glue_catalog(relation) -%}
      {%- set is_there = false -%}
    {%- elif added -%}
      {%- do run_query(
        'alter table ' ~ relation.render_hive() ~ ' add columns (' ~ added | join(', ') ~ ')'
      ) -%}
    {%- endif -%}
  {%- endif -%}
  {%- if not is_there -%}
    {%- do run_query(create_table_as(false, relation, 'select * from ' ~ build ~ ' where false')) -%}
    {{ return([]) }}
  {%- endif -%}
  {{ return(published_days(relation)) }}
{%- endmacro %}

{# Name to Hive type of a table's columns; the day is one or a partition. #}
{% macro column_types(table) -%}
  {%- set types = {} -%}
  {%- for column in table.StorageDescriptor.Columns if column.Name != 'day' -%}
    {%- do types.update({column.Name: column.Type}) -%}
  {%- endfor -%}
  {{ return(types) }}
{%- endmacro %}

{# Moves the partition of every day of a build to the build's files; returns the days. #}
{% macro publish(relation, build, known) -%}
  {%- set folder = adapter.get_glue_table_location(build).rstrip('/') -%}
  {%- set alter = 'alter table ' ~ relation.render_hive() -%}
  {%- set built = published_days(build) -%}
  {%- set added = [] -%}
  {%- for day in built if day not in known -%}
    {%- do added.append(partition_of(day) ~ " location '" ~ folder ~ '/day=' ~ day ~ "/'") -%}
  {%- endfor -%}
  {%- if added -%}
    {%- do run_query(alter ~ ' add if not exists ' ~ added | join(' ')) -%}
  {%- endif -%}
  {%- for day in built if day in known -%}
    {%- set place = " set location '" ~ folder ~ '/day=' ~ day ~ "/'" -%}
    {%- do run_query(alter ~ ' ' ~ partition_of(day) ~ place) -%}
  {%- endfor -%}
  {{ return(built) }}
{%- endmacro %}

{# Drops the days that were to be rebuilt and have no rows any more. #}
{% macro drop_days(relation, days, known, built) -%}
  {%- set gone = [] -%}
  {%- for day in known if day not in built -%}
    {%- if days is none or (
      day >= days.first | string and (days.last is none or day <= days.last | string)
    ) -%}
      {%- do gone.append(partition_of(day)) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- for batch in gone | batch(100) -%}
    {%- do run_query(
      'alter table ' ~ relation.render_hive() ~ ' drop if exists ' ~ batch | join(', ')
    ) -%}
  {%- endfor -%}
{%- endmacro %}

{% macro partition_of(day) -%}
  partition (day = '{{ day }}')
{%- endmacro %}

{# The days that a table has partitions of, as text. Athena bills a query of "...$partitions", but
   not this. #}
{% macro published_days(relation) -%}
  {%- set days = [] -%}
  {%- for partition in first_column('show partitions ' ~ relation.render_hive()) -%}
    {%- do days.append(partition.split('=')[1]) -%}
  {%- endfor -%}
  {{ return(days) }}
{%- endmacro %}

{# The first column of a query as text, in order. #}
{% macro first_column(sql) -%}
  {%- set values = [] -%}
  {%- for row in run_query(sql) -%}
    {%- do values.append(row[0] | string) -%}
  {%- endfor -%}
  {{ return(values | sort) }}
{%- endmacro %}
