"""Shapes that an API of AWS and CloudFormation have in common, made from the description.

Belongs here: Glue tables and QuickSight's physical tables, which whoever renders the topology hands
on as they are. Names of the tables and their columns belong in `table_definitions`.
"""

from typing import TYPE_CHECKING, Any

from infra.resource_types import DataSet, GlueTable

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef

_PARQUET = (
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
)
_JSON = (
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "org.openx.data.jsonserde.JsonSerDe",
)


def table_input(table: GlueTable, bucket: str) -> "TableInputTypeDef":
    """A Glue table as CreateTable takes it."""
    input_format, output_format, serde = _PARQUET if table.format == "parquet" else _JSON
    return {
        "Name": table.name,
        "Description": table.description,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": table.format},
        "PartitionKeys": [
            {"Name": column.name, "Type": column.hive_type, "Comment": column.comment}
            for column in table.partition_keys
        ],
        "StorageDescriptor": {
            "Columns": [
                {"Name": column.name, "Type": column.hive_type, "Comment": column.comment}
                for column in table.columns
            ],
            "Location": f"s3://{bucket}/{table.location_prefix}",
            "InputFormat": input_format,
            "OutputFormat": output_format,
            "SerdeInfo": {
                "SerializationLibrary": serde,
                "Parameters": {"serialization.format": "1"},
            },
        },
    }


def physical_tables(data_set: DataSet, database: str, source: str) -> dict[str, Any]:
    """The one table of a data set as CreateDataSet takes it.

    Args:
        data_set: The data set.
        database: The Glue database.
        source: ARN of the QuickSight data source.
    """
    return {
        data_set.table.replace("_", "-"): {
            "RelationalTable": {
                "DataSourceArn": source,
                "Catalog": "AwsDataCatalog",
                "Schema": database,
                "Name": data_set.table,
                "InputColumns": [{"Name": name, "Type": type_} for name, type_ in data_set.columns],
            }
        }
    }
