"""What a query reads, reference by reference, as Trino plans it.

Belongs here: queries in the place of names, and which references are read at all. Does not belong
here: what a name means (see `names`), and the columns and partitions of a reference.
"""

from collections.abc import Iterator

from sqlglot import exp

from infra.local.athena.sql.names import cte_of

MAX_REFERENCES = 1_000
"""More tables than Athena plans (it stops at 150 stages); beyond it names stay names."""

_NUMBER = "reading"
_SOURCES = ("from_", "joins", "laterals", "where")


def replace_by_query(node: exp.Table, query: exp.Query) -> None:
    """Put a query in the place of the name that stands for it, keeping alias and joins."""
    alias = exp.TableAlias(this=exp.to_identifier(node.alias or node.name.lower(), quoted=True))
    if isinstance(node.args.get("alias"), exp.TableAlias):
        alias.set("columns", node.args["alias"].args.get("columns"))
    subquery = exp.Subquery(this=query, alias=alias)
    for arg in ("joins", "laterals", "sample"):
        subquery.set(arg, node.args.get(arg))
    node.replace(subquery)


def as_read(tree: exp.Query) -> exp.Query:
    """Return a copy of a query in which every table is named as often as Trino scans it.

    Trino plans the query of a CTE anew at each of its references, and Athena bills each of these
    scans. The tables that are read are numbered (see `readings`).

    Args:
        tree: A qualified query.
    """
    tree = tree.copy()
    _inline(tree)
    position = 0
    for node in tree.find_all(exp.Table):
        if not _is_never_read(node):
            node.meta[_NUMBER] = position
            position += 1
    return tree


def readings(tree: exp.Expr) -> Iterator[tuple[int, exp.Table]]:
    """Yield the numbered tables of what `as_read` returned, or of a copy of it."""
    for node in tree.find_all(exp.Table):
        number = node.meta.get(_NUMBER)
        if number is not None:
            yield number, node


def _inline(tree: exp.Query) -> None:
    """Replace the names of CTEs by their queries, inner ones first; recursive ones stay."""
    _name_apart(tree)
    # Deepest first: then the references to an outer CTE are as many as they will be.
    for with_ in sorted(tree.find_all(exp.With), key=lambda item: -item.depth):
        holder = with_.parent
        if with_.recursive or holder is None:
            continue
        for cte in reversed(list(with_.expressions)):
            nodes = [item for item in holder.find_all(exp.Table) if item.name == cte.alias]
            size = sum(1 for _ in cte.this.find_all(exp.Table))
            if len(nodes) * size > MAX_REFERENCES:
                return
            cte.pop()
            for node in nodes[1:]:
                replace_by_query(node, cte.this.copy())
            for node in nodes[:1]:
                replace_by_query(node, cte.this)
        with_.pop()


def _name_apart(tree: exp.Query) -> None:
    """Give every CTE a name of its own: a query must not be captured where it is put."""
    meant = [(node, cte_of(node)) for node in tree.find_all(exp.Table) if not node.db]
    names = {id(cte): f"{cte.alias} #{n}" for n, cte in enumerate(tree.find_all(exp.CTE))}
    for node, cte in meant:
        if cte is not None:
            if not node.alias:
                node.set("alias", exp.TableAlias(this=node.this.copy()))
            node.set("this", exp.to_identifier(names[id(cte)], quoted=True))
    for cte in tree.find_all(exp.CTE):
        cte.args["alias"].set("this", exp.to_identifier(names[id(cte)], quoted=True))


def _is_never_read(node: exp.Table) -> bool:
    """Whether a query around a table has no rows whatever the table holds."""
    child: exp.Expr = node
    parent = node.parent
    while parent is not None:
        if isinstance(parent, exp.Query):
            # What is selected from no rows may still be a row: of an aggregate.
            is_source = child.arg_key in _SOURCES
            if _takes_none(parent) or (is_source and _keeps_none(parent)):
                return True
        child, parent = parent, parent.parent
    return False


def _takes_none(query: exp.Query) -> bool:
    limit = query.args.get("limit")
    count = limit.args.get("expression") if isinstance(limit, exp.Limit) else None
    return isinstance(count, exp.Literal) and count.name == "0"


def _keeps_none(query: exp.Query) -> bool:
    where = query.args.get("where")
    condition = where.this if where is not None else None
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return any(map(_is_false, parts))


def _is_false(condition: exp.Expr | None) -> bool:
    if isinstance(condition, exp.Boolean):
        return not condition.this
    sides = (condition.left, condition.right) if isinstance(condition, exp.EQ) else ()
    numbers = [item.name for item in sides if isinstance(item, exp.Literal) and item.is_int]
    return len(set(numbers)) > 1
