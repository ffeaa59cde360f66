"""API actions about the catalog, workgroups and prepared statements.

Belongs here: their request and response shapes. Does not belong here: queries (see `api`).
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.athena.definitions import PRIMARY, PreparedStatement, WorkGroup
from infra.local.athena.errors import ApiError, QueryError, invalid_request
from infra.local.athena.formats import glue_column
from infra.local.athena.paging import page
from infra.local.athena.service import AthenaService
from infra.local.athena.shapes import ENGINE_VERSION
from infra.local.athena.tables import Table

Payload = Mapping[str, Any]

_CATALOG = {"Name": "AwsDataCatalog", "Type": "GLUE"}


def _metadata_error(error: QueryError) -> ApiError:
    return ApiError(
        "MetadataException", f"EntityNotFoundException: Entity Not Found ({error.reason})"
    )


def get_data_catalog(_service: AthenaService, request: Payload) -> Payload:
    """GetDataCatalog: there is only Glue's."""
    if request["Name"].lower() != _CATALOG["Name"].lower():
        raise invalid_request(f"DataCatalog {request['Name']} was not found")
    return {"DataCatalog": {**_CATALOG, "Parameters": {}}}


def list_data_catalogs(_service: AthenaService, _request: Payload) -> Payload:
    """ListDataCatalogs."""
    return {"DataCatalogsSummary": [{"CatalogName": _CATALOG["Name"], "Type": _CATALOG["Type"]}]}


def _database(raw: Mapping[str, Any]) -> Payload:
    return {
        "Name": raw["Name"],
        "Description": raw.get("Description", ""),
        "Parameters": dict(raw.get("Parameters", {})),
    }


def get_database(service: AthenaService, request: Payload) -> Payload:
    """GetDatabase."""
    try:
        return {"Database": _database(service.catalog.database(request["DatabaseName"]))}
    except QueryError as error:
        raise _metadata_error(error) from error


def list_databases(service: AthenaService, request: Payload) -> Payload:
    """ListDatabases."""
    return page([_database(item) for item in service.catalog.databases()], request, "DatabaseList")


def _table_metadata(table: Table) -> Payload:
    storage = table.raw.get("StorageDescriptor", {})
    created = table.raw.get("CreateTime")
    return {
        "Name": table.name,
        "CreateTime": created.timestamp() if created else time.time(),
        "TableType": table.table_type,
        "Columns": [glue_column(column) for column in table.columns],
        "PartitionKeys": [glue_column(column) for column in table.partition_keys],
        "Parameters": {
            **table.parameters,
            "location": table.location,
            "inputformat": table.input_format,
            "outputformat": storage.get("OutputFormat", ""),
            "serde.serialization.lib": table.serde,
        },
    }


def get_table_metadata(service: AthenaService, request: Payload) -> Payload:
    """GetTableMetadata."""
    database, name = request["DatabaseName"].lower(), request["TableName"].lower()
    try:
        return {"TableMetadata": _table_metadata(service.catalog.table(database, name))}
    except QueryError as error:
        raise _metadata_error(error) from error


def list_table_metadata(service: AthenaService, request: Payload) -> Payload:
    """ListTableMetadata."""
    tables = service.catalog.tables(request["DatabaseName"], request.get("Expression") or "")
    try:
        items = [_table_metadata(table) for table in tables]
    except QueryError as error:
        raise _metadata_error(error) from error
    return page(items, request, "TableMetadataList")


def _work_group(service: AthenaService, group: WorkGroup) -> Payload:
    location = group.output_location or service.options.output_location
    return {
        "Name": group.name,
        "State": "ENABLED",
        "Description": group.description,
        "CreationTime": group.created_at,
        "Configuration": {
            "ResultConfiguration": {"OutputLocation": location},
            "EnforceWorkGroupConfiguration": False,
            "PublishCloudWatchMetricsEnabled": False,
            "EngineVersion": ENGINE_VERSION,
        },
    }


def get_work_group(service: AthenaService, request: Payload) -> Payload:
    """GetWorkGroup."""
    group = service.definitions.workgroup(request["WorkGroup"])
    return {"WorkGroup": _work_group(service, group)}


