"""What kind of statement a text is, before anything runs.

Belongs here: classification, and parsing of the Hive statements sqlglot does not know. Does not
belong here: queries (see `parsing`) and running anything.
"""

import re
from dataclasses import dataclass

from sqlglot import exp

from infra.local.athena.errors import QueryError, unsupported
from infra.local.athena.sql.names import TableName
from infra.local.athena.sql.parsing import parse_one

_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_FLAGS = re.IGNORECASE | re.DOTALL
_PART = r"""(?:`[^`]+`|"[^"]+"|[\w$-]+)"""
_NAME = rf"(?P<name>{_PART}(?:\s*\.\s*{_PART}){{0,2}})"
_PARTITION = re.compile(
    r"PARTITION\s*\((?P<spec>[^)]*)\)(?:\s*LOCATION\s*'(?P<location>[^']+)')?", _FLAGS
)
_PAIR = re.compile(r"[`\"]?(\w+)[`\"]?\s*=\s*('(?:[^']|'')*'|\"[^\"]*\"|[\w.:-]+)")


@dataclass(frozen=True)
class Kind:
    """How the API describes a statement, and how its result file's name ends."""

    type: str
    subtype: str
    suffix: str


@dataclass(frozen=True)
class PartitionSpec:
    """``PARTITION (key = value, …) LOCATION '…'``."""

    values: tuple[tuple[str, str], ...]
    location: str = ""


@dataclass(frozen=True)
class Tree:
    """A statement that sqlglot parsed."""

    tree: exp.Expr


@dataclass(frozen=True)
class Explain:
    """``EXPLAIN query``; with `is_check` only whether it is valid (``TYPE VALIDATE``)."""

    sql: str
    is_check: bool = False


@dataclass(frozen=True)
class CreateView:
    """``CREATE VIEW``; `sql` is the query as it was written, for that is what Glue keeps."""

    view: TableName
    sql: str
    replace: bool


@dataclass(frozen=True)
class Unload:
    """``UNLOAD (query) TO location WITH (…)``; `options` is a CTAS with the same WITH clause."""

    sql: str
    location: str
    options: exp.Expr


@dataclass(frozen=True)
class AlterPartitions:
    """``ALTER TABLE … ADD | DROP PARTITION``; `lenient` is IF [NOT] EXISTS."""

    table: TableName
    action: str
    specs: tuple[PartitionSpec, ...]
    lenient: bool


@dataclass(frozen=True)
class Utility:
    """``MSCK``, ``DESCRIBE`` and the SHOW statements, by `verb`."""

    verb: str
    table: TableName
    pattern: str = ""


Statement = Tree | CreateView | Explain | Unload | AlterPartitions | Utility

_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"(\(|(SELECT|WITH|VALUES|TABLE)\b)", Kind("DML", "SELECT", ".csv")),
    (r"EXPLAIN\b", Kind("DML", "EXPLAIN", ".txt")),
    (r"INSERT\b", Kind("DML", "INSERT", "")),
    (r"UNLOAD\b", Kind("DML", "UNLOAD", "")),
    (r"(MERGE|UPDATE|DELETE)\b", Kind("DML", "", "")),
    (
        r"CREATE\s+TABLE\b(?=.*\bAS\b\s*[\s(]*(SELECT|WITH|VALUES|TABLE)\b)",
        Kind("DDL", "CREATE_TABLE_AS_SELECT", ""),
    ),
    (r"(SHOW|DESC|DESCRIBE)\b", Kind("UTILITY", "", ".txt")),
)

