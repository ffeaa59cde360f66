"""Which casts Athena has, and the types they give.

Belongs here: the matrix of casts. Does not belong here: how a value is cast (see `casts`).
"""

import re

from sqlglot import exp

from infra.local.athena.errors import type_mismatch, unsupported
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.typenames import NULL, UNDETERMINED, text_of

_OPEN = (NULL, UNDETERMINED)
_ZONE = re.compile(r":\d\d(?:\.\d+)?\s*(?:[A-Za-z]|[+-]\d)|\d [A-Za-z]")
_TO_TEXT = ("boolean", "date", "uuid", "json", "varchar", "char", "interval day to second")
_FAMILIES = ("array", "map", "row")


def cast_result(node: exp.Expr, source: str) -> str:
    """Return the type a CAST gives.

    Raises:
        QueryError: TYPE_MISMATCH, or NOT_SUPPORTED for types that are not served.
    """
    target = text_of(node.args["to"])
    if not target:
        raise unsupported(f"The type {node.args['to'].sql('athena')}")
    if names.base(target) == "timestamp" and names.parts(target) and _names_zone(node.this):
        return f"{target} with time zone"
    if names.base(target) in ("timestamp", "time") and isinstance(node.this, exp.Literal):
        if names.fraction_digits(target) > 3:  # noqa: PLR2004 (milliseconds)
            raise unsupported("A timestamp more precise than milliseconds")
    elif names.base(target) == "timestamp" and names.fraction_digits(target) != 3:  # noqa: PLR2004
        raise unsupported(f"The type {target}")
    if source not in _OPEN and not _castable(source, target):
        raise type_mismatch(f"Cannot cast {source} to {target}")
    return target


def _names_zone(node: exp.Expr) -> bool:
    """Return whether this is the text of ``TIMESTAMP '… Europe/Berlin'``."""
    is_text = isinstance(node, exp.Literal) and node.is_string
    return is_text and _ZONE.search(node.name) is not None


def _castable(source: str, target: str) -> bool:
    one, other = names.base(source), names.base(target)
    if "json" in (one, other) or one == other:
        return True
    if other in ("varchar", "char"):
        is_plain = names.is_number(source) or names.is_temporal(source) or one == "time"
        return is_plain or one in _TO_TEXT
    if one in ("varchar", "char"):
        return other not in (*_FAMILIES, "varbinary", "interval day to second")
    if names.is_number(source) or one == "boolean":
        return names.is_number(target) or other == "boolean"
    if names.is_temporal(source):
        return names.is_temporal(target) or (other == "time" and one != "date")
    return False
