"""Trino's scalar and aggregate semantics, expressed in DuckDB's SQL.

Belongs here: rewrites of single syntax-tree nodes where sqlglot's own translation differs from what
Athena computes, and the final generation of DuckDB SQL. Does not belong here: collections (see
`collections_dialect`), function bodies (see `macros`) and table names (see `planner`).
"""

import re
from collections.abc import Callable, Mapping

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from infra.local.athena import collections_dialect as collections
from infra.local.athena import temporal_dialect as temporal
from infra.local.athena.collections_dialect import call, has_type
from infra.local.athena.errors import unsupported

_T = exp.DType
_TIMESTAMPS = (_T.TIMESTAMP, _T.TIMESTAMP_S, _T.TIMESTAMP_MS, _T.TIMESTAMPNTZ, _T.DATETIME)
_FLOATS = (_T.DOUBLE, _T.FLOAT)
_INTEGERS = (_T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT)


def _count_distinct(node: exp.Expr) -> exp.Expr:
    # Exact is within any error bound, and reproducible.
    return exp.Count(this=exp.Distinct(expressions=[node.this]))


def _quantile(node: exp.Expr) -> exp.Expr:
    if node.args.get("weight") is not None:
        raise unsupported("approx_percentile with weights")
    return call("quantile_disc", node.this, node.args["quantile"])


def _json_scalar(node: exp.Expr) -> exp.Expr:
    path = node.args["expression"]
    if isinstance(path, exp.JSONPath):
        path = exp.Literal.string(path.sql("duckdb").strip("'"))
    return call("athena_json_scalar", node.this, path)


def _json_value(node: exp.Expr) -> exp.Expr:
    path = node.args.get("path")
    if not isinstance(path, exp.Literal) or node.args.get("returning"):
        raise unsupported("json_value with a computed path or RETURNING")
    text = re.sub(r"^(lax|strict)\s+", "", path.name)
    return call("athena_json_scalar", node.this, exp.Literal.string(text))


def _regexp_extract(node: exp.Expr) -> exp.Expr:
    group = node.args.get("group") or exp.Literal.number(0)
    return call("athena_regexp_extract", node.this, node.args["expression"], group)


def _regexp_replace(node: exp.Expr) -> exp.Expr:
    replacement = node.args.get("replacement")
    if isinstance(replacement, exp.Lambda):
        raise unsupported("regexp_replace with a lambda")
    if isinstance(replacement, exp.Literal):
        replacement.set("this", re.sub(r"\$(\d)", r"\\\1", replacement.this))
    return node


def _format(node: exp.Expr) -> exp.Expr:
    return call("printf", node.this, *node.expressions)


def _cast(node: exp.Expr) -> exp.Expr:
    value, target = node.this, node.args["to"]
    if target.is_type("varchar", "text"):
        if has_type(value, *_TIMESTAMPS):
            return call("strftime", value, exp.Literal.string("%Y-%m-%d %H:%M:%S.%g"))
        if has_type(value, _T.DOUBLE):
            return call("athena_double_text", value)
    elif target.this in _INTEGERS and has_type(value, *_FLOATS):
        # DuckDB rounds halves to even when it casts; Trino rounds them away from zero.
        rounded = node.copy()
        rounded.set("this", call("round", value.copy()))
        return rounded
    return node


def _divide(node: exp.Expr) -> exp.Expr:
    if has_type(node.this, *_FLOATS) or has_type(node.args["expression"], *_FLOATS):
        # As a function it ignores integer_division, under which x / 0 would be NULL.
        return call('"/"', node.this, node.args["expression"])
    divisor = node.args["expression"].unnest()
    if isinstance(divisor, exp.Literal) and float(divisor.name or 0) != 0:
        return node
    return call("athena_divide", node.this, node.args["expression"])


def _array_size(node: exp.Expr) -> exp.Expr:
    return call("cardinality", node.this) if has_type(node.this, _T.MAP) else node


def _slice(node: exp.Expr) -> exp.Expr:
    return call("athena_slice", node.this, node.args.get("start"), node.args.get("end"))


def _reverse(node: exp.Expr) -> exp.Expr:
    return call("list_reverse", node.this) if has_type(node.this, _T.ARRAY) else node