_SHOW_SCOPE = rf"(?:\s+(?:IN|FROM)\s+(?P<database>{_PART}))?(?:\s+(?:LIKE\s+)?'(?P<like>[^']*)')?"
_UTILITIES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (verb, re.compile(pattern + r"\s*\Z", _FLAGS))
    for verb, pattern in (
        ("REPAIR", rf"MSCK\s+REPAIR\s+TABLE\s+{_NAME}"),
        ("PARTITIONS", rf"SHOW\s+PARTITIONS\s+{_NAME}"),
        ("TABLES", rf"SHOW\s+TABLES{_SHOW_SCOPE}"),
        ("VIEWS", rf"SHOW\s+VIEWS{_SHOW_SCOPE}"),
        ("DATABASES", r"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+(?:LIKE\s+)?'(?P<like>[^']*)')?"),
        ("COLUMNS", rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_NAME}"),
        ("CREATE TABLE", rf"SHOW\s+CREATE\s+TABLE\s+{_NAME}"),
        ("CREATE VIEW", rf"SHOW\s+CREATE\s+VIEW\s+{_NAME}"),
        ("TBLPROPERTIES", rf"SHOW\s+TBLPROPERTIES\s+{_NAME}"),
        ("DESCRIBE DETAILS", rf"DESC(?:RIBE)?\s+(?:EXTENDED|FORMATTED)\s+{_NAME}"),
        ("DESCRIBE", rf"DESC(?:RIBE)?\s+{_NAME}"),
    )
)
_ALTER_PARTITIONS = re.compile(
    rf"ALTER\s+TABLE\s+{_NAME}\s+(?P<action>ADD|DROP)\s+"
    r"(?P<lenient>IF\s+(?:NOT\s+)?EXISTS\s+)?(?P<specs>PARTITION\s*\(.*)\Z",
    _FLAGS,
)
_CREATE_VIEW = re.compile(
    rf"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?VIEW\s+{_NAME}\s+AS\s+(?P<query>.*)\Z", _FLAGS
)
_EXPLAIN = re.compile(
    r"EXPLAIN\s+(?P<analyze>ANALYZE\s+)?"
    r"(?:\((?P<options>\s*(?:TYPE|FORMAT)\b[^)]*)\)\s*)?(?P<sql>.*)\Z",
    _FLAGS,
)
_UNLOAD = re.compile(
    r"UNLOAD\s*\((?P<query>.*)\)\s*TO\s*'(?P<location>[^']+)'(?:\s*WITH\s*\((?P<with>.*)\))?\s*\Z",
    _FLAGS,
)
EXECUTE = re.compile(rf"EXECUTE\s+(?P<name>{_PART})(?:\s+USING\s+(?P<arguments>.*))?\Z", _FLAGS)
PREPARE = re.compile(rf"PREPARE\s+(?P<name>{_PART})\s+FROM\s+(?P<sql>.*)\Z", _FLAGS)
DEALLOCATE = re.compile(rf"DEALLOCATE\s+PREPARE\s+(?P<name>{_PART})\Z", _FLAGS)


def body_of(sql: str) -> str:
    """Return a statement without leading comments and trailing semicolons."""
    match = _COMMENTS.match(sql)
    return sql[match.end() if match else 0 :].rstrip().rstrip(";").rstrip()


def kind_of(sql: str) -> Kind:
    """Classify a statement by how it begins; everything unknown is DDL, as in Athena."""
    body = body_of(sql)
    for pattern, kind in _KINDS:
        if re.match(pattern, body, _FLAGS):
            return kind
    return Kind("DDL", "", ".txt")


def unquoted(name: str) -> str:
    """Return an identifier without its quotes, in lower case."""
    return name.strip('`"').lower()


def _table_name(text: str, database: str) -> TableName:
    parts = [unquoted(part) for part in re.findall(_PART, text)]
    return TableName(parts[-2] if len(parts) > 1 else database, parts[-1])


def parse_statement(sql: str, database: str) -> Statement:
    """Parse any statement except EXECUTE, PREPARE and DEALLOCATE.

    Args:
        sql: One statement.
        database: What unqualified names refer to.

    Raises:
        QueryError: SYNTAX_ERROR.
    """
    body = body_of(sql)
    for verb, pattern in _UTILITIES:
        if match := pattern.match(body):
            return _utility(verb, match, database)
    if match := _ALTER_PARTITIONS.match(body):
        return AlterPartitions(
            table=_table_name(match["name"], database),
            action=match["action"].upper(),
            specs=tuple(_spec(item) for item in _PARTITION.finditer(match["specs"])),
            lenient=match["lenient"] is not None,
        )
    if match := _CREATE_VIEW.match(body):
        name = _table_name(match["name"], database)
        return CreateView(name, match["query"], replace=match["replace"] is not None)
    if match := _UNLOAD.match(body):
        clause = f"WITH ({match['with']})" if match["with"] else ""
        options = parse_one(f"CREATE TABLE unloaded {clause} AS SELECT 1 AS x")
        return Unload(match["query"], match["location"], options)
    if match := _EXPLAIN.match(body):
        return _explain(match)
    tree = parse_one(body)
    if isinstance(tree, exp.Command):
        word = body.split(maxsplit=1)[0]
        raise QueryError(f"SYNTAX_ERROR: line 1:1: mismatched input '{word}'")
    return Tree(tree)


def _explain(match: re.Match[str]) -> Explain:
    options = " ".join((match["options"] or "").upper().replace(",", " ").split())
    if match["analyze"]:
        raise unsupported("EXPLAIN ANALYZE")
    if "FORMAT" in options and "FORMAT TEXT" not in options:
        raise unsupported(f"EXPLAIN ({options})")
    return Explain(match["sql"], is_check="TYPE VALIDATE" in options)


def _utility(verb: str, match: re.Match[str], database: str) -> Utility:
    groups = match.groupdict()
    scope = unquoted(groups.get("database") or "") or database
    name = groups.get("name")
    table = _table_name(name, database) if name else TableName(scope, "")
    return Utility(verb, table, groups.get("like") or "")


def _spec(match: re.Match[str]) -> PartitionSpec:
    values = tuple(
        (key.lower(), value[1:-1].replace("''", "'") if value[0] in "'\"" else value)
        for key, value in _PAIR.findall(match["spec"])
    )
    return PartitionSpec(values, match["location"] or "")
