"""Athena's query grammar: what sqlglot parses, less what only other engines have.

Belongs here: parsing so that a function call stays what was written, and refusing syntax that
Trino lacks. Does not belong here: which functions there are (see `signatures`).

sqlglot reads many dialects' functions and would translate each into something near it. Here every
call must be one of Athena's own, so all but a few are left as plain calls by name.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp
from sqlglot.dialects.athena import Athena
from sqlglot.dialects.hive import Hive
from sqlglot.dialects.trino import Trino
from sqlglot.expressions.builders import apply_index_offset
from sqlglot.parsers.athena import AthenaTrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from infra.local.athena.errors import QueryError, function_not_found, type_mismatch, unsupported

# Their special forms (a star, IGNORE NULLS) need sqlglot's own nodes.
_KEPT = {"COUNT", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE"}
# Functions of other engines for which sqlglot has a parser of its own.
_FOREIGN = {
    *("ARGMAX", "ARGMIN", "ARG_MAX", "ARG_MIN", "CONVERT", "DECODE", "GAP_FILL", "INITCAP"),
    *("MATCH", "OPENJSON", "OVERLAY", "SAFE_CAST", "STRING_AGG", "TRY_CONVERT", "WEIGHT_STRING"),
    *("XMLELEMENT", "XMLTABLE"),
}
_FOREIGN_TOKENS = {
    TokenType.DCOLON,
    TokenType.L_BRACE,
    TokenType.AMP,
    TokenType.CARET,
    TokenType.DSTAR,
    TokenType.DIV,
    TokenType.HASH_ARROW,
    TokenType.DHASH_ARROW,
    TokenType.TILDE,
    TokenType.ILIKE,
    TokenType.QUALIFY,
}
_BEFORE_SUBSCRIPT = {
    *(TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET),
    TokenType.ARRAY,
}


def parse(sql: str) -> list[exp.Expr | None]:
    """Parse statements.

    Raises:
        QueryError: The syntax, or a function with syntax of its own, is another engine's.
        ParseError, TokenError: sqlglot cannot parse it.
    """
    dialect = Athena()
    tokens = dialect.tokenize(sql)
    if tokens and tokens[0].token_type is TokenType.HIVE_TOKEN_STREAM:
        return list(Hive().parser().parse(tokens[1:], sql))
    tokens = _mark_calls(_decimals(tokens))
    trees = list(AthenaTrinoParser(dialect=Trino()).parse(tokens, sql))
    return [_normalised(tree) if tree is not None else None for tree in trees]


def _decimals(tokens: Sequence[Token]) -> list[Token]:
    """Turn ``DECIMAL '1.50'`` into the number it is, which keeps its scale."""
    result: list[Token] = []
    for token in tokens:
        is_literal = token.token_type is TokenType.STRING and bool(result)
        if is_literal and result[-1].token_type is TokenType.DECIMAL:
            result.pop()
            text = token.text if "." in token.text else f"{token.text}."
            token = Token(  # noqa: PLW2901
                TokenType.NUMBER, text, token.line, token.col, token.start, token.end
            )
        result.append(token)
    return result


def _mark_calls(tokens: list[Token]) -> list[Token]:
    """Ask sqlglot, by a comment it knows, to leave calls as they are."""
    opened: list[str] = []
    previous: Token | None = None
    for token in tokens:
        if token.token_type in _FOREIGN_TOKENS:
            raise _mismatched(token)
        if token.token_type is TokenType.L_BRACKET and (
            previous is None or previous.token_type not in _BEFORE_SUBSCRIPT
        ):
            raise _mismatched(token)
        if token.token_type is TokenType.L_PAREN:
            is_name = previous is not None and previous.token_type is not TokenType.STRING
            opened.append(previous.text.upper() if is_name and previous is not None else "")
            if opened[-1] in _FOREIGN:
                raise function_not_found(opened[-1])
        elif token.token_type is TokenType.R_PAREN and opened:
            name = opened.pop()
            if name not in _KEPT and name in AthenaTrinoParser.FUNCTIONS:
                token.comments.append(exp.SQLGLOT_ANONYMOUS)
        previous = token
    return tokens


def _mismatched(token: Token) -> QueryError:
    return QueryError(
        f"SYNTAX_ERROR: line {token.line}:{token.col}: mismatched input '{token.text}'"
    )


def _call(name: str, *arguments: exp.Expr | None) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[item for item in arguments if item is not None])


def _trim(node: exp.Expr) -> exp.Expr:
    side = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(node.text("position").upper(), "trim")
    return _call(side, node.this, node.args.get("expression"))


def _normalize(node: exp.Expr) -> exp.Expr:
    form = node.args.get("form")
    return _call("normalize", node.this, exp.Literal.string(form.name if form else "NFC"))


def _extract(node: exp.Expr) -> exp.Expr:
    return _call(node.name.lower(), node.args["expression"])


def _rounded(name: str) -> Callable[[exp.Expr], exp.Expr]:
    def build(node: exp.Expr) -> exp.Expr:
        if node.args.get("to") is not None:
            raise unsupported(f"{name} … TO")
        return _call(name, node.this, node.args.get("decimals"))

    return build


def _chr(node: exp.Expr) -> exp.Expr:
    return _call("chr", *node.expressions)


def _extreme(name: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda node: _call(name, node.this, node.args["expression"], node.args.get("count"))


def _json_value(node: exp.Expr) -> exp.Expr:
    if node.args.get("returning") or node.args.get("on_condition"):
        raise unsupported("json_value with RETURNING or ON EMPTY or ERROR")
    return _call("json_value", node.this, node.args["path"])


def _json_extract(node: exp.Expr) -> exp.Expr:
    extra = [key for key in ("option", "quote", "on_condition") if node.args.get(key)]
    if not node.args.get("json_query") or extra:
        raise unsupported("json_query with a wrapper or ON EMPTY or ERROR")
    return _call("json_query", node.this, node.args["expression"])


def _refuse(what: str) -> Callable[[exp.Expr], exp.Expr]:
    def refuse(_node: exp.Expr) -> exp.Expr:
        raise unsupported(what)

    return refuse


def _distinct(node: exp.Expr) -> exp.Expr:
    if node.args.get("on") is not None:
        raise QueryError("SYNTAX_ERROR: line 1:1: mismatched input 'on'")
    return node


def _star(node: exp.Expr) -> exp.Expr:
    if any(node.args.get(name) for name in ("except_", "replace", "rename")):
        raise QueryError("SYNTAX_ERROR: line 1:1: mismatched input after '*'")
    return node


def _fetch(node: exp.Expr) -> exp.Expr:
    options = node.args.get("limit_options")
    if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
        raise unsupported("FETCH … WITH TIES")
    return node


def _subscript(node: exp.Expr) -> exp.Expr:
    # The parser made constant positions zero-based.
    positions = apply_index_offset(node.this, node.expressions, 1)
    return _call("[]", node.this, *positions)


def _modulo(node: exp.Expr) -> exp.Expr:
    if len(node.expressions) != 2:  # noqa: PLR2004
        raise type_mismatch("Unexpected parameters for function mod")
    left, right = node.expressions
    return exp.paren(exp.Mod(this=exp.paren(left), expression=exp.paren(right)))


def _moment(node: exp.Expr) -> exp.Expr:
    if node.this is not None:
        raise unsupported("A current time of another precision than milliseconds")
    return node


_SPECIAL: Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.ArgMax: _extreme("max_by"),
    exp.ArgMin: _extreme("min_by"),
    exp.Bracket: _subscript,
    exp.Ceil: _rounded("ceil"),
    exp.Chr: _chr,
    exp.CurrentTime: _refuse("current_time"),
    exp.CurrentTimestamp: _moment,
    exp.Distinct: _distinct,
    exp.Extract: _extract,
    exp.Fetch: _fetch,
    exp.Floor: _rounded("floor"),
    exp.JSONArray: _refuse("json_array"),
    exp.JSONExtract: _json_extract,
    exp.JSONObject: _refuse("json_object"),
    exp.JSONObjectAgg: _refuse("json_objectagg"),
    exp.JSONTable: _refuse("json_table"),
    exp.JSONValue: _json_value,
    exp.Localtime: _refuse("localtime"),
    exp.Localtimestamp: _moment,
    exp.MatchRecognize: _refuse("MATCH_RECOGNIZE"),
    exp.Normalize: _normalize,
    exp.ParseJSON: lambda node: _call("json_parse", node.this),
    exp.Pivot: _refuse("PIVOT"),
    exp.Star: _star,
    exp.StrPosition: lambda node: _call("strpos", node.this, node.args["substr"]),
    exp.Substring: lambda node: _call(
        "substr", node.this, node.args.get("start"), node.args.get("length")
    ),
    exp.Trim: _trim,
    exp.UnicodeString: _refuse("A U& string"),
}


def _normalised(tree: exp.Expr) -> exp.Expr:
    """Return the tree with special forms written as calls, and without our comments."""
    for node in reversed(list(tree.walk())):
        node.pop_comments()
        special = _SPECIAL.get(type(node))
        if isinstance(node, exp.Anonymous) and node.name.lower() == "mod":
            special = _modulo
        if special is None:
            continue
        changed = special(node)
        if changed is not node:
            tree = changed if node is tree else tree
            node.replace(changed)
    return tree
