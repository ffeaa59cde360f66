"""API actions about work groups and their tags.

Belongs here: their request and response shapes, and what is refused. Does not belong here: storing
them (see `definitions`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from infra.local.athena.api.paging import page
from infra.local.athena.api.shapes import ENGINE_VERSION
from infra.local.athena.errors import ApiError, invalid_request
from infra.local.athena.execution.definitions import Tags, WorkGroup
from infra.local.athena.service import AthenaService

Payload = Mapping[str, Any]

MIN_SCAN_LIMIT = 10_000_000  # Athena's least, in bytes


def _work_group(service: AthenaService, group: WorkGroup) -> Payload:
    # A group that names no location uses the server's, which clients must find somewhere.
    results = {"OutputLocation": group.output_location or service.options.output_location}
    configuration: dict[str, object] = {
        "ResultConfiguration": results,
        "EnforceWorkGroupConfiguration": group.enforced,
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        "EngineVersion": ENGINE_VERSION,
    }
    if group.scan_limit:
        configuration["BytesScannedCutoffPerQuery"] = group.scan_limit
    return {
        "Name": group.name,
        "State": "ENABLED" if group.enabled else "DISABLED",
        "Description": group.description,
        "CreationTime": group.created_at,
        "Configuration": configuration,
    }


def get_work_group(service: AthenaService, request: Payload) -> Payload:
    """GetWorkGroup."""
    group = service.definitions.workgroup(request["WorkGroup"])
    return {"WorkGroup": _work_group(service, group)}


def list_work_groups(service: AthenaService, request: Payload) -> Payload:
    """ListWorkGroups."""
    groups = [_work_group(service, item) for item in service.definitions.workgroups()]
    kept = ("Name", "State", "Description", "CreationTime")
    summaries = [
        {**{key: group[key] for key in kept}, "EngineVersion": ENGINE_VERSION} for group in groups
    ]
    return page(summaries, request, "WorkGroups")


def _scan_limit(configuration: Payload) -> int:
    limit = int(configuration.get("BytesScannedCutoffPerQuery") or 0)
    if limit and limit < MIN_SCAN_LIMIT:
        raise invalid_request(
            f"BytesScannedCutoffPerQuery must be at least {MIN_SCAN_LIMIT} bytes: {limit}"
        )
    return limit


def create_work_group(service: AthenaService, request: Payload) -> Payload:
    """CreateWorkGroup."""
    configuration = request.get("Configuration") or {}
    results = configuration.get("ResultConfiguration") or {}
    group = WorkGroup(
        request["Name"],
        results.get("OutputLocation") or "",
        request.get("Description") or "",
        # As on Athena, a group that says nothing enforces its configuration.
        enforced=bool(configuration.get("EnforceWorkGroupConfiguration", True)),
        scan_limit=_scan_limit(configuration),
        tags=list(request.get("Tags") or []),
    )
    service.definitions.put_workgroup(group, must_be_new=True)
    return {}


def update_work_group(service: AthenaService, request: Payload) -> Payload:
    """UpdateWorkGroup."""
    group = service.definitions.workgroup(request["WorkGroup"])
    updates = request.get("ConfigurationUpdates") or {}
    results = updates.get("ResultConfigurationUpdates") or {}
    location = results.get("OutputLocation") or group.output_location
    limit = _scan_limit(updates) or group.scan_limit
    state = request.get("State") or ("ENABLED" if group.enabled else "DISABLED")
    changed = replace(
        group,
        output_location="" if results.get("RemoveOutputLocation") else location,
        description=request.get("Description") or group.description,
        enforced=bool(updates.get("EnforceWorkGroupConfiguration", group.enforced)),
        scan_limit=0 if updates.get("RemoveBytesScannedCutoffPerQuery") else limit,
        enabled=state == "ENABLED",
    )
    service.definitions.put_workgroup(changed, must_be_new=False)
    return {}


def delete_work_group(service: AthenaService, request: Payload) -> Payload:
    """DeleteWorkGroup."""
    recursive = bool(request.get("RecursiveDeleteOption"))
    service.definitions.delete_workgroup(request["WorkGroup"], recursive=recursive)
    return {}


def _tagged(service: AthenaService, request: Payload) -> WorkGroup:
    kind, _, name = request["ResourceARN"].rpartition(":")[2].partition("/")
    if kind != "workgroup":
        raise ApiError("ResourceNotFoundException", f"{request['ResourceARN']} was not found")
    return service.definitions.workgroup(name)


def _retag(service: AthenaService, group: WorkGroup, tags: Tags) -> Payload:
    service.definitions.put_workgroup(replace(group, tags=tags), must_be_new=False)
    return {}


def tag_resource(service: AthenaService, request: Payload) -> Payload:
    """TagResource, of a work group."""
    group = _tagged(service, request)
    given = list(request["Tags"])
    keys = {item["Key"] for item in given}
    kept = [item for item in group.tags if item["Key"] not in keys]
    return _retag(service, group, kept + given)


def untag_resource(service: AthenaService, request: Payload) -> Payload:
    """UntagResource, of a work group."""
    group = _tagged(service, request)
    kept = [item for item in group.tags if item["Key"] not in request["TagKeys"]]
    return _retag(service, group, kept)


def list_tags_for_resource(service: AthenaService, request: Payload) -> Payload:
    """ListTagsForResource, of a work group."""
    return page(_tagged(service, request).tags, request, "Tags")


def list_engine_versions(_service: AthenaService, request: Payload) -> Payload:
    """ListEngineVersions."""
    return page([ENGINE_VERSION], request, "EngineVersions")


ACTIONS: Mapping[str, Callable[[AthenaService, Payload], Payload]] = {
    "GetWorkGroup": get_work_group,
    "ListWorkGroups": list_work_groups,
    "CreateWorkGroup": create_work_group,
    "UpdateWorkGroup": update_work_group,
    "DeleteWorkGroup": delete_work_group,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
    "ListEngineVersions": list_engine_versions,
}
