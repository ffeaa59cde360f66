"""DynamoDB in memory, as far as the functions use it, with faults on demand."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

KEYS = {
    "page-metrics": ("page_url", "timestamp_hour"),
    "counters": ("metric_name", "time_window"),
    "session-metrics": ("session_id",),
    "alerts": ("alert_id",),
    "detector-log": ("shard_id", "after"),
    "aggregator-log": ("shard_id", "position"),
}


class CrashError(Exception):
    """The process died at this call."""


class OneByOne:
    """A pool that runs calls in order in this thread, so that a crash falls between two of them."""

    @staticmethod
    def submit(call: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(call(*arguments))  # a crash ends the process here
        return done

    def shutdown(self) -> None:
        """Nothing to end."""


class FakeDynamoDB:
    """Tables as dictionaries.

    `writes_left` counts down with each write; at zero the write does not happen and the process
    dies. None means that it lives on.
    """

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
        self.writes_left: int | None = None
        self.writes = 0

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        found = {
            table: [
                self.tables[table][_key(key)]
                for key in request["Keys"]
                if _key(key) in self.tables.get(table, {})
            ]
            for table, request in RequestItems.items()
        }
        return {"Responses": found, "UnprocessedKeys": {}}

    def get_paginator(self, operation: str) -> "_Query":
        assert operation == "query"
        return _Query(self)

    def query(self, **call: Any) -> dict[str, Any]:
        """A page of one partition, from a range key on; two items a page."""
        values = list(call["ExpressionAttributeValues"].values())
        partition, after = values[0]["S"], values[1]["S"] if len(values) > 1 else ""
        found = {
            key: item
            for key, item in sorted(self.tables.get(call["TableName"], {}).items())
            if key[0] == partition and key[1] >= after
        }
        keys = list(found) if call["ScanIndexForward"] else list(found)[::-1]
        start = call.get("ExclusiveStartKey")
        first = 0 if start is None else keys.index(_key(start)) + 1
        page = {"Items": [found[key] for key in keys[first : first + 2]]}
        if first + 2 >= len(keys):
            return page
        names = KEYS[call["TableName"].partition("-")[2]]
        return {**page, "LastEvaluatedKey": {n: page["Items"][-1][n] for n in names}}

    def batch_execute_statement(self, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Each statement on its own, as DynamoDB does; a crash leaves those before it applied."""
        return {"Responses": [self._statement(one) for one in Statements]}

    def _statement(self, statement: dict[str, Any]) -> dict[str, Any]:
        text, values = statement["Statement"], list(statement["Parameters"])
        table = self.tables.setdefault(text.split('"')[1], {})
        self._spend_a_write()
        if text.startswith("INSERT"):
            item = dict(zip(re.findall(r"'(\w+)': \?", text), values, strict=True))
            names = KEYS[text.split('"')[1].partition("-")[2]]
            key = tuple(item[name]["S"] for name in names)
            if key in table:
                return {"Error": {"Code": "DuplicateItem"}}
            table[key] = item
        else:
            before, where = text.split(" WHERE ")
            sets = re.findall(r'SET "(\w+)" = ("\w+" \+ )?\?', before)
            conditions = re.findall(r'"(\w+)" (<|>=|=) \?', where)
            changes, found = values[: len(sets)], values[len(sets) :]
            key = tuple(value["S"] for value in found[:-1])
            old = table.get(key)
            if old is None:
                return {"Error": {"Code": "ConditionalCheckFailed"}}
            (name, operator), value = conditions[-1], found[-1]["S"]
            present = old[name]["S"]
            holds = {"<": present < value, ">=": present >= value, "=": present == value}
            if not holds[operator]:
                return {"Error": {"Code": "ConditionalCheckFailed", "Item": old}}
            for (attribute, is_addition), change in zip(sets, changes, strict=True):
                if is_addition:
                    total = int(old[attribute]["N"]) + int(change["N"])
                    table[key] = old = {**old, attribute: {"N": str(total)}}
                else:
                    table[key] = old = {**old, attribute: change}
        self.writes += 1
        return {"TableName": "any"}

    def _spend_a_write(self) -> None:
        if self.writes_left is not None:
            if self.writes_left == 0:
                raise CrashError
            self.writes_left -= 1


class _Query:
    """A query page after page, as boto3 has it."""

    def __init__(self, dynamodb: FakeDynamoDB) -> None:
        self._dynamodb = dynamodb

    def paginate(self, **call: Any) -> Iterator[dict[str, Any]]:
        page = self._dynamodb.query(**call)
        yield page
        while "LastEvaluatedKey" in page:
            page = self._dynamodb.query(**call, ExclusiveStartKey=page["LastEvaluatedKey"])
            yield page


def _key(key: dict[str, Any]) -> tuple[str, ...]:
    return tuple(value["S"] for value in key.values())
