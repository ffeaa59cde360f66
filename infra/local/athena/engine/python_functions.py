"""Which Python functions DuckDB gets, and how.

Belongs here: names, parameter and result types. Does not belong here: what they compute (see
`scalars` and `json_functions`).
"""

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling
from duckdb.sqltypes import SQLNULL

from infra.local.athena.engine import json_functions, scalars, text_scalars
from infra.local.athena.results.values import java_double

Registered = tuple[Callable[..., Any], list[Any], Any]

_FUNCTIONS: Mapping[str, Registered] = {
    "athena_fail": (scalars.fail, ["VARCHAR"], SQLNULL),
    "athena_crc32": (scalars.crc32, ["BLOB"], "BIGINT"),
    "athena_py_divide": (
        scalars.divide_decimals,
        ["VARCHAR", "VARCHAR", "INTEGER"],
        "VARCHAR",
    ),
    "athena_double_text": (scalars.java_scientific, ["DOUBLE"], "VARCHAR"),
    "athena_real_text": (scalars.java_scientific_real, ["FLOAT"], "VARCHAR"),
    "athena_java_double": (java_double, ["DOUBLE"], "VARCHAR"),
    "athena_fixed": (scalars.fixed, ["VARCHAR", "INTEGER"], "VARCHAR"),
    "athena_from_base": (scalars.from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    "athena_to_base": (scalars.to_base, ["BIGINT", "BIGINT"], "VARCHAR"),
    "athena_cbrt": (scalars.cbrt, ["DOUBLE"], "DOUBLE"),
    "athena_py_levenshtein": (text_scalars.levenshtein, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "athena_hamming": (text_scalars.hamming, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "athena_luhn_check": (text_scalars.luhn_check, ["VARCHAR"], "BOOLEAN"),
    "athena_normalize": (text_scalars.normalize, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "athena_py_reverse": (text_scalars.reverse, ["VARCHAR"], "VARCHAR"),
    "athena_py_decode": (text_scalars.decode, ["BLOB"], "VARCHAR"),
    "athena_strpos": (text_scalars.strpos, ["VARCHAR", "VARCHAR", "BIGINT"], "BIGINT"),
    "athena_regexp_group": (
        text_scalars.regexp_group,
        ["VARCHAR", "VARCHAR", "BIGINT"],
        "VARCHAR",
    ),
    "athena_regexp_extract_groups": (
        text_scalars.regexp_groups,
        ["VARCHAR", "VARCHAR", "BIGINT"],
        "VARCHAR[]",
    ),
    "athena_regexp_count": (text_scalars.regexp_count, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "athena_regexp_position": (text_scalars.regexp_position, ["VARCHAR", "VARCHAR"], "INTEGER"),
    "athena_from_base64url": (scalars.from_base64url, ["VARCHAR"], "BLOB"),
    "athena_to_base64url": (scalars.to_base64url, ["BLOB"], "VARCHAR"),
    "athena_sha512": (scalars.sha512, ["BLOB"], "BLOB"),
    "athena_xxhash64": (scalars.xxhash64, ["BLOB"], "BLOB"),
    "athena_to_big_endian_64": (scalars.to_big_endian, ["BIGINT"], "BLOB"),
    "athena_from_big_endian_64": (scalars.from_big_endian, ["BLOB"], "BIGINT"),
    **{
        f"athena_hmac_{name}": (partial(scalars.hmac_of, name), ["BLOB", "BLOB"], "BLOB")
        for name in ("md5", "sha1", "sha256", "sha512")
    },
    **json_functions.FUNCTIONS,
}


def _null_safe(function: Callable[..., Any]) -> Callable[..., Any]:
    """DuckDB lets only functions that see NULLs return them."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return call


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a DuckDB instance the functions."""
    for name, (function, parameters, result) in _FUNCTIONS.items():
        connection.create_function(
            name,
            _null_safe(function),
            parameters,
            result,
            null_handling=FunctionNullHandling.SPECIAL,
        )
