"""The calls that every batch makes, without most of boto3's work.

Belongs here: sending them, signed, over connections that stay open, and reading DynamoDB's good
answers. Any other answer, and none at all, is left to boto3, which asks once more with its retries
and raises its own exceptions. So a write may be sent twice; boto3's retries do that as well, and
the fences and the keys stand it. What to ask belongs in `statements`, `items` and the functions'
stores.

A call of 25 statements costs boto3 2 ms of CPU: it walks over its model of the service for every
value, resolves the endpoint anew, describes itself in a header, and sends through layers made for
any request. That was nine tenths of a batch. Signed by the same code of botocore and sent by the
standard library, the call costs a sixth. See docs/adr/0006.
"""

import logging
import ssl
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, TypeVar, cast
from urllib.parse import urlsplit

import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import get_cert_path
from urllib3.util import wait_for_read

from lambdas.shared.environment import read_environment
from lambdas.shared.runtime import CLIENT

if TYPE_CHECKING:
    import boto3
    from botocore.client import BaseClient
    from botocore.credentials import Credentials
    from mypy_boto3_dynamodb import DynamoDBClient

TIMEOUT_S = 5  # a call takes some 10 ms; after that boto3 may try
_PROTOCOL = "application/x-amz-json-1.0"
_TARGET = "DynamoDB_20120810"


class Value(TypedDict, total=False):
    """An attribute's value by its type: bytes are base64 in JSON, and nothing else tells them."""

    S: str
    N: str
    B: bytes
    BOOL: bool
    NULL: bool
    L: list["Value"]
    M: dict[str, "Value"]
    SS: list[str]
    NS: list[str]
    BS: list[bytes]


class _Error(TypedDict, total=False):
    Code: str
    Message: str
    Item: dict[str, Value]


class _Executed(TypedDict, total=False):
    Error: _Error


class _StatementsAnswer(TypedDict):
    Responses: list[_Executed]


class _ItemsAnswer(TypedDict):
    Responses: dict[str, list[dict[str, Value]]]
    UnprocessedKeys: dict[str, Any]


class _QueryAnswer(TypedDict):
    Items: list[dict[str, Value]]
    LastEvaluatedKey: NotRequired[dict[str, Value]]


class _Way(msgspec.Struct):
    """What the environment says about the way to AWS."""

    https_proxy: str | None = None
    aws_ca_bundle: str | None = None


_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()
_statements_answer = msgspec.json.Decoder(_StatementsAnswer)
_items_answer = msgspec.json.Decoder(_ItemsAnswer)
_query_answer = msgspec.json.Decoder(_QueryAnswer)


def direct_dynamodb(session: "boto3.Session") -> "DynamoDBClient":
    """A client of DynamoDB that makes its batch calls and queries itself, and no others."""
    client: DynamoDBClient = session.client("dynamodb", config=CLIENT)
    credentials = session.get_credentials()
    if credentials is None or needs_boto3(client.meta.endpoint_url):
        return client  # without credentials every call will say so
    return cast("DynamoDBClient", _DirectDynamoDB(client, credentials))


def needs_boto3(endpoint: str) -> bool:
    """Whether the way to a service leads through a proxy, which only boto3 knows how to use."""
    return endpoint.startswith("https") and read_environment(_Way).https_proxy is not None


class Direct:
    """Stands before a client of boto3 and answers for it where it can.

    Attributes:
        auth: How the service wants its requests signed.
        service: The service's name in signatures.
    """

    auth: type[SigV4Auth]
    service: str

    def __init__(self, client: "BaseClient", credentials: "Credentials") -> None:
        self._client: Any = client
        self._credentials = credentials
        self._lines: dict[str, _Line] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def close(self) -> None:
        """Closes the connections, boto3's too."""
        for line in self._lines.values():
            line.close()
        self._client.close()

    def send(
        self, operation: str, method: str, url: str, path: str, headers: dict[str, str], body: bytes
    ) -> bytes | None:
        """Signs and sends a request; returns what a good answer holds, None for all others.

        Args:
            operation: What is asked, for the log.
            method: HTTP's.
            url: Scheme and host.
            path: The quoted path there.
            headers: Those the operation needs.
            body: The body.
        """
        request = AWSRequest(method, f"{url}{path}", headers=headers, data=body)
        credentials = self._credentials.get_frozen_credentials()
        self.auth(credentials, self.service, self._client.meta.region_name).add_auth(request)
        if url not in self._lines:
            self._lines.setdefault(url, _Line(url))  # another thread may have been faster
        try:
            status, answer = self._lines[url].ask(method, path, dict(request.headers.items()), body)
        except (OSError, HTTPException) as error:
            _log.warning("%s is left to boto3: %r", operation, error)
            return None
        if status == HTTPStatus.OK:
            return answer
        _log.warning("%s is left to boto3: %s %.500r", operation, status, answer)
        return None


class _DirectDynamoDB(Direct):
    """DynamoDB's batch calls and queries."""

    auth, service = SigV4Auth, "dynamodb"

    def batch_execute_statement(self, **request: Any) -> Any:
        """As boto3's."""
        answer = self._ask("BatchExecuteStatement", request, _statements_answer)
        return self._client.batch_execute_statement(**request) if answer is None else answer

    def batch_get_item(self, **request: Any) -> Any:
        """As boto3's."""
        answer = self._ask("BatchGetItem", request, _items_answer)
        return self._client.batch_get_item(**request) if answer is None else answer

    def query(self, **request: Any) -> Any:
        """As boto3's, without the counts."""
        answer = self._ask("Query", request, _query_answer)
        return self._client.query(**request) if answer is None else answer

    def _ask(
        self, operation: str, asked: Any, decoder: "msgspec.json.Decoder[_Answer]"
    ) -> _Answer | None:
        """The answer to a call; None unless it is a good one."""
        url = self._client.meta.endpoint_url
        headers = {"Content-Type": _PROTOCOL, "X-Amz-Target": f"{_TARGET}.{operation}"}
        answer = self.send(operation, "POST", url, "/", headers, _encoder.encode(asked))
        try:
            return None if answer is None else decoder.decode(answer)
        except msgspec.DecodeError as error:
            _log.warning("%s is left to boto3: %r", operation, error)
            return None


class _Line:
    """Connections to one host; each serves one thread at a time."""

    def __init__(self, url: str) -> None:
        self._connect = _connector(url)
        self._idle: list[HTTPConnection] = []  # its pop and append are atomic

    def close(self) -> None:
        """Closes the connections."""
        while self._idle:
            self._idle.pop().close()

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Sends a request; returns the status and the answer.

        Raises:
            OSError: If there is no answer.
            HTTPException: If it is not to be understood.
        """
        connection = self._connection()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, HTTPException):
            connection.close()
            raise
        self._idle.append(connection)
        return response.status, answer

    def _connection(self) -> HTTPConnection:
        """One that nobody uses; it opens anew if the service has hung up meanwhile.

        A function sleeps between batches, and no service waits for it.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._connect()
        if connection.sock is not None and wait_for_read(connection.sock, timeout=0):
            connection.close()  # nothing was asked: what can be read is the end
        return connection


def _connector(url: str) -> Callable[[], HTTPConnection]:
    """What makes connections to a service; each opens when it is first used."""
    parts = urlsplit(url)
    if parts.scheme == "http":  # an emulator
        return partial(HTTPConnection, parts.netloc, timeout=TIMEOUT_S)
    tls = ssl.create_default_context(
        cafile=read_environment(_Way).aws_ca_bundle or get_cert_path(True)
    )
    return partial(HTTPSConnection, parts.netloc, timeout=TIMEOUT_S, context=tls)
