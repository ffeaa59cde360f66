"""Small pieces of DuckDB syntax trees.

Belongs here: building them. Does not belong here: deciding which are needed (see `translation`).
"""

from sqlglot import exp

from infra.local.athena.errors import unsupported
from infra.local.athena.semantics import typenames as names

FINISHED = "athena_finished"
"""Marks nodes in DuckDB's own terms, which must not be rewritten again."""


def call(name: str, *arguments: exp.Expr | None) -> exp.Anonymous:
    """Return a call of a DuckDB function that sqlglot should not interpret."""
    node = exp.Anonymous(this=name, expressions=[item for item in arguments if item is not None])
    node.meta[FINISHED] = True
    return node


def cast(node: exp.Expr, kind: str) -> exp.Cast:
    """Return a DuckDB cast to one of Trino's types."""
    target = exp.DataType.build(names.duckdb_name(kind), dialect="duckdb")
    result = exp.Cast(this=node, to=target)
    result.type = names.built(kind)
    result.meta[FINISHED] = True
    return result


def string(value: str) -> exp.Literal:
    """Return a text literal."""
    return exp.Literal.string(value)


def number(value: int) -> exp.Literal:
    """Return a whole literal."""
    return exp.Literal(this=str(value), is_string=False)


def constant_text(node: exp.Expr, what: str) -> str:
    """Return the value of a text literal.

    Raises:
        QueryError: It is computed.
    """
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise unsupported(f"A computed {what}")
    return node.name


def case(*branches: tuple[exp.Expr, exp.Expr], default: exp.Expr | None = None) -> exp.Case:
    """Return a CASE."""
    ifs = [exp.If(this=condition, true=value) for condition, value in branches]
    return exp.Case(ifs=ifs, default=default)
