"""Casts with Trino's rules: what text is accepted, how numbers round, how values become text.

Belongs here: rewrites of CAST and TRY_CAST. Does not belong here: which casts exist (see
`operators`) and the macros (see `scalar_macros`).
"""

from sqlglot import exp

from infra.local.athena.dialect.calls import call, cast, number, string
from infra.local.athena.errors import unsupported
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of
from infra.local.athena.semantics.typenames import NULL, UNDETERMINED, text_of

_FROM_TEXT = {
    "tinyint": "athena_to_tinyint",
    "smallint": "athena_to_smallint",
    "integer": "athena_to_integer",
    "bigint": "athena_to_bigint",
    "double": "athena_to_double",
    "real": "athena_to_real",
    "boolean": "athena_to_boolean",
    "date": "athena_to_date",
    "timestamp": "athena_to_timestamp",
    "timestamp with time zone": "athena_to_zoned",
}
_JSON_PARTS = ("varchar", "boolean", "unknown")


def rewrite(node: exp.Expr) -> exp.Expr:
    """Return what computes a CAST or TRY_CAST as Trino does."""
    source, target = kind_of(node.this), text_of(node.args["to"])
    if names.base(kind_of(node)) == "timestamp with time zone":
        target = "timestamp with time zone"
    converted = convert(node.this, source, target)
    limit = node.args["to"].expressions
    if target == "varchar" and limit and source != NULL:
        converted = _limited(converted, source, int(limit[0].name))
    is_lenient = isinstance(node, exp.TryCast)
    return call("TRY", converted) if is_lenient else converted


def convert(value: exp.Expr, source: str, target: str) -> exp.Expr:
    """Return a value of one type as another.

    Raises:
        QueryError: It is not served, or the source type could not be determined.
    """
    to = names.base(target)
    if source == UNDETERMINED:
        raise unsupported("A CAST of a value whose type cannot be determined")
    if "json" in (source, to) and source != NULL:
        return _json(value, source, target)
    if to in ("varchar", "char") and source != NULL:
        return _to_text(value, source, target)
    if names.base(source) in ("varchar", "char"):
        return _from_text(value, target)
    if to in ("array", "map", "row") and source != NULL:
        return _nested(value, source, target)
    if source in ("double", "real") and target in names.INTEGERS:
        return cast(call("athena_whole", value), target)
    return cast(value, target)


def _from_text(value: exp.Expr, target: str) -> exp.Expr:
    is_word = isinstance(value, exp.Literal)
    if names.base(target) in ("date", "timestamp") and is_word and _is_plain(value.name, target):
        return cast(value, target)
    macro = _FROM_TEXT.get(names.base(target))
    if macro is None:
        return cast(value, target)
    converted = call(macro, value)
    # Milliseconds are where Athena rounds; the type is DuckDB's usual one.
    return cast(converted, "timestamp") if names.base(target) == "timestamp" else converted


def _is_plain(text: str, target: str) -> bool:
    """Return whether DuckDB surely reads a literal as Trino does, so that it can be pushed down."""
    digits = "".join("9" if char.isdigit() else char for char in text)
    moments = ("9999-99-99 99:99:99", "9999-99-99 99:99:99.999")
    return digits in (("9999-99-99",) if target == "date" else moments)


def _to_text(value: exp.Expr, source: str, target: str) -> exp.Expr:
    if names.base(target) == "char":
        raise unsupported("CAST to CHAR")
    return as_text(value, source)


def _limited(text: exp.Expr, source: str, limit: int) -> exp.Expr:
    """Cut text at a length; other values must fit."""
    is_text = names.base(source) in ("varchar", "char")
    return call("left" if is_text else "athena_limited", text, number(limit))


def as_text(value: exp.Expr, source: str) -> exp.Expr:
    """Return a value as Trino casts it to VARCHAR.

    Raises:
        QueryError: This type's text is not served.
    """
    match names.base(source):
        case "varchar" | "char":
            return value
        case "double":
            return call("athena_double_text", value)
        case "real":
            return call("athena_real_text", value)
        case "timestamp":
            places = number(names.fraction_digits(source))
            return call("athena_text_of_moment", value, places)
        case "timestamp with time zone":
            local = call("timezone", string("UTC"), value)
            places = number(names.fraction_digits(source))
            return exp.DPipe(
                this=call("athena_text_of_moment", local, places), expression=string(" UTC")
            )
        case "interval day to second" | "array" | "map" | "row" | "time":
            raise unsupported(f"CAST of {names.base(source)} to VARCHAR")
    return cast(value, "varchar")


def _nested(value: exp.Expr, source: str, target: str) -> exp.Expr:
    kind = names.base(target)
    if kind == "array":
        return _array(value, source, target)
    if kind == "row":
        return _row(value, source, target)
    for one, other in zip(names.parts(source), names.parts(target), strict=True):
        if one not in (other, NULL) and not (names.is_number(one) and names.is_number(other)):
            raise unsupported(f"CAST of {source} to {target}")
    return cast(value, target)


def _array(value: exp.Expr, source: str, target: str) -> exp.Expr:
    (one,), (other,) = names.parts(source), names.parts(target)
    if one in (other, NULL):
        return cast(value, target)
    element = exp.to_identifier("athena_element")
    body = convert(element.copy(), one, other)
    return call("list_transform", value, exp.Lambda(this=body, expressions=[element]))


def _row(value: exp.Expr, source: str, target: str) -> exp.Expr:
    ones, others = names.parts(source), names.parts(target)
    if len(ones) != len(others):
        raise unsupported(f"CAST of {source} to {target}")
    fields = []
    for position, (one, other) in enumerate(zip(ones, others, strict=True), start=1):
        name, kind = names.field_of(other)
        part = call("struct_extract_at", value.copy(), number(position))
        converted = convert(part, names.field_of(one)[1], kind)
        key = exp.to_identifier(name or f"field{position - 1}", quoted=True)
        fields.append(exp.PropertyEQ(this=key, expression=converted))
    packed = exp.Struct(expressions=fields)
    missing = exp.Is(this=value.copy(), expression=exp.Null())
    return exp.Case(ifs=[exp.If(this=missing, true=exp.Null())], default=packed)


def _json(value: exp.Expr, source: str, target: str) -> exp.Expr:
    if source == target:
        return value
    if source == "json":
        return _from_json(value, target)
    if not _has_json(source):
        raise unsupported(f"CAST of {source} to JSON")
    text = call("athena_json_canonical", exp.cast(call("to_json", value), "VARCHAR"))
    return exp.cast(text, "JSON", dialect="duckdb")


def _has_json(kind: str) -> bool:
    if names.base(kind) in ("array", "map", "row"):
        return all(_has_json(names.field_of(item)[1]) for item in names.parts(kind))
    return names.is_number(kind) or names.base(kind) in _JSON_PARTS


def _from_json(value: exp.Expr, target: str) -> exp.Expr:
    if names.base(target) in ("array", "map", "row"):
        return exp.cast(value, names.duckdb_name(target), dialect="duckdb")
    text = call("athena_json_text", value)
    if names.base(target) in ("varchar", "char"):
        return _to_text(text, "varchar", target)
    if names.base(target) in ("date", "timestamp", "timestamp with time zone"):
        raise unsupported(f"CAST of JSON to {target}")
    return _from_text(text, target)