def _concatenate(node: exp.Expr) -> exp.Expr:
    left, right = node.this, node.args["expression"]
    if left.type is None or right.type is None or _T.UNKNOWN in (left.type.this, right.type.this):
        return node
    left_is_array, right_is_array = has_type(left, _T.ARRAY), has_type(right, _T.ARRAY)
    if left_is_array and not right_is_array:
        return call("list_append", left, right)
    if right_is_array and not left_is_array:
        return call("list_prepend", left, right)
    return node


def _split(node: exp.Expr) -> exp.Expr:
    limit = node.args.get("limit")
    if limit is None:
        return node
    return call("athena_split_limit", node.this, node.args["expression"], limit)


def _split_to_map(node: exp.Expr) -> exp.Expr:
    pair, key_value = node.args.get("pair_delim"), node.args.get("key_value_delim")
    return call("split_to_map", node.this, pair, key_value)


def _random(node: exp.Expr) -> exp.Expr:
    if node.this is None:
        return node
    return exp.cast(exp.Floor(this=exp.Mul(this=exp.Rand(), expression=node.this)), "BIGINT")


def _type_of(node: exp.Expr) -> exp.Expr:
    return exp.Lower(this=call("typeof", node.this))


def _refuse(what: str) -> Callable[[exp.Expr], exp.Expr]:
    def refuse(_node: exp.Expr) -> exp.Expr:
        raise unsupported(what)

    return refuse


_BY_TYPE: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.ApproxDistinct: _count_distinct,
    exp.ApproxQuantile: _quantile,
    exp.ArraySize: _array_size,
    exp.ArraySlice: _slice,
    exp.Cast: _cast,
    exp.DPipe: _concatenate,
    exp.DateAdd: temporal.keep_date,
    exp.DateDiff: temporal.date_diff,
    exp.DateTrunc: temporal.keep_date,
    exp.Div: _divide,
    exp.Extract: temporal.extract,
    exp.Format: _format,
    exp.GenerateSeries: temporal.sequence,
    exp.JSONExtractScalar: _json_scalar,
    exp.JSONValue: _json_value,
    exp.MatchRecognize: _refuse("MATCH_RECOGNIZE"),
    exp.ParseDatetime: temporal.parse_datetime,
    exp.Rand: _random,
    exp.Reduce: collections.reduce,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpReplace: _regexp_replace,
    exp.Repeat: _refuse("repeat"),
    exp.Reverse: _reverse,
    exp.Split: _split,
    exp.StrToMap: _split_to_map,
    exp.Struct: collections.row,
    exp.TimestampTrunc: temporal.keep_date,
    exp.TsOrDsAdd: temporal.keep_date,
    exp.Typeof: _type_of,
}


def _rename(name: str) -> Callable[[exp.Anonymous], exp.Expr]:
    return lambda node: call(name, *node.expressions)


_BY_NAME: Mapping[str, Callable[[exp.Anonymous], exp.Expr]] = {
    **collections.FUNCTIONS,
    "FORMAT_DATETIME": temporal.format_datetime,
    "URL_DECODE": _rename("athena_url_decode"),
    "URL_ENCODE": _rename("athena_url_encode"),
}


def _rewrite(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Anonymous):
        by_name = _BY_NAME.get(node.name.upper())
        return by_name(node) if by_name else node
    by_type = _BY_TYPE.get(type(node))
    return by_type(node) if by_type else node


def transform(tree: exp.Expr) -> exp.Expr:
    """Return a copy of a tree with Trino's semantics spelled out for DuckDB.

    Args:
        tree: Parsed from Athena's dialect, with types inferred where possible.

    Raises:
        QueryError: It uses something that has no equivalent.
    """
    root = tree.copy()
    for values in list(root.find_all(exp.Values)):
        collections.values_of_rows(values)
    collections.rewrite_unnest(root)
    for node in reversed(list(root.walk())):  # children before their parents
        changed = _rewrite(node)
        if changed is node:
            continue
        if changed.type is None and node.type is not None:
            changed.type = node.type
        if node is root:
            root = changed
        else:
            node.replace(changed)
    return root


def to_duckdb(tree: exp.Expr) -> str:
    """Return DuckDB SQL that computes what Athena would compute for a tree.

    Raises:
        QueryError: It uses something that has no equivalent.
    """
    try:
        return transform(tree).sql("duckdb", unsupported_level=ErrorLevel.RAISE, identify=True)
    except UnsupportedError as error:
        raise unsupported(str(error).split("\n", 1)[0].rstrip(".")) from error
