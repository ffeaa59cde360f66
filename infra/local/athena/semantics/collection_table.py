"""Athena's functions of collections, JSON and conditions, and its aggregates.

Belongs here: their signatures, in the language of `function_table`. Does not belong here: all other
functions.
"""

COLLECTIONS = """
[](array, integer) $1.element = athena_subscript
[](map, any) $1.value = athena_map_subscript
[](row, integer) rule:field = @row_field
all_match(array, lambda) boolean = @match
any_match(array, lambda) boolean = @match
array_distinct(array) $1 = athena_array_distinct
array_except(array, array) $common = athena_array_except
array_intersect(array, array) $common = athena_array_intersect
array_join(array, text) varchar = @array_join
array_join(array, text, text) varchar = @array_join
array_max(array) $1.element = athena_array_max
array_min(array) $1.element = athena_array_min
array_position(array, any) bigint = athena_array_position
array_remove(array, any) $1 = athena_array_remove
array_sort(array) $1 = athena_array_sort
array_sort(array, lambda) $1 = @refused
array_union(array, array) $common = athena_array_union
arrays_overlap(array, array) boolean = athena_arrays_overlap
cardinality(array) bigint = len
cardinality(map) bigint! = cardinality
contains(array, any) boolean = athena_contains
element_at(array, integer) $1.element = athena_array_element
element_at(map, any) $1.value = athena_map_element
filter(array, lambda) $1 = list_filter
flatten(array) $1.element = flatten
map() map(unknown, unknown) = athena_empty_map
map(array, array) rule:map = map
map_concat(map, map...) $common
map_entries(map) rule:entries = athena_map_entries
map_filter(map, lambda) $1 = @map_filter
map_from_entries(array) rule:from_entries = @map_from_entries
map_keys(map) rule:keys
map_values(map) rule:values
none_match(array, lambda) boolean = @match
reduce(array, any, lambda, lambda) rule:reduced = @reduce
repeat(any, integer) rule:repeated = athena_repeat
row(any...) rule:row = @row
sequence(integer, integer) array(bigint) = athena_sequence
sequence(integer, integer, integer) array(bigint) = athena_sequence
sequence(date, date) array(date) = @sequence
sequence(temporal, temporal, interval) rule:repeated = @sequence
slice(array, integer, integer) $1 = athena_slice
transform(array, lambda) rule:transformed = list_transform
transform_keys(map, lambda) rule:keys_changed = @transform_map
transform_values(map, lambda) rule:values_changed = @transform_map
trim_array(array, integer) $1 = athena_trim_array
zip_with(array, array, lambda) rule:zipped = @zip_with
"""

JSON = """
is_json_scalar(json) boolean = athena_is_json_scalar
json_array_contains(json, any) boolean = @json_array_contains
json_array_length(json) bigint = athena_json_array_length
json_exists(json, text) boolean = @json_path
json_extract(json, text) json = @json_extract
json_extract_scalar(json, text) varchar = @json_extract
json_format(json) varchar = athena_json_format
json_parse(text) json! = athena_json_parse
json_query(json, text) varchar = @json_path
json_size(json, text) bigint = @json_extract
json_value(json, text) varchar = @json_path
"""

CONDITIONS = """
coalesce(any...) $common
nullif(any, any) $1
try(any) $1 = try
typeof(any) varchar = @typeof
grouping(any...) integer! = grouping
"""

AGGREGATES = """
any_value(any) $1
approx_distinct(any) bigint = @approx_distinct
approx_distinct(any, number) bigint = @approx_distinct
approx_percentile(number, number) $1 = quantile_disc
approx_percentile(number, number, any) $1 = @refused
approx_percentile(number, number, any, number) $1 = @refused
approx_percentile(number, array) rule:repeated = quantile_disc
arbitrary(any) $1 = any_value
array_agg(any) rule:repeated
avg(integer) double
avg(decimal) $1 = @average
avg(number) $1! = avg
bitwise_and_agg(integer) bigint! = bit_and
bitwise_or_agg(integer) bigint! = bit_or
bool_and(boolean) boolean
bool_or(boolean) boolean
corr(number, number) double = @finite
count_if(boolean) bigint!
covar_pop(number, number) double
covar_samp(number, number) double
cume_dist() double
dense_rank() bigint
every(boolean) boolean = bool_and
geometric_mean(number) double = geomean
histogram(any) rule:histogram!
map_agg(any, any) rule:map_agg = athena_map_agg
max(any) $1
max(any, integer) rule:repeated
max_by(any, any) $1 = arg_max_null
max_by(any, any, integer) rule:repeated = arg_max
min(any) $1
min(any, integer) rule:repeated
min_by(any, any) $1 = arg_min_null
min_by(any, any, integer) rule:repeated = arg_min
multimap_agg(any, any) rule:multimap_agg = athena_multimap_agg
ntile(integer) bigint
percent_rank() double
rank() bigint
regr_intercept(number, number) double = @finite
regr_slope(number, number) double = @finite
row_number() bigint
stddev(number) double = stddev_samp
stddev_pop(number) double
stddev_samp(number) double
sum(decimal) rule:sum
sum(integer) bigint! = sum
sum(number) $1! = sum
var_pop(number) double
var_samp(number) double
variance(number) double = var_samp
"""

# Athena's, and not served.
