"""CREATE, DROP and ALTER of databases, tables and views.

Belongs here: definitions that Glue stores. Does not belong here: partitions (see `partitions`) and
CREATE TABLE AS (see `dml`).
"""

from collections.abc import Sequence

from sqlglot import exp

from infra.local.athena.catalog.glue import GlueCatalog
from infra.local.athena.catalog.tables import Table, table_input
from infra.local.athena.catalog.views import view_definition
from infra.local.athena.commands.partitions import relocate
from infra.local.athena.commands.planner import Planner
from infra.local.athena.data.formats import format_named, glue_column, storage_descriptor
from infra.local.athena.data.serdes import FileFormat
from infra.local.athena.data.writer import describe
from infra.local.athena.errors import QueryError, table_not_found, unsupported
from infra.local.athena.results.rows import Outcome
from infra.local.athena.session import Session
from infra.local.athena.sql.names import TableName, resolve
from infra.local.athena.sql.parsing import parse_query
from infra.local.athena.sql.properties import TableOptions, table_options
from infra.local.athena.sql.statements import CreateView
from infra.local.athena.sql.types import Column, hive_type_of_ast


class Definer:
    """Runs the DDL statements that sqlglot parses."""

    def __init__(self, catalog: GlueCatalog, planner: Planner) -> None:
        self._catalog = catalog
        self._planner = planner

    def create(self, tree: exp.Create, session: Session) -> Outcome:
        """Run CREATE DATABASE or EXTERNAL TABLE.

        Raises:
            QueryError: It exists, or is of a kind that is not served.
        """
        kind = tree.args["kind"].upper()
        if kind in ("DATABASE", "SCHEMA"):
            options = table_options(tree)
            self._catalog.create_database(
                _database_name(tree.this),
                if_not_exists=bool(tree.args.get("exists")),
                location=options.location,
                comment=options.comment,
            )
        elif kind == "TABLE":
            self._create_table(tree, session)
        else:
            raise unsupported(f"CREATE {kind}")
        return Outcome()

    def create_view(self, statement: CreateView, session: Session) -> Outcome:
        """Run CREATE VIEW.

        Raises:
            QueryError: It exists, or its query is wrong.
        """
        name = statement.view
        query = parse_query(statement.sql)
        columns = [
            Column(item.name.lower(), item.type)
            for item in describe(self._planner.plan(query, session, reads=False), session)
        ]
        definition = view_definition(name.name, statement.sql, session.database, columns)
        existing = self._catalog.find_table(name.database, name.name)
        if existing is None:
            self._catalog.create_table(name.database, definition)
        elif existing.is_view and statement.replace:
            self._catalog.update_table(name.database, definition)
        else:
            word = "View" if existing.is_view else "Table"
            raise QueryError(f"TABLE_ALREADY_EXISTS: line 1:1: {word} already exists: '{name}'")
        return Outcome()

    def _create_table(self, tree: exp.Create, session: Session) -> None:
        has_columns = isinstance(tree.this, exp.Schema)
        name = resolve(tree.this.this if has_columns else tree.this, session.database)
        if "." in name.name:  # as SHOW CREATE TABLE writes it: `database.table`
            name = TableName(*name.name.split(".", 1))
        if tree.args.get("exists") and self._catalog.find_table(name.database, name.name):
            return
        options = table_options(tree)
        if not options.location:
            raise QueryError("FAILED: SemanticException: table location must be specified")
        columns = _columns(tree.this.expressions) if has_columns else []
        kind = _declared_format(options)
        storage = storage_descriptor(columns, options.location, kind, options.serde_parameters)
        definition: dict[str, object] = {
            "Name": name.name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", **options.parameters},
            "PartitionKeys": [glue_column(item) for item in _columns(options.partitioned_by)],
            "StorageDescriptor": storage,
        }
        if options.comment:
            definition["Description"] = options.comment
        self._catalog.create_table(name.database, definition)

    def drop(self, tree: exp.Drop, session: Session) -> Outcome:
        """Run DROP DATABASE, TABLE or VIEW; the objects of a table stay in S3.

        Raises:
            QueryError: It does not exist and IF EXISTS was not said.
        """
        kind = tree.args["kind"].upper()
        lenient = bool(tree.args.get("exists"))
        node = tree.this if isinstance(tree.this, exp.Expr) else tree.args["tables"][0]
        if kind in ("DATABASE", "SCHEMA"):
            self._catalog.drop_database(
                _database_name(node), if_exists=lenient, cascade=bool(tree.args.get("cascade"))
            )
        elif kind in ("TABLE", "VIEW"):
            name = resolve(_require_table(node), session.database)
            self._drop_table(name, wants_view=kind == "VIEW", lenient=lenient)
        else:
            raise unsupported(f"DROP {kind}")
        return Outcome()

    def _drop_table(self, name: TableName, *, wants_view: bool, lenient: bool) -> None:
        table = self._catalog.find_table(name.database, name.name)
        if table is None:
            if lenient:
                return
            raise table_not_found(name.database, name.name)
        if wants_view and not table.is_view:
            raise QueryError(f"NOT_SUPPORTED: line 1:1: '{name}' is a table, not a view")
        self._catalog.drop_table(name.database, name.name)

    def alter(self, tree: exp.Alter, session: Session) -> Outcome:
        """Run ALTER TABLE: columns, properties, location, rename.

        Raises:
            QueryError: The table does not exist, or the change is not served.
        """
        name = resolve(tree.this, session.database)
        table = self._catalog.table(name.database, name.name)
        for action in tree.args["actions"]:
            self._apply(table, tree.this, action)
        return Outcome()

    def _apply(self, table: Table, node: exp.Expr, action: exp.Expr) -> None:
        storage = dict(table.raw["StorageDescriptor"])
        partition = node.args.get("partition")
        match action:
            case exp.Schema():
                added = _columns(action.expressions)
                _require_new(table, added)
                storage["Columns"] = [*storage["Columns"], *map(glue_column, added)]
                changes: dict[str, object] = {"StorageDescriptor": storage}
            case exp.ColumnDef():
                _require_new(table, _columns([action]))
                storage["Columns"] = [*storage["Columns"], *map(glue_column, _columns([action]))]
                changes = {"StorageDescriptor": storage}
            case exp.ReplaceColumns():
                storage["Columns"] = [glue_column(item) for item in _columns(action.expressions)]
                changes = {"StorageDescriptor": storage}
            case exp.AlterSet() if action.args.get("location") is not None:
                location = action.args["location"].name
                if partition is not None:
                    relocate(self._catalog, table, partition, location)
                    return
                changes = {"StorageDescriptor": {**storage, "Location": location}}
            case exp.AlterSet():
                parameters = {
                    item.name: item.args["value"].name for item in action.find_all(exp.Property)
                }
                changes = {"Parameters": {**table.parameters, **parameters}}
            case _:
                # Athena does not rename Hive tables either.
                raise unsupported(f"ALTER TABLE … {action.sql('hive')}")
        self._catalog.update_table(table.database, table_input(table.raw, **changes))


