"""What a call needs to be allowed.

Belongs here: from a line of the trail to IAM's actions and resources. ministack knows them for S3,
SQS and SNS; here is what it takes for "any" or says more coarsely than AWS judges. What is allowed
belongs in `infra.aws.policies`.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from ministack.core.iam_actions import (
    extract_iam_action,
    extract_resource_arn,
    s3_additional_checks,
)

from infra.topology import Topology

REGION, ACCOUNT = "us-east-1", "123456789012"
# Whoever has credentials may ask who they are.
NEEDS_NOTHING = frozenset({"sts:GetCallerIdentity"})
_PARTIQL = re.compile(
    r'^(?P<verb>INSERT INTO|UPDATE|DELETE FROM|SELECT .* FROM)\s+"(?P<table>[^"]+)"'
)
_VERBS = {"INSERT": "Insert", "UPDATE": "Update", "DELETE": "Delete", "SELECT": "Select"}
_INGESTION = re.compile(r"^/accounts/\d+/data-sets/(?P<id>[^/]+)/ingestions/(?P<ingestion>[^/]+)$")
# Calls that IAM knows by the name of the single one.
_BATCHES = {
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sns:PublishBatch": "sns:Publish",
}
_DATABASE_LISTS = frozenset({"GetTables"})


class Need(NamedTuple):
    """One action on one resource that a call needs."""

    action: str
    resource: str


class Call(NamedTuple):
    """A call as the trail has it."""

    key: str
    service: str
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, line: str) -> "Call":
        """A line of the trail."""
        entry = json.loads(line)
        body = base64.b64decode(entry["body"])
        path = unquote(entry["path"])
        return cls(
            entry["key"],
            entry["service"],
            entry["method"],
            path,
            entry["query"],
            entry["headers"],
            body,
        )

    @property
    def json(self) -> dict[str, Any]:
        """The body of a service that speaks JSON."""
        return dict(json.loads(self.body or b"{}"))


class Judge:
    """Knows what there is, where a call names it by something else than its name."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology

    def needs(self, call: Call) -> Iterator[Need]:
        """What a call needs, all of it.

        Raises:
            ValueError: If nobody knows: an unknown call must not pass for one that needs nothing.
        """
        if call.service == "quicksight":
            yield _ingestion(call)
            return
        params = {**call.query, **_form_of(call)}
        asked = (call.service, call.method, call.path, dict(call.headers), call.body, params)
        action = extract_iam_action(*asked)
        if action is None:
            raise ValueError(f"{call.service} {call.method} {call.path}: no action is known")
        action = _BATCHES.get(action, action)
        if action in NEEDS_NOTHING:
            return
        if action == "dynamodb:BatchExecuteStatement":
            yield from set(_statements(call))
        elif action == "dynamodb:BatchGetItem":
            yield from (Need(action, _table(name)) for name in call.json["RequestItems"])
        elif call.service == "glue":
            yield from _in_catalog(call, action)
        elif action == "sns:Publish":
            yield Need(action, params["TopicArn"][0])
        else:
            resource = extract_resource_arn(*asked, REGION, ACCOUNT)
            yield Need(action, self._by_id(call) if resource == "*" else resource)
        if call.service == "s3":
            more = s3_additional_checks(
                call.method, call.path, dict(call.headers), call.body, params
            )
            yield from (Need(extra, resource) for extra, resource, *_ in more)

    def _by_id(self, call: Call) -> str:
        """Of a shard iterator and a query's id: there is one stream, and one work group."""
        if call.service == "kinesis":
            return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{self._topology.stream.name}"
        if call.service == "athena":
            return f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{self._topology.workgroup}"
        raise ValueError(f"{call.service} {call.method} {call.path}: on what is not known")


def _form_of(call: Call) -> dict[str, list[str]]:
    """The fields of a form, which is how SNS is asked."""
    if "form-urlencoded" not in call.headers.get("content-type", ""):
        return {}
    return parse_qs(call.body.decode())


def _statements(call: Call) -> Iterator[Need]:
    for statement in call.json["Statements"]:
        found = _PARTIQL.match(statement["Statement"])
        if found is None:
            raise ValueError(f"what is this: {statement['Statement']}")
        yield Need(f"dynamodb:PartiQL{_VERBS[found['verb'].split()[0]]}", _table(found["table"]))


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def _in_catalog(call: Call, action: str) -> Iterator[Need]:
    """A call of Glue is judged on the catalog and on all that leads to what it names."""
    asked, operation = call.json, action.partition(":")[2]
    root = f"arn:aws:glue:{REGION}:{ACCOUNT}"
    yield Need(action, f"{root}:catalog")
    named = asked.get("TableName") or asked.get("TableInput", {}).get("Name")
    if operation in {"GetDatabase", "DeleteDatabase"}:
        yield Need(action, f"{root}:database/{asked['Name']}")
    if "DatabaseName" not in asked:
        return
    yield Need(action, f"{root}:database/{asked['DatabaseName']}")
    table = named or asked.get("Name") or ("*" if operation in _DATABASE_LISTS else None)
    if table is not None:
        yield Need(action, f"{root}:table/{asked['DatabaseName']}/{table}")


def _ingestion(call: Call) -> Need:
    found = _INGESTION.match(call.path)
    names = {"PUT": "CreateIngestion", "GET": "DescribeIngestion"}
    if found is None or call.method not in names:
        raise ValueError(f"quicksight {call.method} {call.path}: no action is known")
    place = f"dataset/{found['id']}/ingestion/{found['ingestion']}"
    return Need(
        f"quicksight:{names[call.method]}", f"arn:aws:quicksight:{REGION}:{ACCOUNT}:{place}"
    )
