"""QuickSight.

Belongs here: the data source, the data sets in SPICE and their daily refresh. The hourly one, when
a mart has changed, belongs to the batch side.
"""

from aws_cdk import Aws
from aws_cdk import aws_quicksight as quicksight
from constructs import Construct

from infra.aws.arns import arn
from infra.aws.constructs.boards import Boards
from infra.catalog_shapes import physical_tables
from infra.resource_types import DataSet
from infra.topology import Topology

_SOURCE_ACTIONS = (
    "DescribeDataSource",
    "DescribeDataSourcePermissions",
    "PassDataSource",
    "UpdateDataSource",
    "DeleteDataSource",
    "UpdateDataSourcePermissions",
)
_SET_ACTIONS = (
    "DescribeDataSet",
    "DescribeDataSetPermissions",
    "PassDataSet",
    "DescribeIngestion",
    "ListIngestions",
    "UpdateDataSet",
    "DeleteDataSet",
    "CreateIngestion",
    "CancelIngestion",
    "UpdateDataSetPermissions",
)


class Serving(Construct):
    """The data sets, owned by the user or group that was chosen."""

    def __init__(self, scope: Construct, id_: str, topology: Topology, principal: str) -> None:
        super().__init__(scope, id_)
        self._owner = principal
        source = quicksight.CfnDataSource
        self._source = source(
            self,
            "Source",
            aws_account_id=Aws.ACCOUNT_ID,
            data_source_id=topology.data_source,
            name=topology.data_source,
            type="ATHENA",
            data_source_parameters=source.DataSourceParametersProperty(
                athena_parameters=source.AthenaParametersProperty(work_group=topology.workgroup)
            ),
            ssl_properties=source.SslPropertiesProperty(disable_ssl=False),
            permissions=[
                source.ResourcePermissionProperty(
                    principal=principal, actions=[f"quicksight:{name}" for name in _SOURCE_ACTIONS]
                )
            ],
        )
        source_arn = arn("quicksight", f"datasource/{topology.data_source}")
        created = [
            self._data_set(data_set, topology.database, source_arn)
            for data_set in topology.data_sets
        ]
        for data_set, one in zip(topology.data_sets, created, strict=True):
            self._refresh(data_set, one)
        Boards(self, "Boards", topology, principal, created)

    def _data_set(self, data_set: DataSet, database: str, source_arn: str) -> quicksight.CfnDataSet:
        created = quicksight.CfnDataSet(
            self,
            data_set.id,
            aws_account_id=Aws.ACCOUNT_ID,
            data_set_id=data_set.id,
            name=data_set.name,
            import_mode="SPICE",
            # dbt makes the marts after the first deployment: waiting for SPICE would fail it
            ingestion_wait_policy=quicksight.CfnDataSet.IngestionWaitPolicyProperty(
                wait_for_spice_ingestion=False
            ),
            permissions=[
                quicksight.CfnDataSet.ResourcePermissionProperty(
                    principal=self._owner, actions=[f"quicksight:{name}" for name in _SET_ACTIONS]
                )
            ],
        )
        tables = physical_tables(data_set, database, source_arn)
        created.add_property_override("PhysicalTableMap", tables)
        created.add_resource_dependency(self._source)
        return created

    def _refresh(self, data_set: DataSet, created: quicksight.CfnDataSet) -> None:
        schedule = quicksight.CfnRefreshSchedule
        daily = schedule(
            self,
            f"{data_set.id}-daily",
            aws_account_id=Aws.ACCOUNT_ID,
            data_set_id=data_set.id,
            schedule=schedule.RefreshScheduleMapProperty(
                schedule_id=f"{data_set.id}-daily",
                refresh_type="FULL_REFRESH",
                schedule_frequency=schedule.ScheduleFrequencyProperty(
                    interval="DAILY", time_of_the_day=data_set.refreshed_at, time_zone="UTC"
                ),
            ),
        )
        daily.add_resource_dependency(created)