def list_work_groups(service: AthenaService, request: Payload) -> Payload:
    """ListWorkGroups."""
    groups = [_work_group(service, item) for item in service.definitions.workgroups()]
    kept = ("Name", "State", "Description", "CreationTime")
    summaries = [{key: group[key] for key in kept} for group in groups]
    return page(summaries, request, "WorkGroups")


def create_work_group(service: AthenaService, request: Payload) -> Payload:
    """CreateWorkGroup."""
    results = (request.get("Configuration") or {}).get("ResultConfiguration") or {}
    location = results.get("OutputLocation", "")
    group = WorkGroup(request["Name"], location, request.get("Description") or "")
    service.definitions.put_workgroup(group, must_be_new=True)
    return {}


def update_work_group(service: AthenaService, request: Payload) -> Payload:
    """UpdateWorkGroup: description and result location."""
    group = service.definitions.workgroup(request["WorkGroup"])
    updates = (request.get("ConfigurationUpdates") or {}).get("ResultConfigurationUpdates") or {}
    changed = WorkGroup(
        group.name,
        updates.get("OutputLocation") or group.output_location,
        request.get("Description") or group.description,
        group.created_at,
    )
    service.definitions.put_workgroup(changed, must_be_new=False)
    return {}


def delete_work_group(service: AthenaService, request: Payload) -> Payload:
    """DeleteWorkGroup."""
    service.definitions.delete_workgroup(request["WorkGroup"])
    return {}


def _put_prepared(service: AthenaService, request: Payload, *, must_be_new: bool) -> Payload:
    statement = PreparedStatement(
        name=request["StatementName"],
        workgroup=service.definitions.workgroup(request.get("WorkGroup") or PRIMARY).name,
        sql=request["QueryStatement"],
        description=request.get("Description") or "",
    )
    if not must_be_new:
        service.definitions.statement(statement.workgroup, statement.name)
    service.definitions.put_statement(statement, must_be_new=must_be_new)
    return {}


def create_prepared_statement(service: AthenaService, request: Payload) -> Payload:
    """CreatePreparedStatement."""
    return _put_prepared(service, request, must_be_new=True)


def update_prepared_statement(service: AthenaService, request: Payload) -> Payload:
    """UpdatePreparedStatement."""
    return _put_prepared(service, request, must_be_new=False)


def get_prepared_statement(service: AthenaService, request: Payload) -> Payload:
    """GetPreparedStatement."""
    found = service.definitions.statement(request["WorkGroup"], request["StatementName"])
    described = {
        "StatementName": found.name,
        "QueryStatement": found.sql,
        "WorkGroupName": found.workgroup,
        "Description": found.description,
        "LastModifiedTime": found.modified_at,
    }
    return {"PreparedStatement": described}


def list_prepared_statements(service: AthenaService, request: Payload) -> Payload:
    """ListPreparedStatements."""
    items = [
        {"StatementName": item.name, "LastModifiedTime": item.modified_at}
        for item in service.definitions.statements(request["WorkGroup"])
    ]
    return page(items, request, "PreparedStatements")


def delete_prepared_statement(service: AthenaService, request: Payload) -> Payload:
    """DeletePreparedStatement."""
    service.definitions.delete_statement(request["WorkGroup"], request["StatementName"])
    return {}


ACTIONS: Mapping[str, Callable[[AthenaService, Payload], Payload]] = {
    "GetDataCatalog": get_data_catalog,
    "ListDataCatalogs": list_data_catalogs,
    "GetDatabase": get_database,
    "ListDatabases": list_databases,
    "GetTableMetadata": get_table_metadata,
    "ListTableMetadata": list_table_metadata,
    "GetWorkGroup": get_work_group,
    "ListWorkGroups": list_work_groups,
    "CreateWorkGroup": create_work_group,
    "UpdateWorkGroup": update_work_group,
    "DeleteWorkGroup": delete_work_group,
    "CreatePreparedStatement": create_prepared_statement,
    "UpdatePreparedStatement": update_prepared_statement,
    "GetPreparedStatement": get_prepared_statement,
    "ListPreparedStatements": list_prepared_statements,
    "DeletePreparedStatement": delete_prepared_statement,
}
