"""DynamoDB in memory, as far as the functions use it, with faults on demand."""

import re
from typing import Any

from botocore.exceptions import ClientError

KEYS = {
    "page-metrics": ("page_url", "timestamp_hour"),
    "counters": ("metric_name", "time_window"),
    "session-metrics": ("session_id",),
    "alerts": ("alert_id",),
}


class CrashError(Exception):
    """The process died at this call."""


class ConditionalCheckFailed(ClientError):  # noqa: N818 - boto3's name, shortened
    """What boto3 raises when a condition does not hold."""


class _Exceptions:
    ConditionalCheckFailedException = ConditionalCheckFailed


class FakeDynamoDB:
    """Tables as dictionaries.

    `writes_left` counts down with each write; at zero the write does not happen and the process
    dies. None means that it lives on.
    """

    exceptions = _Exceptions

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

    def put_item(self, **call: Any) -> None:
        name = "alert_id" if "alert_id" in call["Item"] else "session_id"
        self._write(call, {name: call["Item"][name]}, dict(call["Item"]))

    def update_item(self, **call: Any) -> None:
        values, names = call["ExpressionAttributeValues"], call.get("ExpressionAttributeNames", {})
        old = self.tables.get(call["TableName"], {}).get(_key(call["Key"]))
        item = {**(old or call["Key"])}
        adds, _, sets = call["UpdateExpression"].removeprefix("ADD ").rpartition("SET ")
        if adds:
            name, value = adds.split()
            before = int(item.get(names[name], {"N": "0"})["N"])
            item[names[name]] = {"N": str(before + int(values[value]["N"]))}
        for assignment in sets.split(", "):
            name, value = assignment.split(" = ")
            item[names.get(name, name)] = values[value]
        self._write(call, call["Key"], item)

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
            conditions = re.findall(r'"(\w+)" (<|=) \?', where)
            changes, found = values[: len(sets)], values[len(sets) :]
            key = tuple(value["S"] for value in found[:-1])
            old = table.get(key)
            if old is None:
                return {"Error": {"Code": "ConditionalCheckFailed"}}
            (name, operator), value = conditions[-1], found[-1]["S"]
            present = old[name]["S"]
            if not (present < value if operator == "<" else present == value):
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

    def _write(self, call: dict[str, Any], key: dict[str, Any], item: dict[str, Any]) -> None:
        self._spend_a_write()
        table = self.tables.setdefault(call["TableName"], {})
        old = table.get(_key(key))
        if not _holds(call.get("ConditionExpression"), old, call):
            error = {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": old or {}}
            raise ConditionalCheckFailed(error, "Write")  # type: ignore[arg-type]
        table[_key(key)] = item
        self.writes += 1


def _key(key: dict[str, Any]) -> tuple[str, ...]:
    return tuple(value["S"] for value in key.values())


def _holds(condition: str | None, old: dict[str, Any] | None, call: dict[str, Any]) -> bool:
    """The conditions the functions use; any other one is a mistake of the test."""
    values = call.get("ExpressionAttributeValues", {})
    if condition is None:
        return True
    if condition in {"attribute_not_exists(session_id)", "attribute_not_exists(alert_id)"}:
        return old is None
    if condition == "attribute_not_exists(fence) OR fence < :old":
        return old is None or "fence" not in old or old["fence"]["S"] < values[":old"]["S"]
    if condition == "fence = :old":
        return old is not None and bool(old["fence"]["S"] == values[":old"]["S"])
    raise AssertionError(f"unknown condition {condition}")
