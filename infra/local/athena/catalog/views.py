"""Athena views: the base64 document Glue stores, and inlining views into queries.

Belongs here: reading and writing a view's text, and replacing references to views by subqueries, so
that predicates can reach the tables behind them. Does not belong here: tables (see `planner`).
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence

from sqlglot import exp

from infra.local.athena.catalog.tables import Table
from infra.local.athena.errors import QueryError
from infra.local.athena.sql.names import TableName, real_tables, resolve
from infra.local.athena.sql.parsing import parse_query
from infra.local.athena.sql.references import replace_by_query
from infra.local.athena.sql.types import Column, api_type

_DOCUMENT = re.compile(r"/\* Presto View: (\S+) \*/")
_MAX_DEPTH = 32


def view_definition(
    name: str, sql: str, database: str, columns: Sequence[Column]
) -> dict[str, object]:
    """Return the Glue TableInput of a view.

    Args:
        name: The view's name.
        sql: Its query in Athena's dialect.
        database: What unqualified names in the query refer to.
        columns: The query's output columns.
    """
    document = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column.name, "type": api_type(column.type)} for column in columns],
    }
    encoded = base64.b64encode(json.dumps(document).encode()).decode()
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "PartitionKeys": [],
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [{"Name": column.name, "Type": column.type} for column in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }


def view_query(view: Table) -> tuple[str, str]:
    """Return a view's SQL and the database its unqualified names refer to.

    Raises:
        QueryError: The view was not made by Athena (Hive views have another format).
    """
    match = _DOCUMENT.search(view.view_text)
    if match is None:
        raise QueryError(f"INVALID_VIEW: line 1:1: '{view.database}.{view.name}' is no Presto view")
    try:
        document = json.loads(base64.b64decode(match[1]))
    except (binascii.Error, ValueError) as error:
        raise QueryError(f"INVALID_VIEW: line 1:1: Invalid view JSON: {view.name}") from error
    return document["originalSql"], document.get("schema") or view.database


def expand_views(
    tree: exp.Query, database: str, lookup: Callable[[TableName], Table | None], depth: int = 0
) -> exp.Query:
    """Replace every reference to a view by the view's query, recursively.

    Args:
        tree: A query; changed in place.
        database: What its unqualified names refer to.
        lookup: Finds tables and views; None for names that are not in Glue.
        depth: How many views contain this query.

    Returns:
        The same query, in which every remaining table name is qualified with its database.

    Raises:
        QueryError: A view is broken or refers to itself.
    """
    if depth > _MAX_DEPTH:
        raise QueryError("VIEW_IS_RECURSIVE: line 1:1: Statement contains a recursive view")
    for node in list(real_tables(tree)):
        name = resolve(node, database)
        node.set("db", exp.to_identifier(name.database, quoted=True))
        node.set("catalog", None)
        view = lookup(name)
        if view is None or not view.is_view:
            continue
        sql, view_database = view_query(view)
        inner = expand_views(parse_query(sql), view_database, lookup, depth + 1)
        replace_by_query(node, inner)
    return tree