def _require_new(table: Table, added: Sequence[Column]) -> None:
    known = {column.name for column in table.all_columns}
    for column in added:
        if column.name in known:
            raise QueryError(
                f"FAILED: SemanticException: Duplicate column name: {column.name} in the table"
            )


def _require_table(node: exp.Expr) -> exp.Table:
    if not isinstance(node, exp.Table):
        raise QueryError(f"SYNTAX_ERROR: line 1:1: a table name was expected: {node.sql('hive')}")
    return node


def _database_name(node: exp.Expr) -> str:
    return (node.name or node.text("db")).lower()


def _columns(nodes: Sequence[exp.Expr]) -> list[Column]:
    """Return the columns declared by DDL."""
    columns = []
    for node in nodes:
        kind = node.args.get("kind")
        if not isinstance(node, exp.ColumnDef) or kind is None:
            raise QueryError(f"SYNTAX_ERROR: line 1:1: column without a type: {node.sql('hive')}")
        comment = node.find(exp.CommentColumnConstraint)
        text = comment.this.name if comment is not None else ""
        columns.append(Column(node.name.lower(), hive_type_of_ast(kind), text))
    return columns


def _declared_format(options: TableOptions) -> FileFormat:
    declared = (options.serde or options.stored_as).lower()
    for word, kind in (
        ("parquet", FileFormat.PARQUET),
        ("json", FileFormat.JSON),
        ("opencsv", FileFormat.CSV),
        ("lazysimple", FileFormat.TEXT),
        ("textinputformat", FileFormat.TEXT),
    ):
        if word in declared:
            return kind
    if options.serde:
        raise unsupported(f"The SerDe {options.serde}")
    return format_named(declared or "textfile")
