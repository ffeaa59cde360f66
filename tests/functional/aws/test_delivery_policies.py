"""The roles of the profile `firehose` allow what its function and the delivery stream call.

The embedded Firehose stands in for AWS's: what it calls, AWS's calls as well, and by the guide a
little more.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto import mock_aws

from infra.aws.policies.principals import FIREHOSE, statements_of
from infra.aws.policies.statements import Statement
from infra.local.endpoints import ACCOUNT, REGION
from infra.local.firehose.delivery import Delivery
from infra.local.firehose.runner import Runner
from infra.local.firehose.transforming import Transforming
from infra.local.firehose.writing import Writer
from infra.local.mappings.checkpoints import Checkpoints
from infra.local.mappings.invocation import Context
from infra.local.provision import provision
from infra.topology import build_topology
from lambdas.firehose_transform import handler as transform
from lambdas.firehose_transform.store import Quarantine
from tests.trail.authorisation import Call, Judge, Need
from tests.trail.policies import allows, unused_parts

TOPOLOGY = build_topology(ACCOUNT, delivery="firehose")
(STREAM,) = TOPOLOGY.delivery_streams
EVENT = {"event_type": "click", "session_id": "s", "event_time": "2026-11-23T01:00:00Z"}
Needs = dict[str, set[Need]]

_LOGS = "Lambda and Firehose write logs; here they are files"
_GUIDE = "Firehose asks for it, by its Developer Guide"
ONLY_ON_AWS = {
    ("WriteLogs", "logs:CreateLogStream"): _LOGS,
    ("WriteLogs", "logs:PutLogEvents"): _LOGS,
    ("LogErrors", "logs:PutLogEvents"): _LOGS,
    ("ReadStream", "kinesis:DescribeStream"): _GUIDE,
    ("Transform", "lambda:GetFunctionConfiguration"): _GUIDE,
    ("Transform", "lambda:InvokeFunction"): "the embedded Firehose calls the function's code",
    ("ReadSchema", "glue:GetTableVersion"): _GUIDE,
    ("ReadSchema", "glue:GetTableVersions"): _GUIDE,
    ("FindLake", "s3:GetBucketLocation"): _GUIDE,
    ("FindLake", "s3:ListBucket"): _GUIDE,
    ("FindLake", "s3:ListBucketMultipartUploads"): _GUIDE,
    ("Deliver", "s3:AbortMultipartUpload"): _GUIDE,
    ("Deliver", "s3:GetObject"): _GUIDE,
}


class Noting:
    """Clients whose calls are written down as what they need.

    Args:
        needs: Where to.
    """

    def __init__(self, needs: set[Need]) -> None:
        self._session = boto3.Session(region_name=REGION)
        self._session.events.register("request-created", self._note)
        self._needs = needs
        self._judge = Judge(TOPOLOGY)

    def client(self, service: str) -> Any:
        """A client of a service; S3 by path, as the judge reads it."""
        return self._session.client(service)  # type: ignore[call-overload]

    def _note(self, request: Any, **_: object) -> None:
        place = urlsplit(request.url)
        service = place.netloc.split(".")[0]
        path = place.path
        if place.netloc.startswith(TOPOLOGY.buckets[0].name):
            service, path = "s3", f"/{TOPOLOGY.buckets[0].name}{place.path}"
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in headers.items()
        }
        body = request.data if isinstance(request.data, bytes) else b""
        call = Call("k", service, request.method, path, parse_qs(place.query), headers, body)
        self._needs.update(self._judge.needs(call))


@pytest.fixture(scope="module")
def needs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Needs]:
    """What was called while a good event, a bad one and one that fails were archived."""
    found: Needs = {FIREHOSE: set(), "firehose_transform": set()}
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
        patch.setenv("LAKE_BUCKET", STREAM.bucket)
        transform._environment.cache_clear()
        provision(TOPOLOGY, ACCOUNT)
        as_firehose, as_function = (Noting(calls) for calls in found.values())
        for data in (json.dumps(EVENT).encode(), b"{", b"fails"):
            boto3.client("kinesis").put_record(
                StreamName=STREAM.stream, Data=data, PartitionKey="s"
            )
        kept = Quarantine(as_function.client("s3"), STREAM.bucket, transform.logger)
        patch.setattr(transform, "_quarantine", lambda: kept)
        _deliver(as_firehose, tmp_path_factory.mktemp("firehose"))
        objects = boto3.client("s3").list_objects_v2(Bucket=STREAM.bucket)["Contents"]
        assert {one["Key"].split("/")[0] for one in objects} == {"raw", "quarantine", "undelivered"}
        yield found
    transform._environment.cache_clear()


def _deliver(clients: Noting, folder: Path) -> None:
    """Archives the stream once; the last of its records is a failure of the function's."""
    context = Context("transform", 512, 60, "transform")

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        answer = transform.handler(event, context)
        answer["records"][-1] = {**answer["records"][-1], "result": "ProcessingFailed"}
        return answer

    writer = Writer(STREAM, TOPOLOGY.database, clients.client("s3"), clients.client("glue"))
    checkpoints = Checkpoints(folder / "checkpoints.json")
    delivery = Delivery(STREAM, Transforming(invoke, "transform", 0), writer, checkpoints.set)
    runner = Runner(
        clients.client("kinesis"), STREAM.stream, delivery, checkpoints, folder / "status.json"
    )
    runner._turn()
    runner.stop()
    runner.run()


def filled(principal: str) -> list[Statement]:
    statements = statements_of(principal, TOPOLOGY)
    return [statement.filled(region=REGION, account=ACCOUNT) for statement in statements]


@pytest.mark.parametrize("principal", [FIREHOSE, "firehose_transform"])
def test_every_call_is_allowed_and_nothing_else(principal: str, needs: Needs) -> None:
    statements = filled(principal)
    assert needs[principal], "nothing was written down"
    assert not [need for need in needs[principal] if not allows(statements, need)]
    unused = set(unused_parts(statements, needs[principal]))
    assert unused <= ONLY_ON_AWS.keys()


def test_every_exception_is_still_one(needs: Needs) -> None:
    unused = {part for one in needs for part in unused_parts(filled(one), needs[one])}
    assert not ONLY_ON_AWS.keys() - unused
