"""API actions about the catalog.

Belongs here: their request and response shapes. Does not belong here: queries (see `application`),
work groups (see `workgroup_api`), prepared statements and named queries (see `named_api`).
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.athena.api.paging import page
from infra.local.athena.catalog.tables import Table
from infra.local.athena.data.formats import glue_column
from infra.local.athena.errors import ApiError, QueryError, invalid_request
from infra.local.athena.service import AthenaService

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


ACTIONS: Mapping[str, Callable[[AthenaService, Payload], Payload]] = {
    "GetDataCatalog": get_data_catalog,
    "ListDataCatalogs": list_data_catalogs,
    "GetDatabase": get_database,
    "ListDatabases": list_databases,
    "GetTableMetadata": get_table_metadata,
    "ListTableMetadata": list_table_metadata,
}
