"""The analysis and the dashboard in QuickSight.

Belongs here: how QuickSight is told of `infra.boards`. A dashboard is what readers see, the
analysis is what an author changes and publishes; both begin alike.
"""

from typing import Any

from aws_cdk import Aws, CfnResource
from aws_cdk import aws_quicksight as quicksight
from constructs import Construct

from infra.aws.arns import arn
from infra.boards import SHEETS, Measure, Sheet, Visual
from infra.resource_types import DataSet
from infra.topology import Topology

_ANALYSIS_ACTIONS = (
    "DescribeAnalysis",
    "DescribeAnalysisPermissions",
    "QueryAnalysis",
    "RestoreAnalysis",
    "UpdateAnalysis",
    "UpdateAnalysisPermissions",
    "DeleteAnalysis",
)
_DASHBOARD_ACTIONS = (
    "DescribeDashboard",
    "DescribeDashboardPermissions",
    "ListDashboardVersions",
    "QueryDashboard",
    "UpdateDashboard",
    "UpdateDashboardPermissions",
    "UpdateDashboardPublishedVersion",
    "DeleteDashboard",
)
_LARGEST = 20


class Boards(Construct):
    """The sheets, as an analysis and as a dashboard of the same owner."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        topology: Topology,
        principal: str,
        data_sets: list[CfnResource],
    ) -> None:
        super().__init__(scope, id_)
        analysis, dashboard = quicksight.CfnAnalysis, quicksight.CfnDashboard
        created: list[CfnResource] = [
            analysis(
                self,
                "Analysis",
                aws_account_id=Aws.ACCOUNT_ID,
                analysis_id=topology.stack,
                name=topology.stack,
                permissions=[
                    analysis.ResourcePermissionProperty(
                        principal=principal, actions=_named(_ANALYSIS_ACTIONS)
                    )
                ],
            ),
            dashboard(
                self,
                "Dashboard",
                aws_account_id=Aws.ACCOUNT_ID,
                dashboard_id=topology.stack,
                name=topology.stack,
                permissions=[
                    dashboard.ResourcePermissionProperty(
                        principal=principal, actions=_named(_DASHBOARD_ACTIONS)
                    )
                ],
            ),
        ]
        for one in created:
            one.add_property_override("Definition", definition(topology.data_sets))
            for data_set in data_sets:
                one.add_resource_dependency(data_set)


def definition(data_sets: tuple[DataSet, ...]) -> dict[str, Any]:
    """The sheets as QuickSight takes them."""
    by_table = {data_set.table: data_set for data_set in data_sets}
    return {
        "DataSetIdentifierDeclarations": [
            {
                "Identifier": sheet.table,
                "DataSetArn": arn("quicksight", f"dataset/{by_table[sheet.table].id}"),
            }
            for sheet in SHEETS
        ],
        "CalculatedFields": [
            {"DataSetIdentifier": sheet.table, "Name": name, "Expression": expression}
            for sheet in SHEETS
            for name, expression in sheet.calculated
        ],
        "Sheets": [
            {
                "SheetId": sheet.table.replace("_", "-"),
                "Name": sheet.name,
                "Visuals": [
                    _visual(sheet, visual, by_table[sheet.table]) for visual in sheet.visuals
                ],
            }
            for sheet in SHEETS
        ],
    }


def _visual(sheet: Sheet, visual: Visual, data_set: DataSet) -> dict[str, Any]:
    id_ = f"{sheet.table}-{visual.title}".lower().replace("_", "-").replace(" ", "-")
    values = [_measure(sheet, one, f"{id_}-{one.column}") for one in visual.values]
    wells: dict[str, Any] = {"Values": values}
    configuration: dict[str, Any] = {"FieldWells": wells}
    if visual.by is not None:
        wells["Category"] = [_dimension(sheet, visual.by, f"{id_}-by", dict(data_set.columns))]
    if visual.kind == "line":
        configuration["FieldWells"] = {"LineChartAggregatedFieldWells": wells}
    elif visual.kind == "bars":
        configuration["FieldWells"] = {"BarChartAggregatedFieldWells": wells}
        configuration["SortConfiguration"] = {
            "CategoryItemsLimit": {"ItemsLimit": _LARGEST, "OtherCategories": "EXCLUDE"},
            "CategorySort": [
                {"FieldSort": {"FieldId": f"{id_}-{visual.values[0].column}", "Direction": "DESC"}}
            ],
        }
    name = {"figure": "KPIVisual", "line": "LineChartVisual", "bars": "BarChartVisual"}[visual.kind]
    title = {"Visibility": "VISIBLE", "FormatText": {"PlainText": visual.title}}
    return {name: {"VisualId": id_, "Title": title, "ChartConfiguration": configuration}}


def _measure(sheet: Sheet, measure: Measure, id_: str) -> dict[str, Any]:
    return {
        "NumericalMeasureField": {
            "FieldId": id_,
            "Column": {"DataSetIdentifier": sheet.table, "ColumnName": measure.column},
            "AggregationFunction": {"SimpleNumericalAggregation": measure.aggregation},
        }
    }


def _dimension(sheet: Sheet, column: str, id_: str, types: dict[str, str]) -> dict[str, Any]:
    field: dict[str, Any] = {
        "FieldId": id_,
        "Column": {"DataSetIdentifier": sheet.table, "ColumnName": column},
    }
    if types[column] == "DATETIME":
        return {"DateDimensionField": {**field, "DateGranularity": "HOUR"}}
    return {"CategoricalDimensionField": field}


def _named(actions: tuple[str, ...]) -> list[str]:
    return [f"quicksight:{action}" for action in actions]
