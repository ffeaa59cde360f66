"""Many items of a DynamoDB table in few calls.

Belongs here: reading by key and by query. Conditional writes belong in `statements`.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_READ_KEYS = 100
_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0


def read_items(
    dynamodb: "DynamoDBClient", table: str, keys: list[dict[str, Any]], *, consistent: bool = True
) -> Iterator[dict[str, Any]]:
    """The items of some keys, in no particular order; those that do not exist are left out.

    Args:
        dynamodb: The client.
        table: The table's name.
        keys: Whole keys, each once.
        consistent: Whether every write before must be seen, at twice the read units.

    Raises:
        botocore.exceptions.ClientError: If a call fails.
    """
    for start in range(0, len(keys), _READ_KEYS):
        wanted = {"Keys": keys[start : start + _READ_KEYS], "ConsistentRead": consistent}
        request: Any = {table: wanted}
        pause_s = _PAUSE_S
        while request:
            answer = dynamodb.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(table, [])
            request = answer.get("UnprocessedKeys")
            if request:  # throttled; the function's timeout ends it
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def query_items(dynamodb: "DynamoDBClient", **request: Any) -> Iterator[dict[str, Any]]:
    """The items a query finds, in its order; each page is asked for when it is needed.

    Args:
        dynamodb: The client.
        request: The query in the words of DynamoDB.

    Raises:
        botocore.exceptions.ClientError: If a call fails.
    """
    while True:
        page = dynamodb.query(**request)
        yield from page["Items"]
        if (last := page.get("LastEvaluatedKey")) is None:
            return
        request["ExclusiveStartKey"] = last
