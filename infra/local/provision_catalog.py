"""Glue, Athena and QuickSight of a topology on the embedded AWS.

Belongs here: creating the database, its tables, the work group and the data sets.
"""

import boto3

from infra.catalog_shapes import physical_tables, table_input
from infra.local.existing import create
from infra.topology import Topology


def create_catalog(topology: Topology) -> None:
    """Creates the Glue database and the tables whose columns are known beforehand."""
    glue = boto3.client("glue")
    create(lambda: glue.create_database(DatabaseInput={"Name": topology.database}))
    lake = topology.buckets[0].name
    for table in topology.glue_tables:
        definition = table_input(table, lake)
        create(
            lambda definition=definition: glue.create_table(  # type: ignore[misc]
                DatabaseName=topology.database, TableInput=definition
            )
        )


def create_workgroup(topology: Topology) -> None:
    """Creates Athena's work group."""
    athena = boto3.client("athena")
    existing = {group["Name"] for group in athena.list_work_groups()["WorkGroups"]}
    if topology.workgroup in existing:
        return  # Athena has no error code of its own for this
    athena.create_work_group(
        Name=topology.workgroup,
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{topology.results_bucket}/"},
            # Enforced, which is Athena's default, it would override where dbt keeps its tables.
            "EnforceWorkGroupConfiguration": False,
            "BytesScannedCutoffPerQuery": topology.hosting.scan_limit_bytes,
        },
    )


def create_data_sets(topology: Topology, account: str) -> None:
    """Creates QuickSight's data source and data sets."""
    quicksight = boto3.client("quicksight")
    sources = quicksight.list_data_sources(AwsAccountId=account)["DataSources"]
    if topology.data_source not in {source["DataSourceId"] for source in sources}:
        quicksight.create_data_source(
            AwsAccountId=account,
            DataSourceId=topology.data_source,
            Name=topology.data_source,
            Type="ATHENA",
            DataSourceParameters={"AthenaParameters": {"WorkGroup": topology.workgroup}},
        )
    source = f"arn:aws:quicksight:us-east-1:{account}:datasource/{topology.data_source}"
    for data_set in topology.data_sets:
        create(
            lambda data_set=data_set: quicksight.create_data_set(  # type: ignore[misc]
                AwsAccountId=account,
                DataSetId=data_set.id,
                Name=data_set.name,
                ImportMode="SPICE",
                PhysicalTableMap=physical_tables(data_set, topology.database, source),
            )
        )
