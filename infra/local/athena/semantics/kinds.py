"""The type of an expression whose types have been inferred.

Belongs here: reading it. Does not belong here: inferring it (see `inference`).
"""

from sqlglot import exp

from infra.local.athena.semantics.typenames import NULL, UNDETERMINED, text_of

_WRAPPERS = (exp.Paren, exp.Alias, exp.Ordered, exp.Order, exp.Distinct, exp.Any, exp.All)


def kind_of(node: exp.Expr | None) -> str:
    """Return the type of an annotated expression as text."""
    if node is None:
        return UNDETERMINED
    if isinstance(node, exp.Null | exp.Lambda):
        return NULL if isinstance(node, exp.Null) else "function"
    if isinstance(node, _WRAPPERS):
        inner = node.this if node.this is not None else node.expressions[0]
        return kind_of(inner)
    if isinstance(node, exp.Subquery | exp.Select | exp.SetOperation):
        selects = node.selects
        return kind_of(selects[0]) if len(selects) == 1 else UNDETERMINED
    return text_of(node.type)
