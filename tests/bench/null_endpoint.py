"""An AWS that does nothing, quickly, and counts what it was asked.

Belongs here: plausible answers to the calls of our functions and of the documents' code, the same
for both. It keeps no state: every session is new and every condition holds. What is counted belongs
in `metering`.

`GET /__counts` answers the counts as JSON, `POST /__reset` starts them anew.
"""

import argparse
import asyncio
import re
from typing import Any
from urllib.parse import parse_qs

import msgspec

from tests.bench.metering import Counts, item_size, size_of, table_and_names

_SERVICE = re.compile(rb"credential=[^/]*/\d+/[^/]+/([^/]+)/", re.IGNORECASE)
_XML = (
    '<{0}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><{0}Result>{1}</{0}Result>'
    "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{0}Response>"
)
_CBOR_EMPTY_MAP = b"\xa0"
_JSON_TYPE = "application/x-amz-json-1.0"
_KINESIS_TYPE = "application/x-amz-json-1.1"


class Answer(msgspec.Struct):
    """An HTTP answer."""

    body: bytes = b""
    content_type: str = _JSON_TYPE
    headers: str = ""


def answer_dynamodb(operation: str, body: bytes, counts: Counts) -> bytes:
    """Answers one DynamoDB call and counts the items it would write or read."""
    asked = msgspec.json.decode(body)
    if operation == "BatchExecuteStatement":
        answers = [_answer_statement(statement, counts) for statement in asked["Statements"]]
        return msgspec.json.encode({"Responses": answers})
    if operation == "BatchGetItem":
        for table, request in asked["RequestItems"].items():
            counts.read[table] += len(request["Keys"])
        found: dict[str, list[object]] = {table: [] for table in asked["RequestItems"]}
        return msgspec.json.encode({"Responses": found, "UnprocessedKeys": {}})
    if operation in {"GetItem", "Query", "Scan"}:
        counts.read[asked["TableName"]] += 1
        return b"{}" if operation == "GetItem" else b'{"Items":[],"Count":0,"ScannedCount":0}'
    if operation == "TransactWriteItems":
        writes = [write for entry in asked["TransactItems"] for write in entry.values()]
        for write in (*writes, *writes):  # a transaction costs two units an item
            _count_write(write, counts)
    elif operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        _count_write(asked, counts)
    else:
        raise ValueError(f"the null endpoint does not know {operation}: add it, or figures lie")
    return b"{}"


def _answer_statement(statement: dict[str, Any], counts: Counts) -> dict[str, Any]:
    table, names, writes = table_and_names(statement["Statement"])
    if writes:
        counts.wrote(table, names + sum(map(size_of, statement.get("Parameters", []))))
    else:
        counts.read[table] += 1
    return {"TableName": table}


def _count_write(write: dict[str, Any], counts: Counts) -> None:
    parts = ("Item", "Key", "ExpressionAttributeValues")
    counts.wrote(write["TableName"], sum(item_size(write.get(part) or {}) for part in parts))


def answer_kinesis(operation: str, body: bytes) -> Answer:
    """Answers ListShards, a shard has no parents, and PutRecords, which takes every record.

    Raises:
        ValueError: If it is another call.
    """
    if operation == "ListShards":
        return Answer(b'{"Shards":[]}', _KINESIS_TYPE)
    if operation == "PutRecords":
        taken = [
            {"ShardId": "s", "SequenceNumber": "1"} for _ in msgspec.json.decode(body)["Records"]
        ]
        return Answer(msgspec.json.encode({"Records": taken}), _KINESIS_TYPE)
    raise ValueError(f"the null endpoint does not know {operation}: add it, or figures lie")


def answer_sns(action: str, form: dict[str, list[str]]) -> Answer:
    """Answers Publish and PublishBatch."""
    if action == "PublishBatch":
        ids = [value[0] for name, value in form.items() if name.endswith(".Id")]
        entries = "".join(f"<member><Id>{id_}</Id><MessageId>m</MessageId></member>" for id_ in ids)
        result = f"<Successful>{entries}</Successful><Failed/>"
    else:
        result = "<MessageId>m</MessageId>"
    return Answer(_XML.format(action, result).encode(), "text/xml")


