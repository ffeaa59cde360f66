"""The Glue database and the tables whose columns are known beforehand.

Belongs here: creating them. Partitions belong to the batch side, the marts' tables to dbt.
"""

from collections.abc import Iterator, Sequence

from infra.catalog_shapes import table_input
from infra.resource_types import GlueTable
from infra.terraform.blocks import block, resource
from infra.terraform.hcl import Block, Expression, Inline, Value
from infra.terraform.names import Names
from infra.terraform.profiles import Platform
from lambdas.shared.columns import Column


def blocks(platform: Platform, names: Names) -> Iterator[Block]:
    """The database with its tables, and their columns as lists, which two of them share."""
    topology = platform.topology
    lists = {table.columns: f"{table.name}_columns" for table in reversed(topology.glue_tables)}
    yield Block(
        "locals",
        attributes={
            name: [_column(one) for one in columns] for columns, name in reversed(lists.items())
        },
    )
    yield resource("aws_glue_catalog_database", "lake", {"name": topology.database}, kept=True)
    for table in topology.glue_tables:
        yield _table(table, names.text(topology.buckets[0].name), lists[table.columns])


def _column(column: Column) -> Inline:
    return Inline({"name": column.name, "type": column.hive_type, "comment": column.comment})


def _table(table: GlueTable, bucket: str, columns: str) -> Block:
    shape = table_input(table, bucket)
    storage = shape["StorageDescriptor"]
    serde = storage["SerdeInfo"]
    return resource(
        "aws_glue_catalog_table",
        table.name,
        {
            "database_name": Expression("aws_glue_catalog_database.lake.name"),
            "name": shape["Name"],
            "description": shape["Description"],
            "table_type": shape["TableType"],
            "parameters": dict(shape["Parameters"]),
        },
        *_partition_keys(table.partition_keys),
        block(
            "storage_descriptor",
            {
                "location": storage["Location"],
                "input_format": storage["InputFormat"],
                "output_format": storage["OutputFormat"],
            },
            _columns(columns),
            block(
                "ser_de_info",
                {
                    "serialization_library": serde["SerializationLibrary"],
                    "parameters": dict(serde["Parameters"]),
                },
            ),
        ),
        kept=True,
    )


def _partition_keys(columns: Sequence[Column]) -> Iterator[Block]:
    for column in columns:
        fields: dict[str, Value] = dict(_column(column).fields)
        yield block("partition_keys", fields)


def _columns(listed: str) -> Block:
    value = {one: Expression(f"columns.value.{one}") for one in ("name", "type", "comment")}
    each: dict[str, Value] = {"for_each": Expression(f"local.{listed}")}
    return Block("dynamic", ("columns",), each, (block("content", value),))
