"""Types of rows, of several values, and of relations made of values.

Belongs here: VALUES, UNNEST, tuples, fields. Does not belong here: all other expressions (see
`inference`).
"""

from collections.abc import Sequence

from sqlglot import exp

from infra.local.athena.errors import type_mismatch
from infra.local.athena.semantics import operators, signatures
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of
from infra.local.athena.semantics.typenames import NULL, UNDETERMINED, built


def one_of(values: Sequence[exp.Expr | None], what: str) -> str:
    """Return the one type of several values.

    Raises:
        QueryError: TYPE_MISMATCH: they have none in common.
    """
    kinds = [kind_of(value) for value in values if value is not None]
    both = signatures.common_of(kinds)
    if both is None:
        raise type_mismatch(f"All {what} results must be the same type: {', '.join(kinds)}")
    return both


def field(node: exp.Expr) -> str:
    """Return the type of ``row[2]``."""
    given, index = names.parts(kind_of(node.expressions[0])), operators.constant_index(node)
    return names.field_of(given[index - 1])[1] if 0 < index <= len(given) else UNDETERMINED


def dot(node: exp.Expr) -> str:
    """Return the type of ``row.name``."""
    kind = kind_of(node.this)
    if not kind.startswith("row"):
        return UNDETERMINED
    fields = dict(names.field_of(item) for item in names.parts(kind))
    lowered = {name.lower(): found for name, found in fields.items()}
    return lowered.get(node.args["expression"].name.lower(), UNDETERMINED)


def values(node: exp.Expr) -> str:
    """Give the values of a column one type in every row."""
    rows = [
        item.expressions if isinstance(item, exp.Tuple) else [item] for item in node.expressions
    ]
    if any(len(row) != len(rows[0]) for row in rows):
        raise type_mismatch("Values rows have mismatched sizes")
    for column in zip(*rows, strict=True):
        kind = one_of(column, "VALUES")
        for value in column:
            # `meta` because a literal's own type still decides how it is written.
            value.meta["own"] = kind_of(value)
            value.type = built(kind)
    return UNDETERMINED


def unnest(node: exp.Expr) -> str:
    """Return a row type with the relation's columns: sqlglot takes their types from there."""
    kinds: list[str] = []
    for item in node.expressions:
        kind = kind_of(item)
        inner = names.parts(kind)
        if kind.startswith("array(row"):
            kinds += [names.field_of(field)[1] for field in names.parts(inner[0])]
        else:
            kinds += inner or [UNDETERMINED]
    alias = node.args.get("alias")
    columns = [column.name for column in alias.columns] if alias else []
    pairs = zip(columns, kinds, strict=False)
    fields = ", ".join(f"{name} {kind}" for name, kind in pairs if kind)
    return f"row({fields})" if fields else UNDETERMINED


def row_of(node: exp.Expr) -> str:
    """Return the type of ``(a, b)``."""
    return f"row({', '.join(kind_of(item) or NULL for item in node.expressions)})"
