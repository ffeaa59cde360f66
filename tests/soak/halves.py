"""Calls of many entries that are half done.

Belongs here: cutting a call into what is forwarded and what is refused, and putting the answer
together, for each of AWS' calls in JSON that may refuse some of its entries. Pure; HTTP belongs in
`lossy`, SNS, which speaks another protocol, in `half_publish`.
"""

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

# Source: Amazon DynamoDB API Reference, BatchStatementError.
_REFUSALS = ("ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded")
_UNSURE = "InternalServerError"  # the statement may have been executed
_UNSURE_SHARE = 0.3

Json = dict[str, Any]


class Half(NamedTuple):
    """A call of which some entries are refused.

    Attributes:
        body: What is forwarded; None when every entry is refused.
        whole: Puts the answer to that (nothing for None) together with the refusals.
        refused: How many entries the caller is told were not done.
    """

    body: bytes | None
    whole: Callable[[bytes], bytes]
    refused: int


def statements(call: Json, odds: float, rnd: random.Random) -> Half:
    """BatchExecuteStatement: some statements are throttled, and some are executed but say not."""
    sent: list[Json] = call["Statements"]
    refused: dict[int, str] = {}
    dropped: set[int] = set()
    for index in range(len(sent)):
        if rnd.random() >= odds:
            continue
        if rnd.random() < _UNSURE_SHARE:
            refused[index] = _UNSURE
        else:
            refused[index] = rnd.choice(_REFUSALS)
            dropped.add(index)
    kept = [statement for index, statement in enumerate(sent) if index not in dropped]

    def whole(answer: Json) -> Json:
        answers = iter(answer.get("Responses", []))
        responses = []
        for index in range(len(sent)):
            found = {} if index in dropped else next(answers)
            code = refused.get(index)
            responses.append({"Error": {"Code": code, "Message": "soak"}} if code else found)
        return {**answer, "Responses": responses}

    return _in_json({**call, "Statements": kept} if kept else None, whole, len(refused))


def items(call: Json, odds: float, rnd: random.Random) -> Half:
    """BatchGetItem: some keys are not read and come back as unprocessed."""
    kept: Json = {}
    left: Json = {}
    for table, wanted in call["RequestItems"].items():
        drawn = [(key, rnd.random() < odds) for key in wanted["Keys"]]
        for half, is_left in ((kept, False), (left, True)):
            if keys := [key for key, refused in drawn if refused is is_left]:
                half[table] = {**wanted, "Keys": keys}

    def whole(answer: Json) -> Json:
        responses = answer.get("Responses", {})
        return {**answer, "Responses": responses, "UnprocessedKeys": left}

    count = sum(len(wanted["Keys"]) for wanted in left.values())
    return _in_json({**call, "RequestItems": kept} if kept else None, whole, count)


def records(call: Json, odds: float, rnd: random.Random) -> Half:
    """PutRecords: some records are refused."""
    sent: list[Json] = call["Records"]
    dropped = {index for index in range(len(sent)) if rnd.random() < odds}
    kept = [record for index, record in enumerate(sent) if index not in dropped]
    refusal = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "soak"}

    def whole(answer: Json) -> Json:
        answers = iter(answer.get("Records", []))
        found = [refusal if i in dropped else next(answers) for i in range(len(sent))]
        return {**answer, "Records": found, "FailedRecordCount": len(dropped)}

    return _in_json({**call, "Records": kept} if kept else None, whole, len(dropped))


HALVES: dict[str, Callable[[Json, float, random.Random], Half]] = {
    "BatchExecuteStatement": statements,
    "BatchGetItem": items,
    "PutRecords": records,
}


def halve(operation: str, body: bytes, odds: float, rnd: random.Random) -> Half | None:
    """A call cut in two; None when it is none of these, or nothing of it is refused."""
    cut = HALVES.get(operation)
    if cut is None or odds <= 0:
        return None
    half = cut(json.loads(body), odds, rnd)
    return half if half.refused else None


def _in_json(body: Json | None, whole: Callable[[Json], Json], refused: int) -> Half:
    return Half(
        None if body is None else json.dumps(body).encode(),
        lambda answer: json.dumps(whole(json.loads(answer or b"{}"))).encode(),
        refused,
    )
