"""Many independent conditional writes to DynamoDB in few calls.

Belongs here: PartiQL statements, their batches and what became of each. Which items to write, and
under which condition, belongs to the function. A batch of statements costs one call for 25 items
and one write unit an item, as single updates do and transactions do not; a statement that is
refused does not touch its neighbours. See docs/adr/0006.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_STATEMENTS = 25
ATTEMPTS = 6
BACKOFF_S = 0.05
_WRITERS = 4
_REFUSED = "ConditionalCheckFailed"
_DUPLICATE = "DuplicateItem"
_TRANSIENT = frozenset(
    {
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "InternalServerError",
        "TransactionConflict",
    }
)

Item = Mapping[str, Mapping[str, Any]]


class StatementError(RuntimeError):
    """DynamoDB did not execute a statement; the batch of events must be delivered again."""


class Statement(NamedTuple):
    """One write of one item: PartiQL with its parameters."""

    text: str
    parameters: list[Mapping[str, Any]]


class Outcome(NamedTuple):
    """What became of a statement.

    Attributes:
        applied: Whether the item was written.
        exists: For a statement that was not applied: whether the item is there.
        item: The item that refused, when it is there and an update was refused.
    """

    applied: bool
    exists: bool = True
    item: Item | None = None


def insert(table: str, item: Item) -> Statement:
    """Writes an item that must not exist yet."""
    fields = ", ".join(f"'{name}': ?" for name in item)
    return Statement(f'INSERT INTO "{table}" VALUE {{{fields}}}', list(item.values()))


def update(
    table: str, key: Item, changes: Item, add: Item, condition: tuple[str, Any]
) -> Statement:
    """Changes an item that must exist and fulfil a condition.

    Args:
        table: The table.
        key: The item's whole key.
        changes: Attributes to set.
        add: Numbers to add to attributes that are there.
        condition: Such as `("fence <", {"S": "5"})`.
    """
    sets = [f'SET "{name}" = ?' for name in changes]
    adds = [f'SET "{name}" = "{name}" + ?' for name in add]
    where = [f'"{name}" = ?' for name in key]
    attribute, operator = condition[0].split()
    text = (
        f'UPDATE "{table}" {" ".join([*adds, *sets])} '
        f'WHERE {" AND ".join(where)} AND "{attribute}" {operator} ?'
    )
    return Statement(text, [*add.values(), *changes.values(), *key.values(), condition[1]])


class StatementWriter:
    """Executes statements, many to a call and several calls at a time."""

    def __init__(
        self, dynamodb: "DynamoDBClient", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._dynamodb = dynamodb
        self._sleep = sleep
        self._pool = ThreadPoolExecutor(_WRITERS)

    def execute(self, statements: list[Statement]) -> list[Outcome]:
        """Executes statements, each on its own, in no particular order.

        Returns:
            What became of each, in their order.

        Raises:
            StatementError: If one can not be executed, or is throttled to the end. Others may have
                been applied.
            botocore.exceptions.ClientError: If a whole call fails.
        """
        starts = range(0, len(statements), MAX_STATEMENTS)
        chunks = [statements[start : start + MAX_STATEMENTS] for start in starts]
        calls = [self._pool.submit(self._chunk, chunk) for chunk in chunks]
        wait(calls)  # nothing is written any more once this raises: a redrive relies on that
        return [outcome for call in calls for outcome in call.result()]

    def _chunk(self, statements: list[Statement]) -> list[Outcome]:
        """At most 25 statements, the throttled ones again after a growing pause."""
        outcomes: dict[int, Outcome] = {}
        waiting = list(range(len(statements)))
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(BACKOFF_S * 2**attempt)
            answers = self._call([statements[index] for index in waiting])
            for index, answer in zip(waiting, answers, strict=True):
                if (outcome := _outcome(answer)) is not None:
                    outcomes[index] = outcome
            waiting = [index for index in waiting if index not in outcomes]
            if not waiting:
                return [outcomes[index] for index in range(len(statements))]
        raise StatementError(f"{len(waiting)} statements were throttled {ATTEMPTS} times")

    def _call(self, statements: list[Statement]) -> list[Any]:
        answer = self._dynamodb.batch_execute_statement(
            Statements=[
                {
                    "Statement": statement.text,
                    "Parameters": statement.parameters,
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
                for statement in statements
            ]
        )
        return list(answer["Responses"])


def _outcome(answer: Mapping[str, Any]) -> Outcome | None:
    """Reads one statement's answer; None when it should be tried again."""
    error = answer.get("Error")
    if error is None:
        return Outcome(True)
    code = error["Code"]
    if code in _TRANSIENT:
        return None
    if code == _DUPLICATE:
        return Outcome(False)
    if code == _REFUSED:
        return Outcome(False, "Item" in error, error.get("Item"))
    raise StatementError(f"{code}: {error.get('Message', '')}")
