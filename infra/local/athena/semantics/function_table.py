"""The functions Athena has, and what serves each one here.

Belongs here: one line for each signature of a function of plain values, ``name(parameters) result =
target``, and the names that are refused. Does not belong here: functions of collections and JSON,
and aggregates (see `collection_table`), and how a line is read and matched (see `signatures`).

- parameters are kinds of types; ``x...`` is one or more.
- result is a type, ``$n`` the type of an argument, ``$n.element``, ``$n.key``, ``$n.value``, or
  ``$common``; ``rule:name`` is computed. A ``!`` makes DuckDB's result that type.
- target is a DuckDB function or macro, by default of the same name; ``@name`` is a rewrite.
"""

NUMBERS = """
abs(number) $1
acos(number) double = athena_acos
asin(number) double = athena_asin
atan(number) double
atan2(number, number) double
bit_count(integer, integer) bigint = athena_bit_count
bitwise_and(integer, integer) bigint = athena_bitwise_and
bitwise_left_shift(integer, integer) $1! = athena_left_shift
bitwise_not(integer) bigint = athena_bitwise_not
bitwise_or(integer, integer) bigint = athena_bitwise_or
bitwise_right_shift(integer, integer) $1! = athena_right_shift
bitwise_right_shift_arithmetic(integer, integer) $1! = athena_right_shift_arithmetic
bitwise_xor(integer, integer) bigint = athena_bitwise_xor
cbrt(number) double = athena_cbrt
ceil(integer) $1 = athena_same
ceil(decimal) rule:whole! = ceil
ceil(number) $1! = ceil
ceiling(integer) $1 = athena_same
ceiling(decimal) rule:whole! = ceil
ceiling(number) $1! = ceil
cos(number) double
cosh(number) double
degrees(number) double
e() double = athena_e
exp(number) double
floor(integer) $1 = athena_same
floor(decimal) rule:whole! = floor
floor(number) $1! = floor
from_base(text, integer) bigint = athena_from_base
greatest(any...) $common = @greatest
infinity() double
is_finite(number) boolean = isfinite
is_infinite(number) boolean = isinf
is_nan(number) boolean = isnan
least(any...) $common = @least
ln(number) double = athena_ln
log(number, number) double = athena_log
log10(number) double = athena_log10
log2(number) double = athena_log2
nan() double
pi() double
pow(number, number) double
power(number, number) double = pow
radians(number) double
rand() double = random
rand(integer) $1! = athena_random
random() double
random(integer) $1! = athena_random
random(integer, integer) $1! = athena_random_between
round(integer) $1 = athena_same
round(decimal) rule:whole! = round
round(number) $1! = round
round(integer, integer) $1! = athena_round_integer
round(decimal, integer) rule:rounded! = round
round(number, integer) $1! = athena_round_to
sign(number) $1! = athena_sign
sin(number) double
sinh(number) double
sqrt(number) double = athena_sqrt
tan(number) double
tanh(number) double
to_base(integer, integer) varchar = athena_to_base
truncate(decimal) rule:truncated! = trunc
truncate(double) $1 = trunc
truncate(real) $1! = trunc
truncate(decimal, integer) $1! = trunc
width_bucket(number, array) bigint
width_bucket(number, number, number, integer) bigint
"""

