"""The Glue database and the tables whose columns are known beforehand.

Belongs here: creating them. Partitions belong to the batch side, the marts' tables to dbt.
"""

from aws_cdk import Aws, CfnResource, RemovalPolicy
from constructs import Construct

from infra.aws.arns import filled
from infra.catalog_shapes import table_input
from infra.topology import Topology


class Catalog(Construct):
    """The database with its tables, of exactly the shape the embedded Glue is given."""

    def __init__(self, scope: Construct, id_: str, topology: Topology) -> None:
        super().__init__(scope, id_)
        account = Aws.ACCOUNT_ID
        database = CfnResource(
            self,
            "Database",
            type="AWS::Glue::Database",
            properties={"CatalogId": account, "DatabaseInput": {"Name": topology.database}},
        )
        database.apply_removal_policy(RemovalPolicy.RETAIN)
        for table in topology.glue_tables:
            created = CfnResource(
                self,
                table.name,
                type="AWS::Glue::Table",
                properties={
                    "CatalogId": account,
                    "DatabaseName": topology.database,
                    "TableInput": table_input(table, filled(topology.buckets[0].name)),
                },
            )
            created.add_resource_dependency(database)
            created.apply_removal_policy(RemovalPolicy.RETAIN)
