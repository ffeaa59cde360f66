"""Trino's types as text, the common type of two, and the way to and from sqlglot's.

Belongs here: type arithmetic without a syntax tree. Does not belong here: which type an expression
has (see `inference`) and the types of Hive and of the API (see `types`).

A type is written as Trino writes it, ``array(decimal(10,2))``; the empty text is a type that could
not be determined, and ``unknown`` is the type of NULL.
"""

import re
from functools import lru_cache

from sqlglot import exp

from infra.local.athena.sql.types import split_arguments

UNDETERMINED = ""
NULL = "unknown"
MAX_PRECISION = 38
INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_TEMPORAL = ("date", "timestamp", "timestamp with time zone")
_MISSING_PART = re.compile(r"[(,]\s*[,)]")
_ZONED = "timestamp with time zone"
_PRECISE = ("timestamp", "time", "char", _ZONED)
_T = exp.DType
_NAMES = {
    _T.TINYINT: "tinyint",
    _T.SMALLINT: "smallint",
    _T.INT: "integer",
    _T.BIGINT: "bigint",
    _T.FLOAT: "real",
    _T.DOUBLE: "double",
    _T.BOOLEAN: "boolean",
    _T.VARCHAR: "varchar",
    _T.TEXT: "varchar",
    _T.CHAR: "char",
    _T.BINARY: "varbinary",
    _T.VARBINARY: "varbinary",
    _T.DATE: "date",
    _T.TIME: "time",
    _T.TIMESTAMP: "timestamp",
    _T.TIMESTAMPNTZ: "timestamp",
    _T.TIMESTAMPTZ: "timestamp with time zone",
    _T.JSON: "json",
    _T.UUID: "uuid",
    _T.INTERVAL: "interval day to second",
    _T.NULL: NULL,
}
_KINDS = {name: kind for kind, name in _NAMES.items()} | {
    "varchar": _T.VARCHAR,
    "varbinary": _T.VARBINARY,
    "timestamp": _T.TIMESTAMP,
}


def base(kind: str) -> str:
    """Return a type without its parameters."""
    if kind.startswith("timestamp") and kind.endswith("with time zone"):
        return "timestamp with time zone"
    return kind.partition("(")[0]


def parts(kind: str) -> list[str]:
    """Return what is between a type's parentheses, split at commas."""
    inner = kind.partition("(")[2]
    return split_arguments(inner.rpartition(")")[0]) if inner else []


def is_determined(kind: str) -> bool:
    """Return whether a type and all of its parts are known."""
    return bool(kind) and _MISSING_PART.search(kind) is None


def is_decimal(kind: str) -> bool:
    """Return whether a type is a decimal."""
    return kind.startswith("decimal")


def is_number(kind: str) -> bool:
    """Return whether a type is numeric."""
    return kind in INTEGERS or kind in ("real", "double") or is_decimal(kind)


def is_temporal(kind: str) -> bool:
    """Return whether a type is a date or a timestamp."""
    return base(kind) in _TEMPORAL


def decimal(precision: int, scale: int) -> str:
    """Return a decimal type, its precision limited to 38."""
    return f"decimal({min(MAX_PRECISION, precision)},{scale})"


def digits(kind: str) -> tuple[int, int]:
    """Return precision and scale of a decimal or integer type."""
    if kind in _DIGITS:
        return _DIGITS[kind], 0
    given = parts(kind)
    return (int(given[0]), int(given[1]) if len(given) > 1 else 0) if given else (38, 0)


def fraction_digits(kind: str) -> int:
    """Return the precision of a timestamp or time type; Athena's is 3 where none was declared."""
    inner = kind.partition("(")[2].partition(")")[0]
    return int(inner) if inner.isdigit() else 3


def field_of(text: str) -> tuple[str, str]:
    """Split a row's field into name and type; the name of an unnamed field is empty."""
    name, _, kind = text.partition(" ")
    is_named = bool(kind) and not text.startswith(("timestamp with", "interval day"))
    return (name.strip('"'), kind) if is_named else ("", text)


def common(left: str, right: str) -> str | None:
    """Return the type both can be converted to implicitly; None if Trino would refuse."""
    if left == right or right in (NULL, UNDETERMINED):
        return left if right != UNDETERMINED or left == right else UNDETERMINED
    if left in (NULL, UNDETERMINED):
        return right if left == NULL else UNDETERMINED
    if is_number(left) and is_number(right):
        return _common_number(left, right)
    if is_temporal(left) and is_temporal(right):
        return max(left, right, key=lambda kind: (_TEMPORAL.index(base(kind)), kind))
    if base(left) != base(right):
        return None if {base(left), base(right)} != {"varchar", "char"} else "varchar"
    return _common_parts(left, right)