STRINGS = """
chr(integer) varchar
codepoint(text) integer = athena_codepoint
concat(text, text...) varchar = @concat
concat(array, array...) $common = @concat
concat_ws(text, array) varchar = athena_concat_ws
concat_ws(text, text...) varchar
format(text, any...) varchar = @format
from_utf8(bytes) varchar = athena_from_utf8
from_utf8(bytes, any) varchar = @refused
hamming_distance(text, text) bigint = athena_hamming
length(text) bigint
length(bytes) bigint = octet_length
levenshtein_distance(text, text) bigint = athena_levenshtein
lower(text) varchar
lpad(text, integer, text) varchar = athena_lpad
ltrim(text) varchar = athena_ltrim
ltrim(text, text) varchar
luhn_check(text) boolean = athena_luhn_check
normalize(text, text) varchar = athena_normalize
regexp_count(text, text) bigint = athena_regexp_count
regexp_extract(text, text) varchar = athena_regexp_extract
regexp_extract(text, text, integer) varchar = @regexp_extract
regexp_extract_all(text, text) array(varchar)
regexp_extract_all(text, text, integer) array(varchar) = athena_regexp_extract_groups
regexp_like(text, text) boolean = regexp_matches
regexp_position(text, text) integer = athena_regexp_position
regexp_position(text, text, integer) integer = @refused
regexp_position(text, text, integer, integer) integer = @refused
regexp_replace(text, text) varchar = @regexp_replace
regexp_replace(text, text, text) varchar = @regexp_replace
regexp_replace(text, text, lambda) varchar = @refused
regexp_split(text, text) array(varchar) = regexp_split_to_array
replace(text, text) varchar = athena_remove
replace(text, text, text) varchar
reverse(array) $1 = list_reverse
reverse(text) varchar = athena_reverse
rpad(text, integer, text) varchar = athena_rpad
rtrim(text) varchar = athena_rtrim
rtrim(text, text) varchar
split(text, text) array(varchar) = athena_split
split(text, text, integer) array(varchar) = athena_split_limit
split_part(text, text, integer) varchar = athena_split_part
split_to_map(text, text, text) map(varchar, varchar)
starts_with(text, text) boolean
strpos(text, text) bigint
strpos(text, text, integer) bigint = athena_strpos
substr(text, integer) varchar = @substr
substr(text, integer, integer) varchar = @substr
substring(text, integer) varchar = @substr
substring(text, integer, integer) varchar = @substr
to_utf8(text) varbinary = encode
translate(text, text, text) varchar
trim(text) varchar = athena_trim
trim(text, text) varchar
upper(text) varchar = athena_upper
url_decode(text) varchar = athena_url_decode
url_encode(text) varchar = athena_url_encode
url_extract_fragment(text) varchar
url_extract_host(text) varchar
url_extract_parameter(text, text) varchar
url_extract_path(text) varchar
url_extract_port(text) bigint
url_extract_protocol(text) varchar
url_extract_query(text) varchar
uuid() uuid
"""

BYTES = """
crc32(bytes) bigint = athena_crc32
from_base64(text) varbinary = from_base64
from_base64url(text) varbinary = athena_from_base64url
from_big_endian_64(bytes) bigint = athena_from_big_endian_64
from_hex(text) varbinary = unhex
hmac_md5(bytes, bytes) varbinary = athena_hmac_md5
hmac_sha1(bytes, bytes) varbinary = athena_hmac_sha1
hmac_sha256(bytes, bytes) varbinary = athena_hmac_sha256
hmac_sha512(bytes, bytes) varbinary = athena_hmac_sha512
md5(bytes) varbinary = athena_md5
sha1(bytes) varbinary = athena_sha1
sha256(bytes) varbinary = athena_sha256
sha512(bytes) varbinary = athena_sha512
to_base64(bytes) varchar = to_base64
to_base64url(bytes) varchar = athena_to_base64url
to_big_endian_64(bigint) varbinary = athena_to_big_endian_64
to_hex(bytes) varchar = hex
xxhash64(bytes) varbinary = athena_xxhash64
"""

