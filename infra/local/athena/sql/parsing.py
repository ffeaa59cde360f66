"""Text to syntax trees, in Athena's dialect.

Belongs here: calling sqlglot's tokenizer and parser, substituting `?` parameters, and turning its
errors into Athena's. Does not belong here: Hive statements sqlglot cannot parse (see `statements`).
"""

from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from infra.local.athena.errors import QueryError
from infra.local.athena.sql import grammar

_OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET)
_CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET)


def parse_one(sql: str) -> exp.Expr:
    """Parse one statement.

    Raises:
        QueryError: SYNTAX_ERROR, or more than one statement.
    """
    try:
        trees = [tree for tree in grammar.parse(sql) if tree is not None]
    except (ParseError, TokenError) as error:
        raise QueryError(f"SYNTAX_ERROR: {_position(error)}: {_first_line(error)}") from error
    if not trees:
        raise QueryError("SYNTAX_ERROR: line 1:1: mismatched input '<EOF>'")
    if len(trees) > 1:
        raise QueryError("SYNTAX_ERROR: line 1:1: Only one sql statement is allowed")
    return trees[0]


def parse_query(sql: str) -> exp.Query:
    """Parse something that returns rows: SELECT, VALUES, TABLE, WITH or a set operation.

    Raises:
        QueryError: SYNTAX_ERROR.
    """
    tree = parse_one(sql)
    if isinstance(tree, exp.Values):
        return as_query(tree)
    if not isinstance(tree, exp.Query):
        word = sql.split(maxsplit=1)[0]
        raise QueryError(f"SYNTAX_ERROR: line 1:1: mismatched input '{word}'. Expecting: <query>")
    return tree


def as_query(values: exp.Values) -> exp.Query:
    """Return a query of a bare VALUES."""
    values.set("alias", exp.TableAlias(this=exp.to_identifier("_values")))
    return exp.select("*").from_(values)


def substitute(sql: str, parameters: Sequence[str]) -> str:
    """Put execution parameters in the place of the statement's question marks, in textual order.

    Args:
        sql: A statement with ``?`` placeholders (those in strings and comments do not count).
        parameters: SQL literals; a bare word is taken for a string, as clients send both.

    Raises:
        QueryError: The numbers of placeholders and parameters differ.
    """
    tokens = _tokens(sql)
    places = [token for token in tokens if token.token_type is TokenType.PLACEHOLDER]
    if len(places) != len(parameters):
        raise QueryError(
            "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected"
            f" {len(places)} but found {len(parameters)}"
        )
    pieces, start = [], 0
    for token, parameter in zip(places, parameters, strict=True):
        pieces += [sql[start : token.start], _as_literal(parameter)]
        start = token.end + 1
    return "".join([*pieces, sql[start:]])


def _tokens(sql: str) -> list[Token]:
    try:
        return sqlglot.tokenize(sql, read="athena")
    except TokenError as error:
        raise QueryError(f"SYNTAX_ERROR: line 1:1: {_first_line(error)}") from error


def _as_literal(parameter: str) -> str:
    try:
        tree = sqlglot.parse_one(parameter, read="athena")
    except (ParseError, TokenError):
        return exp.Literal.string(parameter).sql("athena")
    if tree.find(exp.Column, exp.Query, exp.Command) or not isinstance(tree, exp.Condition):
        return exp.Literal.string(parameter).sql("athena")
    return parameter


def arguments(sql: str) -> list[str]:
    """Split the argument list of ``EXECUTE … USING a, b`` into SQL literals."""
    if not sql.strip():
        return []
    parts, depth, start = [], 0, 0
    for token in _tokens(sql):
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if token.token_type is TokenType.COMMA and not depth:
            parts.append(sql[start : token.start].strip())
            start = token.end + 1
    return [*parts, sql[start:].strip()]


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].rstrip(".")


def _position(error: ParseError | TokenError) -> str:
    details = getattr(error, "errors", None) or [{}]
    return f"line {details[0].get('line') or 1}:{details[0].get('col') or 1}"