def _common_number(left: str, right: str) -> str:
    for kind in ("double", "real"):
        if kind in (left, right):
            return kind
    if not is_decimal(left) and not is_decimal(right):
        return max(left, right, key=INTEGERS.index)
    (p1, s1), (p2, s2) = digits(left), digits(right)
    scale = max(s1, s2)
    return decimal(max(p1 - s1, p2 - s2) + scale, scale)


def _common_parts(left: str, right: str) -> str | None:
    kind = base(left)
    if kind not in ("array", "map", "row"):
        return max(left, right)
    pairs = list(zip(parts(left), parts(right), strict=False))
    if len(parts(left)) != len(parts(right)):
        return None
    merged = []
    for one, other in pairs:
        name, one_kind = field_of(one) if kind == "row" else ("", one)
        both = common(one_kind, field_of(other)[1] if kind == "row" else other)
        if both is None:
            return None
        merged.append(f"{name} {both}".strip())
    return f"{kind}({', '.join(merged)})"


def text_of(kind: exp.DataType | None) -> str:
    """Return a sqlglot type as text."""
    if kind is None:
        return UNDETERMINED
    inner = kind.expressions
    match kind.this:
        case _T.DECIMAL:
            numbers = [item.name for item in inner]
            text = f"decimal({','.join(numbers)})" if numbers else "decimal(38,0)"
        case _T.ARRAY | _T.LIST:
            text = f"array({text_of(inner[0]) if inner else NULL})"
        case _T.MAP:
            text = f"map({', '.join(map(text_of, inner))})"
        case _T.STRUCT:
            text = f"row({', '.join(map(_field_text, inner))})"
        case _:
            text = _plain_text(kind)
    return text


def _plain_text(kind: exp.DataType) -> str:
    name = _NAMES.get(kind.this, UNDETERMINED)
    if name in ("timestamp", "time", "char", _ZONED) and kind.expressions:
        word, _, rest = name.partition(" ")
        return f"{word}({kind.expressions[0].name}) {rest}".rstrip()
    return name


def _field_text(field: exp.Expr) -> str:
    if isinstance(field, exp.ColumnDef):
        return f"{field.name} {text_of(field.args.get('kind'))}"
    return text_of(field if isinstance(field, exp.DataType) else None)


@lru_cache(maxsize=4096)
def _built(text: str) -> exp.DataType:
    kind, given = base(text), parts(text)
    match kind:
        case "array":
            return exp.DataType(this=_T.ARRAY, expressions=[_built(given[0])], nested=True)
        case "map":
            return exp.DataType(this=_T.MAP, expressions=[_built(p) for p in given], nested=True)
        case "row":
            fields = [_field(*field_of(item)) for item in given]
            return exp.DataType(this=_T.STRUCT, expressions=fields, nested=True)
        case "decimal":
            return exp.DataType(this=_T.DECIMAL, expressions=[_parameter(p) for p in given])
    parameters = [_parameter(p) for p in given] if kind in _PRECISE else []
    return exp.DataType(this=_KINDS.get(kind, _T.UNKNOWN), expressions=parameters)


def _parameter(text: str) -> exp.DataTypeParam:
    return exp.DataTypeParam(this=exp.Literal.number(text))


def _field(name: str, kind: str) -> exp.Expr:
    if not name:
        return _built(kind)
    return exp.ColumnDef(this=exp.to_identifier(name), kind=_built(kind))


def built(text: str) -> exp.DataType:
    """Return a type written as text as sqlglot's."""
    return _built(text).copy()


def duckdb_name(kind: str) -> str:
    """Return DuckDB's spelling of a type."""
    name, given = base(kind), parts(kind)
    match name:
        case "array":
            return duckdb_name(given[0]) + "[]"
        case "map":
            return f"MAP({', '.join(map(duckdb_name, given))})"
        case "row":
            fields = [field_of(item) for item in given]
            return f"STRUCT({', '.join(f'{_quoted(n)} {duckdb_name(k)}' for n, k in fields)})"
        case "decimal":
            return kind.upper()
        case "varchar" | "char" | "unknown" | "":
            return "VARCHAR"
    plain = {"real": "FLOAT", "varbinary": "BLOB", "interval day to second": "INTERVAL"}
    return plain.get(name, name.upper())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if name else ""
