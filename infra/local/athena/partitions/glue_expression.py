"""Partition conditions as a Glue filter expression, so that Glue returns fewer partitions.

Belongs here: the few conditions Glue and SQL understand alike. Does not belong here: deciding which
partitions a query needs (see `pruning`, which judges whatever Glue returns).
"""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from infra.local.athena.catalog.tables import Table

_MAX_LENGTH = 2048  # of a Glue expression
_OPERATORS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}


def glue_expression(references: Sequence[Sequence[exp.Expr]], table: Table) -> str:
    """Return a Glue expression that keeps at least the partitions the references need.

    Args:
        references: Conditions per reference to the table.
        table: A partitioned table.

    Returns:
        The expression, or an empty string if every partition may be needed. Only comparisons of
        string keys with string literals are used: they never hold for NULL, and mean the same in
        Glue and in SQL.
    """
    strings = {key.name for key in table.partition_keys if key.type == "string"}
    alternatives = []
    for reference in references:
        terms = [term for condition in reference if (term := _term(condition, strings))]
        if not terms:
            return ""
        alternatives.append(" AND ".join(terms))
    distinct = list(dict.fromkeys(alternatives))
    text = distinct[0] if len(distinct) == 1 else " OR ".join(f"({item})" for item in distinct)
    return text if len(text) <= _MAX_LENGTH else ""


def _term(condition: exp.Expr, strings: set[str]) -> str:
    node = condition.this
    if not isinstance(node, exp.Column) or node.name.lower() not in strings:
        return ""
    name = node.name.lower()
    operator = _OPERATORS.get(type(condition))
    if operator:
        value = _value(condition.args["expression"])
        return f"{name} {operator} {value}" if value else ""
    if isinstance(condition, exp.Between) and not condition.args.get("symmetric"):
        low, high = _value(condition.args["low"]), _value(condition.args["high"])
        return f"{name} >= {low} AND {name} <= {high}" if low and high else ""
    if isinstance(condition, exp.In) and condition.expressions:
        values = [_value(item) for item in condition.expressions]
        return f"{name} IN ({', '.join(values)})" if all(values) else ""
    return ""


def _value(node: exp.Expr) -> str:
    plain = isinstance(node, exp.Literal) and node.is_string and "'" not in node.name
    return f"'{node.name}'" if plain else ""