class Endpoint(asyncio.Protocol):
    """One connection: HTTP/1.1 with keep-alive, as AWS clients speak it."""

    def __init__(self, counts: list[Counts]) -> None:
        self._counts = counts  # one element, shared by all connections and replaced by a reset
        self._buffer = b""
        self._continued = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, rest = self._buffer[:end], self._buffer[end + 4 :]
            headers = _headers_of(head)
            if b"expect" in headers and not self._continued:
                self._continued = True
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body, left = _body_of(headers, rest)
            if body is None:
                return
            self._buffer, self._continued = left, False
            self._answer(head, headers, body)

    def _answer(self, head: bytes, headers: dict[bytes, bytes], body: bytes) -> None:
        method, path = (part.decode() for part in head.split(b" ", 2)[:2])
        if path == "/__counts":
            answer = Answer(msgspec.json.encode(self._counts[0].as_json()))
        elif path == "/__reset":
            self._counts[0] = Counts()
            answer = Answer(b"ok")
        else:
            answer = answer_call(method, path, headers, body, self._counts[0])
        self._transport.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: {answer.content_type}\r\n"
            f"content-length: {len(answer.body)}\r\nx-amzn-requestid: r\r\n"
            f"{answer.headers}\r\n".encode()
            + answer.body
        )


def answer_call(
    method: str, path: str, headers: dict[bytes, bytes], body: bytes, counts: Counts
) -> Answer:
    """Answers one AWS call and counts it."""
    scope = _SERVICE.search(headers.get(b"authorization", b""))
    service = scope[1].decode() if scope else "unsigned"
    operation = headers.get(b"x-amz-target", b"").decode().rpartition(".")[2]
    counts.bytes_in += len(body)
    answer = Answer(b"{}")
    if service == "dynamodb":
        answer = Answer(answer_dynamodb(operation, body, counts))
    elif service == "kinesis":
        answer = answer_kinesis(operation, body)
    elif service == "s3":
        operation = "PutObject" if method == "PUT" else method
        counts.keys[path] += 1
        counts.put_bytes += len(body)
        answer = Answer(b"", "application/xml", 'etag: "d41d8cd98f00b204e9800998ecf8427e"\r\n')
    elif b"rpc-v2-cbor" in headers.get(b"smithy-protocol", b""):
        operation = path.rpartition("/")[2]
        answer = Answer(_CBOR_EMPTY_MAP, "application/cbor", "smithy-protocol: rpc-v2-cbor\r\n")
    elif not operation:
        form = parse_qs(body.decode())
        operation = form.get("Action", [method])[0]
        answer = answer_sns(operation, form)
    counts.calls[f"{service}:{operation}"] += 1
    return answer


def _headers_of(head: bytes) -> dict[bytes, bytes]:
    lines = head.split(b"\r\n")[1:]
    pairs = (line.partition(b":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _body_of(headers: dict[bytes, bytes], rest: bytes) -> tuple[bytes | None, bytes]:
    """The body and what follows it; None while it is not all there."""
    if b"chunked" not in headers.get(b"transfer-encoding", b""):
        length = int(headers.get(b"content-length", b"0"))
        return (rest[:length], rest[length:]) if len(rest) >= length else (None, rest)
    body = b""
    while (end := rest.find(b"\r\n")) >= 0:
        size = int(rest[:end].partition(b";")[0], 16)
        if len(rest) < end + 4 + size:
            break
        body, rest = body + rest[end + 2 : end + 2 + size], rest[end + 4 + size :]
        if size == 0:
            return body, rest
    return None, rest


async def serve(port: int) -> None:
    """Serves until killed; prints the port it listens on."""
    counts = [Counts()]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Endpoint(counts), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - read by whoever started it
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args().port))