TIMES = """
at_timezone(temporal, text) timestamp with time zone = @zoned
current_timezone() varchar = athena_current_timezone
date(any) date = @date
date_add(text, integer, temporal) $3 = @date_add
date_diff(text, temporal, temporal) bigint = @date_diff
date_format(temporal, text) varchar = @date_format
date_parse(text, text) timestamp = @date_parse
date_trunc(text, temporal) $2 = @date_trunc
day(temporal) bigint = day
day_of_month(temporal) bigint = day
day_of_week(temporal) bigint = isodow
day_of_year(temporal) bigint = dayofyear
dow(temporal) bigint = isodow
doy(temporal) bigint = dayofyear
format_datetime(temporal, text) varchar = @format_datetime
from_iso8601_date(text) date = athena_iso_date
from_iso8601_timestamp(text) timestamp with time zone = @from_iso8601
from_unixtime(number) timestamp with time zone = athena_from_unixtime
from_unixtime(number, text) timestamp with time zone = @zoned
from_unixtime(number, integer, integer) timestamp with time zone = @refused
hour(moment) bigint
last_day_of_month(temporal) date = last_day
millisecond(moment) bigint = athena_millisecond
minute(moment) bigint
month(temporal) bigint
now() timestamp with time zone = athena_now
parse_datetime(text, text) timestamp with time zone = @parse_datetime
quarter(temporal) bigint
second(moment) bigint
timezone_hour(tz) bigint = athena_zero
timezone_minute(tz) bigint = athena_zero
to_iso8601(temporal) varchar = @to_iso8601
to_milliseconds(interval) bigint = athena_interval_milliseconds
to_unixtime(temporal) double = epoch
week(temporal) bigint
week_of_year(temporal) bigint = week
with_timezone(timestamp, text) timestamp with time zone = @zoned
year(temporal) bigint
year_of_week(temporal) bigint = isoyear
yow(temporal) bigint = isoyear
"""

_REFUSED = """
approx_most_frequent approx_set array_first array_histogram array_last bar beta_cdf bing_tile
bing_tile_at bing_tile_coordinates bing_tile_polygon bing_tile_quadkey bing_tile_zoom_level
bing_tiles_around bitwise_xor_agg char2hexint checksum classify collect color combinations
contains_sequence convex_hull_agg cosine_distance cosine_similarity current_groups current_time
current_timestamp date_parse_iso day_name dot_product empty_approx_set ends_with entropy
evaluate_classifier_predictions features format_number from_base32 from_big_endian_32
from_encoded_polyline from_geojson_geometry from_ieee754_32 from_ieee754_64
from_iso8601_timestamp_nanos from_unixtime_nanos geometry_collect_agg geometry_from_hadoop_shape
geometry_invalid_reason geometry_nearest_points geometry_to_bing_tiles geometry_union
geometry_union_agg great_circle_distance hash_counts human_readable_seconds index
intersection_cardinality inverse_beta_cdf inverse_normal_cdf jaccard_index json_array
json_array_get json_arrayagg json_object json_objectagg json_scalar json_serialize json_table
kurtosis learn_classifier learn_libsvm_classifier learn_libsvm_regressor learn_regressor
line_interpolate_point line_interpolate_points line_locate_point localtime localtimestamp
make_set_digest map_union map_zip_with merge merge_set_digest multimap_from_entries murmur3
ngrams normal_cdf numeric_histogram objectid objectid_timestamp overlay parse_data_size
parse_duration parse_presto_data_size qdigest_agg quantile_at_value reduce_agg regr_avgx
regr_avgy regr_count regr_r2 regr_sxx regr_sxy regr_syy regress render rgb set_agg set_digest
set_union shuffle simplify_geometry skewness soundex spatial_partitioning spatial_partitions
split_to_multimap spooky_hash_v2_32 spooky_hash_v2_64 t_pdf tdigest_agg theta_sketch_cardinality
theta_sketch_estimate theta_sketch_union timestamp_objectid timezone title_case to_base32
to_big_endian_32 to_encoded_polyline to_geojson_geometry to_geometry to_ieee754_32 to_ieee754_64
to_spherical_geography value_at_quantile values_at_quantiles version wilson_interval_lower
wilson_interval_upper with_zone word_stem zip
"""
REFUSED = frozenset(_REFUSED.split())
REFUSED_PREFIXES = ("st_",)
