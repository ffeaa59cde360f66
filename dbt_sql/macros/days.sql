{# Which days a run rebuilds, and what of its inputs it reads for them.

   A run is told the hours of events that have changed: the vars `first_hour` and `last_hour`, both
   included, `yyyy-MM-dd-HH` in UTC. Without them, with --full-refresh, or as long as its table does
   not exist, a model is built whole. With the var `is_anew` the whole is built in parts, of which
   this run is one; with `is_followed` the next one goes on where it ends.

   A model says in its meta how far an event reaches: `reach: {before_h, after_h}`. Rows of days up
   to before_h hours earlier and after_h hours later may depend on it; `after_h: all` is for ever.
#}

{# The site's day (a date) of a UTC timestamp. #}
{% macro app_day(moment) -%}
  {%- set zone = app_time_zone() -%}
  {%- if zone == 'UTC' -%}
    cast({{ moment }} as date)
  {%- else -%}
    cast(at_timezone(with_timezone({{ moment }}, 'UTC'), '{{ zone }}') as date)
  {%- endif -%}
{%- endmacro %}

{# The site's time zone, a name of the IANA database. #}
{% macro app_time_zone() -%}
  {{ return(var('time_zone', env_var('CLICKSTREAM_TIME_ZONE', 'UTC'))) }}
{%- endmacro %}

{# The days of the model's rows that this run rebuilds: {first, last}, both included, as
   datetime.date; last is none where it is open; none for all of them. #}
{% macro affected_days() -%}
  {%- if not execute or var('first_hour', none) is none -%}
    {{ return(none) }}
  {%- endif -%}
  {%- if not var('is_anew', false) and (flags.FULL_REFRESH or not has_history()) -%}
    {{ return(none) }}
  {%- endif -%}
  {%- set reach = model.config.meta.reach -%}
  {%- set hour = modules.datetime.timedelta(hours=1) -%}
  {%- set began = parsed_hour(var('first_hour')) - reach.before_h * hour -%}
  {%- if reach.after_h == 'all' and not var('is_followed', false) -%}
    {{ return({'first': local_day(began), 'last': none}) }}
  {%- endif -%}
  {%- set after_h = 0 if reach.after_h == 'all' else reach.after_h -%}
  {%- set ended = parsed_hour(var('last_hour')) + (1 + after_h) * hour -%}
  {%- set ended = ended - modules.datetime.timedelta(microseconds=1) -%}
  {{ return({'first': local_day(began), 'last': local_day(ended)}) }}
{%- endmacro %}

{# Whether the model's table is there, with the days of earlier runs. #}
{% macro has_history() -%}
  {{ return(load_relation(this) is not none) }}
{%- endmacro %}

{# Whether a day lies among the affected ones, or so many days before and after. #}
{% macro in_affected_days(column='day', days_before=0, days_after=0) -%}
  {%- set days = affected_days() -%}
  {%- if days is none -%}
    true
  {%- else -%}
    {{ column }} >= date '{{ days.first - modules.datetime.timedelta(days=days_before) }}'
    {%- if days.last is not none %}
    and {{ column }} <= date '{{ days.last + modules.datetime.timedelta(days=days_after) }}'
    {%- endif %}
  {%- endif -%}
{%- endmacro %}

{# Whether an hour's partition holds events of the affected days, or of so many hours before. #}
{% macro in_affected_hours(hours_before=0) -%}
  {%- set days = affected_days() -%}
  {%- if days is none -%}
    true
  {%- else -%}
    {%- set day = modules.datetime.timedelta(days=1) -%}
    {%- set began = start_of_day(days.first) - modules.datetime.timedelta(hours=hours_before) -%}
    datehour >= '{{ began.strftime('%Y-%m-%d-%H') }}'
    {%- if days.last is not none %}
    and datehour <= '{{ start_of_day(days.last + day).strftime('%Y-%m-%d-%H') }}'
    {%- endif %}
  {%- endif -%}
{%- endmacro %}

{# The beginning of a datehour, aware, UTC. #}
{% macro parsed_hour(datehour) -%}
  {%- set naive = modules.datetime.datetime.strptime(datehour, '%Y-%m-%d-%H') -%}
  {{ return(modules.pytz.utc.localize(naive)) }}
{%- endmacro %}

{# The site's day at a moment. #}
{% macro local_day(moment) -%}
  {{ return(moment.astimezone(modules.pytz.timezone(app_time_zone())).date()) }}
{%- endmacro %}

{# When a day of the site begins, UTC. #}
{% macro start_of_day(day) -%}
  {%- set midnight = modules.datetime.datetime.combine(day, modules.datetime.time()) -%}
  {%- set zone = modules.pytz.timezone(app_time_zone()) -%}
  {{ return(zone.localize(midnight).astimezone(modules.pytz.utc)) }}
{%- endmacro %}

{# When the hour on the site's clock began, as a UTC timestamp. #}
{% macro local_hour_start(moment) -%}
  {%- set zone = app_time_zone() -%}
  {%- if zone == 'UTC' -%}
    date_trunc('hour', {{ moment }})
  {%- else -%}
    cast(at_timezone(
      date_trunc('hour', at_timezone(with_timezone({{ moment }}, 'UTC'), '{{ zone }}')), 'UTC'
    ) as timestamp)
  {%- endif -%}
{%- endmacro %}

{# The number of the hour on the site's clock, 0 to 23. #}
{% macro local_hour(moment) -%}
  {%- set zone = app_time_zone() -%}
  {%- if zone == 'UTC' -%}
    hour({{ moment }})
  {%- else -%}
    hour(at_timezone(with_timezone({{ moment }}, 'UTC'), '{{ zone }}'))
  {%- endif -%}
{%- endmacro %}

{# The first day whose rows the data tests of a run look at, as a date; none for all days. A run of
   several parts tests all of them at its end. #}
{% macro first_tested_day() -%}
  {%- set since = var('tested_since', var('first_hour', none)) -%}
  {%- if since is none -%}
    {{ return(none) }}
  {%- endif -%}
  {{ return(local_day(parsed_hour(since) - modules.datetime.timedelta(days=1))) }}
{%- endmacro %}
