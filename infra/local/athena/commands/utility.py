"""SHOW and DESCRIBE: text about the catalog.

Belongs here: the wording Hive gives these answers, which clients parse. Does not belong here:
changing anything.
"""

import fnmatch
from collections.abc import Callable, Iterable, Mapping

from infra.local.athena.catalog.glue import GlueCatalog
from infra.local.athena.catalog.tables import Table
from infra.local.athena.catalog.views import view_query
from infra.local.athena.errors import QueryError
from infra.local.athena.results.rows import MemoryRows, Outcome
from infra.local.athena.sql.statements import Utility
from infra.local.athena.sql.types import Column

_WIDTH = 20  # Hive pads DESCRIBE's fields; clients strip them


def _answer(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Outcome:
    return Outcome([Column(name, "string") for name in columns], MemoryRows([[*r] for r in rows]))


def _lines(column: str, lines: Iterable[str]) -> Outcome:
    return _answer([column], ([line] for line in lines))


def _matches(name: str, pattern: str) -> bool:
    """Return whether a name matches a Hive pattern: ``*`` and ``|``."""
    return not pattern or any(fnmatch.fnmatch(name, item) for item in pattern.split("|"))


class Informant:
    """Answers SHOW and DESCRIBE from Glue."""

    def __init__(self, catalog: GlueCatalog) -> None:
        self._catalog = catalog
        self._verbs: Mapping[str, Callable[[Utility], Outcome]] = {
            "DATABASES": self._databases,
            "TABLES": self._tables,
            "VIEWS": self._views,
            "PARTITIONS": self._partitions,
            "COLUMNS": self._columns,
            "DESCRIBE": self._describe,
            "DESCRIBE DETAILS": self._describe_details,
            "CREATE TABLE": self._create_table,
            "CREATE VIEW": self._create_view,
            "TBLPROPERTIES": self._properties,
        }

    def answer(self, statement: Utility) -> Outcome:
        """Run one statement.

        Raises:
            QueryError: What it asks about does not exist.
        """
        return self._verbs[statement.verb](statement)

    def _table(self, statement: Utility) -> Table:
        return self._catalog.table(statement.table.database, statement.table.name)

    def _databases(self, statement: Utility) -> Outcome:
        names = (item["Name"] for item in self._catalog.databases())
        return _lines("database_name", (n for n in names if _matches(n, statement.pattern)))

    def _tables(self, statement: Utility) -> Outcome:
        names = (item.name for item in self._catalog.tables(statement.table.database))
        return _lines("tab_name", sorted(n for n in names if _matches(n, statement.pattern)))

    def _views(self, statement: Utility) -> Outcome:
        tables = self._catalog.tables(statement.table.database)
        names = (item.name for item in tables if item.is_view)
        return _lines("views", sorted(n for n in names if _matches(n, statement.pattern)))

    def _partitions(self, statement: Utility) -> Outcome:
        table = self._table(statement)
        keys = [key.name for key in table.partition_keys]
        if not keys:
            raise QueryError(
                f"FAILED: SemanticException: table {statement.table} is not a partitioned table"
            )
        return _lines(
            "partition",
            sorted(
                "/".join(f"{k}={v}" for k, v in zip(keys, item.values, strict=True))
                for item in self._catalog.partitions(table)
            ),
        )

    def _columns(self, statement: Utility) -> Outcome:
        return _lines("field", (item.name for item in self._table(statement).all_columns))

    def _describe(self, statement: Utility) -> Outcome:
        table = self._table(statement)
        rows = [_padded(item) for item in table.all_columns]
        if table.partition_keys:
            rows += [
                ["", "", ""],
                ["# Partition Information", "", ""],
                ["# col_name".ljust(_WIDTH), "data_type".ljust(_WIDTH), "comment".ljust(_WIDTH)],
                ["", "", ""],
            ]
            rows += [_padded(item) for item in table.partition_keys]
        return _answer(("col_name", "data_type", "comment"), rows)

    def _describe_details(self, statement: Utility) -> Outcome:
        table = self._table(statement)
        rows = [["# col_name", "data_type", "comment"], ["", "", ""]]
        rows += [[item.name, item.type, item.comment] for item in table.columns]
        if table.partition_keys:
            rows += [["", "", ""], ["# Partition Information", "", ""]]
            rows += [["# col_name", "data_type", "comment"], ["", "", ""]]
            rows += [[item.name, item.type, item.comment] for item in table.partition_keys]
        rows += [["", "", ""], ["# Detailed Table Information", "", ""]]
        rows += [[name, value, ""] for name, value in _details(table)]
        padded = [[text.ljust(_WIDTH) if text else "" for text in row] for row in rows]
        return _answer(("col_name", "data_type", "comment"), padded)

    def _create_table(self, statement: Utility) -> Outcome:
        table = self._table(statement)
        if table.is_view:
            raise QueryError(f"FAILED: SemanticException: {statement.table} is a view")
        return _lines("createtab_stmt", _ddl(table))

    def _create_view(self, statement: Utility) -> Outcome:
        sql, _ = view_query(self._table(statement))
        text = f"CREATE VIEW {statement.table} AS\n{sql}"
        return _lines("Create View", text.split("\n"))

    def _properties(self, statement: Utility) -> Outcome:
        parameters = self._table(statement).parameters
        return _answer(("prpt_name", "prpt_value"), sorted(parameters.items()))


def _details(table: Table) -> Iterable[tuple[str, str]]:
    yield "Database:", table.database
    yield "Location:", table.location
    yield "Table Type:", table.table_type
    for name, value in sorted(table.parameters.items()):
        yield "Table Parameter:", f"{name}={value}"
    yield "SerDe Library:", table.serde
    yield "InputFormat:", table.input_format
    yield "OutputFormat:", str(table.raw.get("StorageDescriptor", {}).get("OutputFormat", ""))
    for name, value in sorted(table.serde_parameters.items()):
        yield "Storage Desc Param:", f"{name}={value}"


def _padded(column: Column) -> list[str]:
    return [text.ljust(_WIDTH) for text in (column.name, column.type, column.comment)]


def _declarations(columns: Iterable[Column]) -> list[str]:
    lines = [
        f"  `{item.name}` {item.type}" + (f" COMMENT '{item.comment}'" if item.comment else "")
        for item in columns
    ]
    return [f"{line}, " for line in lines[:-1]] + [f"{line})" for line in lines[-1:]]


def _ddl(table: Table) -> list[str]:
    """Return the statement that would create a table, line by line."""
    lines = [f"CREATE EXTERNAL TABLE `{table.database}.{table.name}`("]
    lines += _declarations(table.columns)
    if table.partition_keys:
        lines += ["PARTITIONED BY ( ", *_declarations(table.partition_keys)]
    lines += ["ROW FORMAT SERDE ", f"  '{table.serde}' "]
    if table.serde_parameters:
        pairs = [f"  '{k}'='{v}'" for k, v in sorted(table.serde_parameters.items())]
        lines += ["WITH SERDEPROPERTIES ( ", ", \n".join(pairs) + ") "]
    storage = table.raw["StorageDescriptor"]
    lines += [
        "STORED AS INPUTFORMAT ",
        f"  '{table.input_format}' ",
        "OUTPUTFORMAT ",
        f"  '{storage.get('OutputFormat', '')}'",
        "LOCATION",
        f"  '{table.location}'",
    ]
    pairs = [f"  '{k}'='{v}'" for k, v in sorted(table.parameters.items())]
    lines += ["TBLPROPERTIES (", *", \n".join(pairs).split("\n")]
    lines[-1] += ")"
    return [part for line in lines for part in line.split("\n")]
