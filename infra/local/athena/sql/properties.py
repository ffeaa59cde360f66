"""The WITH, TBLPROPERTIES and SerDe clauses of CREATE TABLE and UNLOAD, as plain values.

Belongs here: reading properties from a syntax tree. Does not belong here: acting on them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from infra.local.athena.errors import QueryError, unsupported

_IGNORED = {
    # Bucketing changes how rows are laid out, never which rows a query returns.
    "bucketed_by",
    "bucket_count",
    "is_external",
    "field_delimiter",
    "classification",
}
_KNOWN = _IGNORED | {
    "format",
    "external_location",
    "location",
    "partitioned_by",
    "write_compression",
    "parquet_compression",
    "compression",
    "table_type",
}


_DELIMITERS = {
    "fields": "field.delim",
    "escaped": "escape.delim",
    "collection_items": "collection.delim",
    "map_keys": "mapkey.delim",
    "lines": "line.delim",
    "null": "serialization.null.format",
}


@dataclass(frozen=True)
class WriteOptions:
    """The WITH clause of a CTAS or UNLOAD."""

    format: str = "PARQUET"
    location: str = ""
    codec: str = "GZIP"
    partitioned_by: tuple[str, ...] = ()
    delimiter: str = ""


@dataclass
class TableOptions:
    """The clauses of a Hive CREATE TABLE after its columns."""

    location: str = ""
    comment: str = ""
    serde: str = ""
    stored_as: str = ""
    partitioned_by: list[exp.ColumnDef] = field(default_factory=list)
    serde_parameters: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


def _properties(tree: exp.Expr) -> Sequence[exp.Expr]:
    node = tree.args.get("properties")
    return node.expressions if node is not None else []


def _text(node: exp.Expr | None) -> str:
    if isinstance(node, exp.Boolean):
        return str(node.this).lower()
    return node.name if node is not None else ""


def _strings(node: exp.Expr) -> tuple[str, ...]:
    return tuple(item.name.lower() for item in node.find_all(exp.Literal, exp.Identifier))


def write_options(tree: exp.Expr) -> WriteOptions:
    """Read the WITH clause of a parsed CTAS.

    Raises:
        QueryError: A property is unknown or asks for something not served, such as ICEBERG.
    """
    found: dict[str, exp.Expr] = {}
    for item in _properties(tree):
        if isinstance(item, exp.FileFormatProperty):
            found["format"] = item.this
        elif isinstance(item, exp.PartitionedByProperty):
            found["partitioned_by"] = item.this
        elif isinstance(item, exp.LocationProperty):
            found["location"] = item.this
        elif isinstance(item, exp.Property):
            found[item.name.lower()] = item.args["value"]
    unknown = sorted(set(found) - _KNOWN)
    if unknown:
        raise QueryError(
            "INVALID_TABLE_PROPERTY: line 1:1: Catalog 'awsdatacatalog' table property"
            f" '{unknown[0]}' does not exist"
        )
    if _text(found.get("table_type")).lower() == "iceberg":
        raise unsupported("table_type = 'ICEBERG'")
    text = {name: _text(node) for name, node in found.items()}
    codecs = ("write_compression", "parquet_compression", "compression")
    partitioned = found.get("partitioned_by")
    return WriteOptions(
        format=text.get("format") or "PARQUET",
        location=text.get("external_location") or text.get("location", ""),
        codec=next((text[name] for name in codecs if text.get(name)), "GZIP"),
        partitioned_by=_strings(partitioned) if partitioned is not None else (),
        delimiter=text.get("field_delimiter", ""),
    )


def _pairs(expressions: Sequence[exp.Expr]) -> Mapping[str, str]:
    return {
        item.name: _text(item.args["value"])
        for item in expressions
        if isinstance(item, exp.Property)
    }


def table_options(tree: exp.Expr) -> TableOptions:
    """Read the clauses of a parsed Hive CREATE TABLE.

    Raises:
        QueryError: One of them is not served.
    """
    options = TableOptions()
    for item in _properties(tree):
        _apply(item, options)
    kind = {name.lower(): value.lower() for name, value in options.parameters.items()}
    if kind.get("table_type") == "iceberg":
        raise unsupported("table_type = 'ICEBERG'")
    return options


def _apply(item: exp.Expr, options: TableOptions) -> None:
    match item:
        case exp.LocationProperty():
            options.location = item.name
        case exp.SchemaCommentProperty():
            options.comment = item.name
        case exp.PartitionedByProperty():
            options.partitioned_by = list(item.find_all(exp.ColumnDef))
        case exp.FileFormatProperty():
            options.stored_as = _stored_as(item.this)
        case exp.ExternalProperty() | exp.ClusteredByProperty():
            pass  # every table is external; bucketing never changes which rows there are
        case (
            exp.RowFormatSerdeProperty() | exp.SerdeProperties() | exp.RowFormatDelimitedProperty()
        ):
            _apply_row_format(item, options)
        case exp.Property():
            options.parameters[item.name] = _text(item.args["value"])
        case _:
            raise unsupported(f"CREATE TABLE … {item.sql('hive')}")


def _apply_row_format(item: exp.Expr, options: TableOptions) -> None:
    if isinstance(item, exp.RowFormatDelimitedProperty):
        for clause, name in _DELIMITERS.items():
            delimiter = item.args.get(clause)
            if delimiter is not None:
                options.serde_parameters[name] = _unescaped(_text(delimiter))
        return
    if isinstance(item, exp.RowFormatSerdeProperty):
        options.serde = item.name
        item = item.args.get("serde_properties") or exp.SerdeProperties()
    options.serde_parameters.update(_pairs(item.expressions))


def _unescaped(text: str) -> str:
    return {"\\t": "\t", "\\n": "\n", "\\001": "\x01", "\\002": "\x02"}.get(text, text)


def _stored_as(node: exp.Expr) -> str:
    if isinstance(node, exp.InputOutputFormat):
        return _text(node.args.get("input_format"))
    return node.name
