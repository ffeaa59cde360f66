"""Where in a statement the name is that an error complains about.

Belongs here: putting Trino's ``line L:C`` into a failure, when it is certain. Does not belong here:
the failures (see `errors`).

A position is certain when what the failure names stands in the statement once: there are no others
to confuse it with. In all other cases the failure keeps ``line 1:1``.
"""

import re
from collections.abc import Callable, Sequence

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

_UNPLACED = "line 1:1: "
_CATALOG = "awsdatacatalog"
_SYMBOLS = ("||", "<=", ">=", "<>", "=", "<", ">", "+", "-", "*", "/", "%")
_OPERATOR = re.compile(
    rf"Cannot apply operator: .+ ({'|'.join(map(re.escape, _SYMBOLS))}) (?![|<>=]).+"
)
_TABLE = re.compile(rf"Table '(?:{_CATALOG}\.)?([^']+)' does not exist")
_SCHEMA = re.compile(r"Schema '([^']+)' does not exist")
_COLUMN = re.compile(r"Column '([^']+)' (?:cannot be resolved|is ambiguous)")
_FUNCTION = re.compile(
    r"Function '(\w+)' not registered|Unexpected parameters \(.*\) for function (\w+)\."
)

Chain = Sequence[Token]
"""The parts of a name with dots, without the dots."""


def located(reason: str, sql: str) -> str:
    """Return a failure with the position of what it names.

    Args:
        reason: What a statement failed with.
        sql: The statement.
    """
    code, unplaced, text = reason.partition(_UNPLACED)
    if not unplaced:
        return reason
    for pattern, find in _FINDERS:
        if match := pattern.match(text):
            wanted = next(filter(None, match.groups())).lower()
            starts = find(_tokens(sql), wanted)
            return f"{code}{_at(sql, starts[0])}{text}" if len(starts) == 1 else reason
    return reason


def _tokens(sql: str) -> list[Token]:
    try:
        tokens = list(sqlglot.tokenize(sql, read="athena"))
    except TokenError:
        return []
    return tokens[1:] if tokens and tokens[0].token_type is TokenType.HIVE_TOKEN_STREAM else tokens


def _at(sql: str, start: int) -> str:
    line_start = sql.rfind("\n", 0, start) + 1
    return f"line {sql.count(chr(10), 0, start) + 1}:{start - line_start + 1}: "


def _chains(tokens: Sequence[Token]) -> list[tuple[Chain, Token | None]]:
    """Return every name with its dots resolved, and the token after it."""
    found: list[tuple[Chain, Token | None]] = []
    position = 0
    while position < len(tokens):
        chain = [tokens[position]]
        position += 1
        while position + 1 < len(tokens) and tokens[position].token_type is TokenType.DOT:
            chain.append(tokens[position + 1])
            position += 2
        found.append((chain, tokens[position] if position < len(tokens) else None))
    return [item for item in found if item[0][0].token_type is not TokenType.STRING]


def _names(chain: Chain) -> list[str]:
    return [token.text.lower() for token in chain]


def _is_call(following: Token | None) -> bool:
    return following is not None and following.token_type is TokenType.L_PAREN


def _table(tokens: Sequence[Token], wanted: str) -> list[int]:
    whole = [_CATALOG, *wanted.split(".")]
    return [
        chain[0].start
        for chain, following in _chains(tokens)
        if _names(chain) == whole[-len(chain) :] and not _is_call(following)
    ]


def _schema(tokens: Sequence[Token], wanted: str) -> list[int]:
    wholes = ([wanted], [_CATALOG, wanted])
    return [chain[0].start for chain, _ in _chains(tokens) if _names(chain)[:-1] in wholes]


def _column(tokens: Sequence[Token], wanted: str) -> list[int]:
    parts = wanted.split(".")
    return [
        chain[0].start
        for chain, following in _chains(tokens)
        if _names(chain)[: len(parts)] == parts and not _is_call(following)
    ]


def _function(tokens: Sequence[Token], wanted: str) -> list[int]:
    return [
        chain[0].start
        for chain, following in _chains(tokens)
        if _names(chain) == [wanted] and _is_call(following)
    ]


def _operator(tokens: Sequence[Token], wanted: str) -> list[int]:
    spellings = ("<>", "!=") if wanted == "<>" else (wanted,)
    return [token.start for token in tokens if token.text in spellings and not _is_text(token)]


def _is_text(token: Token) -> bool:
    return token.token_type in (TokenType.STRING, TokenType.IDENTIFIER)


_FINDERS: Sequence[tuple[re.Pattern[str], Callable[[Sequence[Token], str], list[int]]]] = (
    (_TABLE, _table),
    (_SCHEMA, _schema),
    (_COLUMN, _column),
    (_FUNCTION, _function),
    (_OPERATOR, _operator),
)
