"""The calls of every batch over connections of our own: as boto3's, and boto3's when in doubt."""

import io
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from copy import copy
from datetime import UTC, datetime
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from urllib3 import HTTPResponse
from urllib3.util import wait_for_read

from lambdas.event_processor.direct_s3 import _place_of, direct_s3
from lambdas.shared.direct import _connector, direct_dynamodb
from lambdas.shared.items import query_items
from lambdas.shared.statements import StatementWriter, insert

ITEM = {"id": {"S": "s"}, "recent": {"B": b"\x00\xff\xfe"}, "minutes": {"M": {"a": {"N": "1"}}}}
KEYS = {"t": {"Keys": [{"id": {"S": "s"}}]}}
AS_JSON = {"id": {"S": "s"}, "recent": {"B": "AP/+"}, "minutes": {"M": {"a": {"N": "1"}}}}
FOUND = {"Responses": {"t": [AS_JSON]}, "UnprocessedKeys": {}}
BOTO3S_OWN = {"user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "expect"}
OF_THE_MOMENT = {"authorization", "x-amz-date"}
BUSY = {"__type": "com.amazonaws.dynamodb.v20120810#ValidationException", "message": "no"}


class Service(BaseHTTPRequestHandler):
    """Says what it is told to say, and keeps what it was asked."""

    protocol_version = "HTTP/1.1"
    answers: list[tuple[int, dict[str, Any]] | None]  # None: hangs up
    asked: list["Service"]
    hangs_up = False  # after it has answered

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(copy(self))  # it serves its connection's next request too
        answered = self.answers.pop(0)
        if answered is None:
            self.close_connection = True
            return
        status, answer = answered
        data = json.dumps(answer).encode() if answer else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = self.hangs_up

    do_PUT = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    @property
    def is_boto3(self) -> bool:
        return "Boto3" in self.headers.get("User-Agent", "")


@pytest.fixture
def service() -> Iterator[type[Service]]:
    """The service; `service.url` is where it listens."""
    service = type("Told", (Service,), {"answers": [], "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), service)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield service
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def session(service: Any, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    return boto3.Session("id", "secret", "token", "eu-west-1")


@pytest.fixture
def dynamodb(session: boto3.Session) -> Iterator[Any]:
    with closing(direct_dynamodb(session)) as client:
        yield client


@pytest.fixture
def s3(session: boto3.Session) -> Iterator[Any]:
    with closing(direct_s3(session)) as client:
        yield client


def test_items_come_back_as_boto3_has_them(service: Any, dynamodb: Any) -> None:
    service.answers += [(200, FOUND), (200, FOUND)]
    answer = dynamodb.batch_get_item(RequestItems=KEYS)
    assert answer == {"Responses": {"t": [ITEM]}, "UnprocessedKeys": {}}
    again = dynamodb._client.batch_get_item(RequestItems=KEYS)
    assert {name: again[name] for name in answer} == answer
    ours, boto3s = service.asked
    assert (ours.is_boto3, boto3s.is_boto3) == (False, True)
    assert json.loads(ours.body) == json.loads(boto3s.body)
    for name in ("X-Amz-Target", "Content-Type", "Host", "X-Amz-Security-Token"):
        assert ours.headers[name] == boto3s.headers[name]


def test_statements_go_out_as_boto3_sends_them(service: Any, dynamodb: Any) -> None:
    error = {"Code": "ConditionalCheckFailed", "Message": "no", "Item": AS_JSON}
    service.answers += [(200, {"Responses": [{"TableName": "t"}, {"Error": error}]})] * 2
    statements = [insert("t", ITEM), insert("t", ITEM)]
    written, refused = StatementWriter(dynamodb).execute(statements)
    assert written.applied
    assert (refused.applied, refused.exists, refused.item) == (False, True, ITEM)
    StatementWriter(dynamodb._client).execute(statements)
    ours, boto3s = (json.loads(one.body) for one in service.asked)
    assert ours == boto3s


def test_a_query_goes_on_page_after_page(service: Any, dynamodb: Any) -> None:
    last = {"id": {"S": "s"}}
    pages = [{"Items": [AS_JSON], "LastEvaluatedKey": last}, {"Items": []}]
    service.answers += [(200, {**page, "Count": 0, "ScannedCount": 0}) for page in pages * 2]
    query: dict[str, Any] = {"TableName": "t", "KeyConditionExpression": "id = :id"}
    query["ExpressionAttributeValues"] = {":id": {"S": "s"}}
    for client in (dynamodb, dynamodb._client):
        assert list(query_items(client, **query)) == [ITEM]
    assert [one.is_boto3 for one in service.asked] == [False, False, True, True]
    asked = [json.loads(one.body) for one in service.asked]
    assert asked[:2] == asked[2:]
    assert [one.get("ExclusiveStartKey") for one in asked[:2]] == [None, last]


def test_an_object_is_put_as_boto3_puts_it(service: Any, s3: Any) -> None:
    service.answers += [(200, {})] * 2
    for client in (s3, s3._client):
        client.put_object(Bucket="lake", Key="raw/datehour=2026/a b~ü.parquet", Body=b"\x00\xff")
    ours, boto3s = service.asked
    assert (ours.is_boto3, boto3s.is_boto3) == (False, True)
    assert (ours.command, ours.path, ours.body) == (boto3s.command, boto3s.path, boto3s.body)
    names = {name.lower() for name in boto3s.headers} - BOTO3S_OWN - OF_THE_MOMENT
    assert {"x-amz-checksum-crc32", "x-amz-content-sha256"} < names
    assert {name: ours.headers[name] for name in names} == {n: boto3s.headers[n] for n in names}


@pytest.mark.parametrize("bucket", ["lake", "lake.example.com"])
def test_a_bucket_is_where_boto3_finds_it(monkeypatch: pytest.MonkeyPatch, bucket: str) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = boto3.Session("id", "secret", None, "eu-west-1").client("s3")
    addresses: list[str] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        addresses.append(str(request.url))
        nothing = HTTPResponse(io.BytesIO(), preload_content=False)
        return AWSResponse(str(request.url), 200, {}, nothing)

    client.meta.events.register("before-send.s3.PutObject", answer)
    client.put_object(Bucket=bucket, Key="k", Body=b"")
    url, folder = _place_of(client.meta.endpoint_url, bucket)
    assert [f"{url}{folder}/k"] == addresses
    client.close()


@pytest.mark.parametrize("call", ["dynamodb", "s3"])
def test_the_signature_is_that_of_what_is_sent(
    service: Any, dynamodb: Any, s3: Any, call: str
) -> None:
    """Else every call would be made twice."""
    service.answers += [(200, FOUND)]
    if call == "s3":
        s3.put_object(Bucket="lake", Key="a=b/c d", Body=b"x")
    else:
        dynamodb.batch_get_item(RequestItems=KEYS)
    [asked] = service.asked
    given = asked.headers["Authorization"]
    names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "x-amz-date", "x-amz-security-token"} < set(names)
    headers = {name: asked.headers[name] for name in names}
    request = AWSRequest(asked.command, service.url + asked.path, headers=headers, data=asked.body)
    request.context["timestamp"] = asked.headers["X-Amz-Date"]
    scheme = S3SigV4Auth if call == "s3" else SigV4Auth
    auth = scheme(Credentials("id", "secret", "token"), call, "eu-west-1")
    text = auth.string_to_sign(request, auth.canonical_request(request))
    assert given.endswith(f"Signature={auth.signature(text, request)}")
    sent = datetime.strptime(asked.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - sent).total_seconds()) < 60


def test_the_connection_stays_open(service: Any, dynamodb: Any) -> None:
    service.answers += [(200, FOUND)] * 3
    for _ in range(3):
        dynamodb.batch_get_item(RequestItems=KEYS)
    assert len({one.client_address for one in service.asked}) == 1


def test_a_refused_call_is_boto3s(
    service: Any, dynamodb: Any, s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Its retries and its exceptions are what the callers know. Calls made twice can be seen."""
    service.answers += [(400, BUSY), (400, BUSY), (403, {}), (403, {})]
    with pytest.raises(ClientError, match="ValidationException"):
        dynamodb.batch_get_item(RequestItems=KEYS)
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket="lake", Key="k", Body=b"")
    assert [one.is_boto3 for one in service.asked] == [False, True] * 2
    assert "BatchGetItem is left to boto3: 400" in caplog.text
    assert "PutObject is left to boto3: 403" in caplog.text


def test_an_answer_that_cannot_be_read_is_boto3s(service: Any, dynamodb: Any) -> None:
    service.answers += [(200, {"Responses": "?"}), (200, FOUND)]
    assert dynamodb.batch_get_item(RequestItems=KEYS)["Responses"] == {"t": [ITEM]}
    assert [one.is_boto3 for one in service.asked] == [False, True]


def test_a_connection_that_ended_is_opened_anew(service: Any, dynamodb: Any) -> None:
    """A function sleeps between batches, and the service does not wait for it."""
    service.answers += [(200, FOUND)] * 2
    service.hangs_up = True
    for _ in range(2):
        assert dynamodb.batch_get_item(RequestItems=KEYS)["Responses"] == {"t": [ITEM]}
        [line] = dynamodb._lines.values()
        [connection] = line._idle
        assert wait_for_read(connection.sock, timeout=10)  # its end is on its way
    assert [one.is_boto3 for one in service.asked] == [False, False]


def test_a_connection_that_breaks_costs_one_call_of_boto3(service: Any, dynamodb: Any) -> None:
    service.answers += [(200, FOUND), None, (200, FOUND), (200, FOUND)]
    for _ in range(3):
        assert dynamodb.batch_get_item(RequestItems=KEYS)["Responses"] == {"t": [ITEM]}
    assert [one.is_boto3 for one in service.asked] == [False, False, True, False]


def test_all_other_calls_are_boto3s(service: Any, dynamodb: Any) -> None:
    service.answers += [(200, {"Item": AS_JSON})]
    assert dynamodb.get_item(TableName="t", Key={"id": {"S": "s"}})["Item"] == ITEM
    assert [one.is_boto3 for one in service.asked] == [True]


def test_the_service_must_prove_who_it_is() -> None:
    connection = _connector("https://dynamodb.eu-west-1.amazonaws.com")()
    assert isinstance(connection, HTTPSConnection)
    assert (connection.host, connection.port) == ("dynamodb.eu-west-1.amazonaws.com", 443)
    tls = connection._context  # type: ignore[attr-defined]
    assert tls.check_hostname
    assert tls.verify_mode is ssl.CERT_REQUIRED
    assert tls.get_ca_certs()
