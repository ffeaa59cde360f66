"""API actions about prepared statements and named queries.

Belongs here: their request and response shapes. Does not belong here: storing them (see
`definitions`) and running them (see `service`).
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from infra.local.athena.api.paging import page
from infra.local.athena.errors import ApiError
from infra.local.athena.execution.definitions import PRIMARY, NamedQuery, PreparedStatement
from infra.local.athena.service import AthenaService

Payload = Mapping[str, Any]


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


def _prepared(found: PreparedStatement) -> Payload:
    return {
        "StatementName": found.name,
        "QueryStatement": found.sql,
        "WorkGroupName": found.workgroup,
        "Description": found.description,
        "LastModifiedTime": found.modified_at,
    }


def get_prepared_statement(service: AthenaService, request: Payload) -> Payload:
    """GetPreparedStatement."""
    found = service.definitions.statement(request["WorkGroup"], request["StatementName"])
    return {"PreparedStatement": _prepared(found)}


def batch_get_prepared_statement(service: AthenaService, request: Payload) -> Payload:
    """BatchGetPreparedStatement."""
    found, missing = [], []
    for name in request["PreparedStatementNames"]:
        try:
            found.append(_prepared(service.definitions.statement(request["WorkGroup"], name)))
        except ApiError as error:
            missing.append(
                {"StatementName": name, "ErrorCode": error.code, "ErrorMessage": error.message}
            )
    return {"PreparedStatements": found, "UnprocessedPreparedStatementNames": missing}


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


def _named(query: NamedQuery) -> Payload:
    return {
        "NamedQueryId": query.id,
        "Name": query.name,
        "Description": query.description,
        "Database": query.database,
        "QueryString": query.sql,
        "WorkGroup": query.workgroup,
    }


def create_named_query(service: AthenaService, request: Payload) -> Payload:
    """CreateNamedQuery; the same client request token gives the same query."""
    group = service.definitions.workgroup(request.get("WorkGroup") or PRIMARY)
    token = request.get("ClientRequestToken")
    identity = uuid.uuid5(uuid.NAMESPACE_OID, token) if token else uuid.uuid4()
    query = NamedQuery(
        id=str(identity),
        name=request["Name"],
        workgroup=group.name,
        database=request["Database"],
        sql=request["QueryString"],
        description=request.get("Description") or "",
    )
    service.definitions.put_named_query(query)
    return {"NamedQueryId": query.id}


def get_named_query(service: AthenaService, request: Payload) -> Payload:
    """GetNamedQuery."""
    return {"NamedQuery": _named(service.definitions.named_query(request["NamedQueryId"]))}


def batch_get_named_query(service: AthenaService, request: Payload) -> Payload:
    """BatchGetNamedQuery."""
    found, missing = [], []
    for identity in request["NamedQueryIds"]:
        try:
            found.append(_named(service.definitions.named_query(identity)))
        except ApiError as error:
            missing.append(
                {"NamedQueryId": identity, "ErrorCode": error.code, "ErrorMessage": error.message}
            )
    return {"NamedQueries": found, "UnprocessedNamedQueryIds": missing}


def list_named_queries(service: AthenaService, request: Payload) -> Payload:
    """ListNamedQueries."""
    group = request.get("WorkGroup") or PRIMARY
    identities = [item.id for item in service.definitions.named_queries(group)]
    return page(identities, request, "NamedQueryIds")


def update_named_query(service: AthenaService, request: Payload) -> Payload:
    """UpdateNamedQuery."""
    found = service.definitions.named_query(request["NamedQueryId"])
    changed = replace(
        found,
        name=request["Name"],
        sql=request["QueryString"],
        description=request.get("Description") or found.description,
    )
    service.definitions.put_named_query(changed)
    return {}


def delete_named_query(service: AthenaService, request: Payload) -> Payload:
    """DeleteNamedQuery."""
    service.definitions.delete_named_query(request["NamedQueryId"])
    return {}


ACTIONS: Mapping[str, Callable[[AthenaService, Payload], Payload]] = {
    "CreatePreparedStatement": create_prepared_statement,
    "UpdatePreparedStatement": update_prepared_statement,
    "GetPreparedStatement": get_prepared_statement,
    "BatchGetPreparedStatement": batch_get_prepared_statement,
    "ListPreparedStatements": list_prepared_statements,
    "DeletePreparedStatement": delete_prepared_statement,
    "CreateNamedQuery": create_named_query,
    "GetNamedQuery": get_named_query,
    "BatchGetNamedQuery": batch_get_named_query,
    "ListNamedQueries": list_named_queries,
    "UpdateNamedQuery": update_named_query,
    "DeleteNamedQuery": delete_named_query,
}
