"""Quoting for the SQL text this package generates.

Belongs here: turning Python strings into DuckDB literals and identifiers. Does not belong here:
anything that reads or rewrites SQL (see `translation` and `statements`).
"""

from collections.abc import Iterable


def literal(value: str | None) -> str:
    """Return a DuckDB string literal, or ``NULL`` for None."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a quoted DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    """Return quoted identifiers joined by commas."""
    return ", ".join(identifier(name) for name in names)


def row(values: Iterable[str | None]) -> str:
    """Return one parenthesised row of string literals for a VALUES list."""
    return "(" + ", ".join(literal(value) for value in values) + ")"


def select(expressions: Iterable[str], source: str) -> str:
    """Return ``SELECT expressions FROM source``.

    Args:
        expressions: SQL, not names.
        source: A relation, and whatever clauses follow it.
    """
    return " ".join(["SELECT", ", ".join(expressions), "FROM", source])
