"""Whether a query's columns may be stored in a table's, and how they are converted.

Belongs here: what INSERT accepts and the casts it adds. Does not belong here: casts that are
written (see `castable`), and lengths of texts (see `inserting`).

Trino accepts what has a common type with the column, in either direction, and casts: a BIGINT goes
into an INTEGER column if every value fits. Text is never taken for a number or a time, nor the
other way round.
"""

import re
from collections.abc import Sequence

from sqlglot import exp

from infra.local.athena.errors import type_mismatch, unsupported
from infra.local.athena.semantics import typenames as names
from infra.local.athena.semantics.kinds import kind_of
from infra.local.athena.semantics.typenames import NULL, built

_SOURCE = "athena_source"
_BARE_MOMENT = re.compile(r"\btimestamp\b(?!\()")


def check_assignable(tree: exp.Query, columns: Sequence[str]) -> None:
    """Refuse a query whose columns do not fit a table's.

    Args:
        tree: A typed query.
        columns: Types of the table's columns that are written, in the query's order.

    Raises:
        QueryError: TYPE_MISMATCH, or NOT_SUPPORTED: a type could not be determined.
    """
    kinds = _output_kinds(tree)
    pairs = zip(kinds, columns, strict=False)
    if len(kinds) != len(columns) or any(names.common(*pair) is None for pair in pairs):
        raise type_mismatch(
            f"Insert query has mismatched column types: Table: [{_shown(columns)}],"
            f" Query: [{_shown(kinds)}]"
        )
    if not all(map(names.is_determined, kinds)):
        raise unsupported("INSERT of a value whose type cannot be determined (CAST it)")


def assigned(tree: exp.Query, columns: Sequence[str]) -> exp.Query:
    """Return a typed query whose columns have a table's types; they are renamed.

    Args:
        tree: A typed query that `check_assignable` has let pass.
        columns: As there.
    """
    kinds = _output_kinds(tree)
    if not any(map(_differs, kinds, columns)):
        return tree
    labels = [exp.to_identifier(f"c{position}") for position in range(len(kinds))]
    selected = []
    for label, kind, column in zip(labels, kinds, columns, strict=True):
        value: exp.Expr = exp.column(label.copy(), table=_SOURCE)
        value.type = built(kind)
        if _differs(kind, column):
            value = exp.Cast(this=value, to=built(column))
            value.type = built(column)
        selected.append(exp.alias_(value, label.copy()))
    alias = exp.TableAlias(this=exp.to_identifier(_SOURCE), columns=labels)
    return exp.select(*selected).from_(exp.Subquery(this=tree, alias=alias))


def _output_kinds(tree: exp.Expr) -> list[str]:
    if isinstance(tree, exp.SetOperation):
        sides = _output_kinds(tree.this), _output_kinds(tree.args["expression"])
        return [names.common(*pair) or "" for pair in zip(*sides, strict=False)]
    if isinstance(tree, exp.Subquery):
        return _output_kinds(tree.this)
    return [kind_of(item) for item in tree.selects] if isinstance(tree, exp.Query) else []


def _differs(kind: str, column: str) -> bool:
    if names.base(kind) != names.base(column):
        return kind != NULL and {names.base(kind), names.base(column)} != {"varchar", "char"}
    return names.base(kind) in ("array", "map", "row", "decimal") and kind != column


def _shown(kinds: Sequence[str]) -> str:
    return ", ".join(_BARE_MOMENT.sub("timestamp(3)", kind) for kind in kinds)
